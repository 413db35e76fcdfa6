"""PIVOT and UNPIVOT: columns out of values and values out of columns."""

from collections.abc import Iterable

from sqlglot import exp

from pipelines_app.compiler.columns.expressions import trace, traces
from pipelines_app.compiler.columns.frames import Frame, Source
from pipelines_app.compiler.columns.influence import NOTHING, Kind, Trace, aside
from pipelines_app.compiler.columns.relations import Column, Output, Relation, Wild


def pivoted(pivot: exp.Expr, relation: Relation, frame: Frame) -> Relation:
    """What a relation becomes by one PIVOT or UNPIVOT."""
    inner = frame.beside()
    inner.add(Source(("",), relation))
    made = _unpivot(pivot, relation, inner) if pivot.args.get("unpivot") else _pivot(pivot, relation, inner)
    alias = pivot.args.get("alias")
    return made.renamed(alias.args.get("columns") or ()) if isinstance(alias, exp.TableAlias) else made


def _pivot(pivot: exp.Expr, relation: Relation, inner: Frame) -> Relation:
    fields, simple = _fields(pivot), pivot.args.get("using")
    keys = traces([field.this for field in fields] or pivot.expressions, inner)
    gathering = [*(simple or ()), *([] if simple or not fields else pivot.expressions)]
    group = pivot.args.get("group")
    used = _used([*gathering, *[field.this for field in fields], *([] if fields else pivot.expressions)])
    kept = _kept(relation, used, group)
    rows = relation.rows | aside(frozenset().union(*[_trace(output) for output in kept]), Kind.GROUP_BY)
    deciding = aside(keys, Kind.CONDITIONAL)
    cells = [(alias_of(one), trace(one, inner)) for one in gathering] or [("", NOTHING)]
    values = [exp.column(field).name for field in _values(fields)]
    names = pivot.args.get("columns") or ()
    made = _cells(values, cells, deciding, [name.name for name in names])
    return Relation((*kept, *made), rows | aside(keys, Kind.GROUP_BY))


def matched(match: exp.Expr, relation: Relation, frame: Frame) -> Relation:
    """What MATCH_RECOGNIZE makes of a relation: its partition and what it measures."""
    inner = frame.beside()
    inner.add(Source(("",), relation))
    for name in match.args.get("define") or ():
        inner.add(Source((name.alias.lower(),), Relation(relation.outputs)))
    parts = match.args.get("partition_by") or []
    order = match.args.get("order")
    inner.decide(traces(parts, inner), Kind.GROUP_BY)
    inner.decide(traces(order.expressions if order is not None else [], inner), Kind.SORT)
    inner.decide(traces([one.this for one in match.args.get("define") or ()], inner), Kind.FILTER)
    measured = [one.this for one in match.args.get("measures") or ()]
    kept = [Column(one.name, trace(one, inner)) for one in parts]
    if "ALL ROWS" in str(match.args.get("rows") or "").upper():
        kept = [output for output in relation.outputs if isinstance(output, Column)]
    return Relation((*kept, *[Column(one.alias_or_name, trace(one, inner)) for one in measured]), inner.rows)


def _fields(pivot: exp.Expr) -> list[exp.In]:
    return [field for field in pivot.args.get("fields") or () if isinstance(field, exp.In)]


def _values(fields: list[exp.In]) -> list[exp.Identifier]:
    """The names that the values of the key become."""
    if len(fields) != 1 or not fields[0].expressions:
        return []
    return [exp.to_identifier(one.alias_or_name or one.sql(), quoted=True) for one in fields[0].expressions]


def alias_of(node: exp.Expr) -> str:
    return node.alias


def _cells(values: list[str], cells: list[tuple[str, Trace]], deciding: Trace, names: list[str]) -> list[Output]:
    """One column for each value and aggregate; if their names cannot be told, a column of any name."""
    everything = frozenset().union(*[found for _, found in cells]) | deciding
    if names and len(names) == len(values) * len(cells):
        found = [cells[place % len(cells)][1] | deciding for place in range(len(names))]
        return [Column(name, one) for name, one in zip(names, found, strict=True)]
    if values and len(cells) == 1 and not cells[0][0]:
        return [Column(value, everything) for value in values]
    named: list[Output] = [
        Column(f"{value}_{name}", found | deciding) for value in values for name, found in cells if name
    ]
    return [*named, Wild(frozenset(), everything)]


def _used(nodes: Iterable[exp.Expr]) -> set[str]:
    return {column.name.lower() for node in nodes for column in node.find_all(exp.Column)}


def _kept(relation: Relation, used: set[str], group: exp.Expr | None) -> list[Output]:
    """The columns that stay: all that are not used up, or those named by GROUP BY."""
    wanted = _used(group.expressions) if group is not None else None
    kept: list[Output] = []
    for output in relation.outputs:
        if isinstance(output, Wild):
            if wanted is None:
                kept.append(output.less(used))
            else:
                kept += [Column(name, output.column(name) or NOTHING) for name in sorted(wanted)]
        elif (output.name.lower() not in used) if wanted is None else (output.name.lower() in wanted):
            kept.append(output)
    return kept


def _trace(output: Output) -> Trace:
    return (output.column("*") or NOTHING) if isinstance(output, Wild) else output.trace


def _unpivot(pivot: exp.Expr, relation: Relation, inner: Frame) -> Relation:
    """UNPIVOT(value FOR name IN (columns)), or UNPIVOT t ON columns INTO NAME name VALUE value."""
    fields, into = _fields(pivot), pivot.args.get("into")
    gathered = [one for field in fields for one in field.expressions] if fields else pivot.expressions
    columns = [one.this if isinstance(one, exp.Alias) else one for one in gathered]
    kept = _kept(relation, _used(columns), None)
    if fields:
        values = [column.name for one in pivot.expressions for column in one.find_all(exp.Column, exp.Identifier)]
        names = [field.this.name for field in fields]
    else:
        names = [into.this.name if into is not None and into.this is not None else "name"]
        values = [one.name for one in into.expressions] if into is not None else ["value"]
    carried = traces(columns, inner)
    made = [*[Column(name, NOTHING) for name in names], *[Column(value, carried) for value in dict.fromkeys(values)]]
    return Relation((*kept, *made), relation.rows)
