"""Which columns a step's columns come from: by value (direct), or by what decides over rows and values (indirect)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app.compiler import statements
from pipelines_app.compiler.columns import queries
from pipelines_app.compiler.columns.frames import Frame, Walk
from pipelines_app.compiler.columns.influence import DIRECT, Origin
from pipelines_app.compiler.columns.relations import Column as Output
from pipelines_app.compiler.columns.relations import Relation, known, unknown
from pipelines_app.compiler.compiled import Edge, EdgeKind
from pipelines_app.compiler.definition import Column


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """The edges of a query in a steady order; where something could not be told, why they are not all."""

    edges: tuple[Edge, ...]
    partial: tuple[str, ...] = ()


def trace(
    tree: exp.Query, dataset: str, relations: Mapping[str, Sequence[Column]], dialect: str = statements.DIALECT
) -> Lineage:
    """The lineage of the query that makes a dataset out of others."""
    walk = Walk(dialect, _Tables(relations).relation, queries.relation)
    made = walk.query(tree, Frame(walk))
    found: list[Edge] = []
    for output in made.outputs:
        if isinstance(output, Output):
            found += _edges(output.trace, dataset, output.name)
        else:
            walk.note("the names of some columns cannot be told: what they come from is laid to all")
            found += _edges(output.column("*") or (), dataset, "")
    # What decides over rows bears upon every column alike.
    found += _edges(made.rows, dataset, "")
    edges = sorted(set(found), key=lambda edge: (edge.column, edge.kind, edge.from_dataset, edge.from_column))
    return Lineage(edges=tuple(edges), partial=tuple(walk.notes))


@dataclass(frozen=True)
class _Tables:
    relations: Mapping[str, Sequence[Column]]

    def relation(self, table: exp.Table) -> Relation:
        name = statements.dataset_name(table)
        columns = self.relations.get(name)
        return unknown(name) if columns is None else known(name, [column.name for column in columns])


def _edges(origins: Iterable[Origin], dataset: str, column: str) -> list[Edge]:
    """One edge for each source column and direction; what carries a value is not said to decide over it as well."""
    direct = _grouped(origin for origin in origins if origin.kind in DIRECT and column)
    others = _grouped(origin for origin in origins if origin.kind not in DIRECT or not column)
    made = [_edge(source, group, dataset, column, EdgeKind.DIRECT) for source, group in direct.items()]
    return made + [
        _edge(source, group, dataset, column, EdgeKind.INDIRECT)
        for source, group in others.items()
        if source not in direct
    ]


def _grouped(origins: Iterable[Origin]) -> dict[tuple[str, str], list[Origin]]:
    found: dict[tuple[str, str], list[Origin]] = {}
    for origin in origins:
        # A part of a structure is a part of its column; a whole row is no column.
        column = "" if origin.column == "*" else origin.column.partition(".")[0]
        found.setdefault((origin.table, column), []).append(origin)
    return found


def _edge(source: tuple[str, str], group: Sequence[Origin], dataset: str, column: str, kind: EdgeKind) -> Edge:
    return Edge(
        from_dataset=source[0],
        from_column=source[1],
        dataset=dataset,
        column=column,
        kind=kind,
        how=tuple(sorted({str(origin.kind) for origin in group})),
        masked=all(origin.masked for origin in group),
    )
