"""Relations that are no table and no query: lists of values, what functions make, arrays, files."""

from sqlglot import exp

from pipelines_app.compiler.columns import frames
from pipelines_app.compiler.columns.expressions import trace, traces
from pipelines_app.compiler.columns.frames import Frame
from pipelines_app.compiler.columns.influence import NOTHING, Trace, transformed
from pipelines_app.compiler.columns.relations import Column, Output, Relation, Wild

_FILES = ("read_", "parquet_scan", "delta_scan", "iceberg_scan", "csv_scan")


def values(node: exp.Expr, frame: Frame) -> Relation:
    """VALUES (1, a), (2, b)."""
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
    width = max((len(row) for row in rows), default=0)
    made = [
        Column(f"col{place}", frozenset().union(*[trace(row[place], frame) for row in rows if place < len(row)]))
        for place in range(width)
    ]
    return Relation(tuple(made))


def function(node: exp.Expr, frame: Frame) -> Relation:
    """A table made by a function: every column comes from all that is given to it."""
    if not isinstance(node, exp.Table):
        inner = node.this if isinstance(node, exp.Lateral) else node
        return _made(_carried(inner, frame), node, inner, frame)
    if isinstance(node.this, exp.Var):
        return frame.walk.table(exp.Table(this=exp.to_identifier(node.this.name)))
    files = _files(node.this)
    if files:
        found = [frame.walk.table(exp.Table(this=exp.to_identifier(file, quoted=True))) for file in files]
        return found[0] if len(found) == 1 else Relation((Wild(frozenset(files)),))
    return _made(transformed(traces([node.this, *(node.args.get("rows_from") or ())], frame)), node, node.this, frame)


def _files(node: exp.Expr) -> list[str]:
    """The files that read_csv('x'), read_parquet(['x', 'y']) and their like read."""
    name = str(node.this) if isinstance(node, exp.Anonymous) else node.key
    if not (name.lower().startswith(_FILES) or isinstance(node, exp.ReadCSV | exp.ReadParquet)):
        return []
    given = node.this if isinstance(node.this, exp.Expr) else (node.expressions or [None])[0]
    return [one.name for one in given.find_all(exp.Literal) if one.is_string] if isinstance(given, exp.Expr) else []


def element(node: exp.Table, frame: Frame) -> Relation:
    """FROM t, t.items: the list in each row of another source."""
    return _made(transformed(frames.column(node.parts, frame)), node, node, frame)


def array(node: exp.Expr, frame: Frame) -> Relation:
    """ARRAY JOIN items AS item: another column of the same rows."""
    carried = transformed(trace(node.unalias(), frame))
    frame.multiplied |= carried
    return Relation((Column(node.alias_or_name, carried),))


def _carried(node: exp.Expr, frame: Frame) -> Trace:
    parts = [value for part, value in node.args.items() if part not in {"alias", "offset", "joins", "pivots"}]
    return transformed(traces(parts, frame))


def _made(carried: Trace, node: exp.Expr, inner: exp.Expr, frame: Frame) -> Relation:
    """A relation of which every column comes from the same; how many rows there are depends on it too."""
    frame.multiplied |= carried
    alias = node.args.get("alias")
    named = list(alias.args.get("columns") or ()) if isinstance(alias, exp.TableAlias) else []
    given = inner.expressions if isinstance(inner, exp.Unnest) else []
    each = [transformed(trace(one, frame)) for one in given] if len(given) == len(named) > 1 else []
    outputs: list[Output] = [Column(name.name, each[place] if each else carried) for place, name in enumerate(named)]
    offset = node.args.get("offset")
    if isinstance(offset, exp.Identifier):
        outputs.append(Column(offset.name, NOTHING))
    if not named:
        own = [Column(alias.name, carried)] if isinstance(alias, exp.TableAlias) and alias.name else []
        outputs += [*own, Wild(frozenset(), carried, frozenset(column.name.lower() for column in own))]
    return Relation(tuple(outputs))
