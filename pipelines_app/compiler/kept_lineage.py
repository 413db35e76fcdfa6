"""The lineage that a merge and a history add to their query: which rows stay is decided by some columns."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from pipelines_app.compiler.compiled import Edge, EdgeKind
from pipelines_app.compiler.definition import BUILT, Keeping, Materialisation

FILTER, WINDOW = ("FILTER",), ("WINDOW",)


def of(materialise: Materialisation, keeping: Keeping, edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """The edges of a query as those of the dataset that is kept from it."""
    if materialise not in BUILT:
        return tuple(edges)
    aside = {name.lower() for name in (keeping.deleted, keeping.effective) if name}
    kept = [edge for edge in edges if edge.column.lower() not in aside]
    if materialise is Materialisation.MERGE:
        decide = _indirect(edges, {*keeping.key, keeping.deleted}, "", FILTER)
        return _each_once([*kept, *decide])
    decide = _indirect(edges, {*keeping.key, keeping.effective}, "", FILTER)
    times = (keeping.valid_from, keeping.valid_to, keeping.is_current)
    by = {*keeping.key, *keeping.tracked, keeping.effective}
    return _each_once([*kept, *decide, *(edge for name in times for edge in _indirect(edges, by, name, WINDOW))])


def _indirect(edges: Iterable[Edge], columns: Collection[str], to: str, how: tuple[str, ...]) -> list[Edge]:
    """What these columns come from, as what decides over another column, or over all of them."""
    asked = {name.lower() for name in columns if name}
    return [replace(edge, column=to, kind=EdgeKind.INDIRECT, how=how) for edge in edges if edge.column.lower() in asked]


def _each_once(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """One edge for each pair of columns and kind."""
    found = {(edge.from_dataset, edge.from_column, edge.column, edge.kind): edge for edge in reversed([*edges])}
    return tuple(sorted(found.values(), key=lambda edge: (edge.column, edge.kind, edge.from_dataset, edge.from_column)))
