"""The relation that a query makes: its WITH queries first, then what it selects from, then what it says of it."""

from collections.abc import Sequence

from sqlglot import exp

from pipelines_app.compiler.columns import sources, stars
from pipelines_app.compiler.columns.expressions import trace, traces
from pipelines_app.compiler.columns.frames import Aliases, Frame
from pipelines_app.compiler.columns.influence import NOTHING, Kind, Trace, aside
from pipelines_app.compiler.columns.relations import Column, Output, Relation, Wild, united

_MOST_ROUNDS = 10


def relation(query: exp.Expr, around: Frame) -> Relation:
    """What a query offers to the one around it, or to the statement."""
    frame = around.within()
    queries(query, frame)
    if isinstance(query, exp.Select):
        return _select(query, frame)
    if isinstance(query, exp.SetOperation):
        return _set_operation(query, frame)
    if isinstance(query, exp.Subquery):
        return _bracketed(query, frame)
    if isinstance(query, exp.Pivot):
        return _pivot_statement(query, frame)
    if isinstance(query, exp.DML):
        return _returned(query, frame)
    sources.one(query, frame)
    return Relation(tuple(frame.star()), frame.rows)


def queries(statement: exp.Expr, frame: Frame) -> None:
    """Read the WITH queries of a statement into its frame, each seeing those before it."""
    found = statement.args.get("with_")
    if found is None:
        return
    may_recur = bool(found.args.get("recursive")) or frame.walk.recursive_unsaid
    for query in found.expressions:
        if query.args.get("scalar"):
            frame.aliases[query.alias.lower()] = trace(query.this, frame)
            frame.seen = Aliases.BEFORE_GUESSES
        else:
            _with_query(query, frame, may_recur=may_recur)


def _with_query(query: exp.Expr, frame: Frame, *, may_recur: bool) -> None:
    name, body = query.alias.lower(), query.this
    alias = query.args.get("alias")
    columns = (alias.args.get("columns") or ()) if alias is not None else ()
    if may_recur and _reads(body, name):
        frame.queries[name] = _fixed_point(name, body, columns, frame)
        return
    outer = frame.beside()
    outer.aliases, outer.seen = frame.aliases, frame.seen
    frame.queries[name] = frame.walk.query(body, outer).renamed(columns)


def _reads(body: exp.Expr, name: str) -> bool:
    return isinstance(body, exp.SetOperation) and any(
        table.name.lower() == name and not table.args.get("db") for table in body.find_all(exp.Table)
    )


def _fixed_point(name: str, body: exp.Expr, columns: Sequence[exp.Expr], frame: Frame) -> Relation:
    """A query that reads itself: its start first, then the whole until nothing is found any more."""
    outer = frame.beside()
    found = frame.walk.query(body.this, outer).renamed(columns)
    for _ in range(_MOST_ROUNDS):
        outer.queries[name] = found
        again = frame.walk.query(body, outer).renamed(columns)
        if again.outputs == found.outputs and again.rows == found.rows:
            break
        found = again
    else:
        frame.walk.note(f"the query {name}, which reads itself, was followed {_MOST_ROUNDS} times and no further")
    return found


def _select(query: exp.Select, frame: Frame) -> Relation:
    sources.enter(query, frame)
    for window in query.args.get("windows") or ():
        frame.windows[window.name.lower()] = window
    outputs = _outputs(query, frame)
    _rows(query, outputs, frame)
    _order(query, outputs, frame)
    frame.rows |= _multiplied(outputs, frame)
    return Relation(tuple(outputs), frame.rows)


def _outputs(query: exp.Select, frame: Frame) -> list[Output]:
    found: list[Output] = []
    own: dict[str, Trace] = {}
    before = frame.seen
    if frame.walk.sees_neighbours:
        frame.seen = Aliases.BEFORE_GUESSES
    for select in query.expressions:
        for output in stars.outputs(select, frame):
            found.append(output)
            if isinstance(output, Column):
                own[output.name.lower()] = output.trace
                if frame.walk.sees_neighbours:
                    frame.aliases[output.name.lower()] = output.trace
    frame.aliases = {**frame.aliases, **own}
    frame.seen = before
    if query.args.get("exclude"):
        hidden = {one.name.lower() for one in query.args["exclude"]}
        found = [output for output in found if isinstance(output, Wild) or output.name.lower() not in hidden]
    return found


def _rows(query: exp.Select, outputs: Sequence[Output], frame: Frame) -> None:
    """What decides which rows there are, and which are one."""
    args = query.args
    before, frame.seen = frame.seen, Aliases.BEFORE_GUESSES if frame.walk.sees_neighbours else frame.seen
    frame.decide(traces([args.get("where"), args.get("prewhere"), args.get("connect")], frame), Kind.FILTER)
    frame.seen = Aliases.BEFORE_GUESSES
    frame.decide(traces([args.get("having"), args.get("qualify")], frame), Kind.FILTER)
    group = args.get("group")
    if group is not None:
        frame.decide(_grouped(group, query, outputs, frame), Kind.GROUP_BY)
    distinct = args.get("distinct")
    if distinct is not None:
        on = distinct.args.get("on")
        frame.decide(traces(on.expressions, frame) if on is not None else _all(outputs), Kind.GROUP_BY)
    limits = [args.get(part) for part in ("limit", "offset", "connect")]
    frame.decide(
        traces([node for limit in limits if limit is not None for node in limit.args.values()], frame), Kind.FILTER
    )
    frame.seen = before


def _grouped(group: exp.Expr, query: exp.Select, outputs: Sequence[Output], frame: Frame) -> Trace:
    if group.args.get("all"):
        plain = [select for select in query.expressions if not select.find(exp.AggFunc)]
        return traces([select for select in plain if not isinstance(select, exp.Star)], frame)
    found = NOTHING
    for part in ("expressions", "grouping_sets", "cube", "rollup"):
        for node in group.args.get(part) or ():
            for key in [node] if part == "expressions" else _keys(node):
                found |= _key(key, outputs, frame)
    return found


def _keys(node: exp.Expr) -> list[exp.Expr]:
    """What stands in GROUPING SETS ((a, b), ROLLUP (c)), one by one."""
    if isinstance(node, exp.Tuple | exp.Cube | exp.Rollup | exp.GroupingSets):
        return [key for one in node.expressions for key in _keys(one)]
    return _keys(node.this) if isinstance(node, exp.Paren) else [node]


def _key(node: exp.Expr, outputs: Sequence[Output], frame: Frame) -> Trace:
    """A key of GROUP BY or ORDER BY: a number is a place among the output columns."""
    inner = node.this if isinstance(node, exp.Ordered) else node
    if isinstance(inner, exp.Literal) and not inner.is_string:
        place = int(inner.name) - 1 if inner.name.isdigit() else -1
        if any(isinstance(output, Wild) for output in outputs[: place + 1]):
            return _all(outputs)
        return _of(outputs[place]) if 0 <= place < len(outputs) else NOTHING
    if isinstance(inner, exp.Var | exp.Column) and inner.name.upper() == "ALL":
        return _all(outputs)
    return trace(inner, frame)


def _order(query: exp.Expr, outputs: Sequence[Output], frame: Frame) -> None:
    before, frame.seen = frame.seen, Aliases.FIRST
    for part in ("order", "sort", "cluster", "distribute"):
        node = query.args.get(part)
        for key in node.expressions if node is not None else ():
            frame.decide(_key(key, outputs, frame), Kind.SORT)
    frame.seen = before


def _multiplied(outputs: Sequence[Output], frame: Frame) -> Trace:
    """What makes many rows of one decides over all columns but those that carry it."""
    found = {(origin.table, origin.column) for origin in frame.multiplied}
    for output in outputs:
        if not found <= {(origin.table, origin.column) for origin in _of(output)}:
            return aside(frame.multiplied, Kind.JOIN)
    return NOTHING


def _of(output: Output) -> Trace:
    return (output.column("*") or NOTHING) if isinstance(output, Wild) else output.trace


def _all(outputs: Sequence[Output]) -> Trace:
    return frozenset().union(*[_of(output) for output in outputs])


def _set_operation(query: exp.SetOperation, frame: Frame) -> Relation:
    left, right = (frame.walk.query(side, frame) for side in (query.this, query.expression))
    by_name = bool(query.args.get("by_name"))
    if isinstance(query, exp.Except):
        rows = left.rows | right.rows | aside(left.whole() | right.whole(), Kind.FILTER)
        found = Relation(left.outputs, rows)
    else:
        _note_places(left, right, frame, by_name=by_name)
        found = united(left, right, by_name=by_name)
    if isinstance(query, exp.Intersect):
        found = found.also(aside(found.whole(), Kind.FILTER))
    elif query.args.get("distinct") and isinstance(query, exp.Union):
        found = found.also(aside(found.whole(), Kind.GROUP_BY))
    return _ordered(query, found, frame)


def _note_places(left: Relation, right: Relation, frame: Frame, *, by_name: bool) -> None:
    alone = [len(side.outputs) == 1 and bool(side.wilds) for side in (left, right)]
    if not by_name and (left.wilds or right.wilds) and not all(alone):
        frame.walk.note("the columns of a set operation meet by name: their places are not known")


def _ordered(query: exp.Expr, found: Relation, frame: Frame) -> Relation:
    """ORDER BY and LIMIT over a finished relation."""
    for output in found.outputs:
        if isinstance(output, Column):
            frame.aliases[output.name.lower()] = output.trace
    _order(query, found.outputs, frame)
    return found.also(frame.rows)


def _bracketed(query: exp.Subquery, frame: Frame) -> Relation:
    if isinstance(query.this, exp.Query) and not sources.holds_sources(query.this):
        return _ordered(query, frame.walk.query(query.this, frame), frame)
    sources.one(query.this, frame)
    return _ordered(query, Relation(tuple(frame.star()), frame.rows), frame)


def _returned(statement: exp.Expr, frame: Frame) -> Relation:
    """A change with RETURNING: rows of the table that it changes; the script follows the change itself later."""
    frame.walk.changes.append(statement)
    table = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    sources.one(table, frame)
    sources.enter(statement, frame)
    for part in ("using", "source"):
        for node in statement.args.get(part) or ():
            if isinstance(node, exp.Expr):
                sources.one(node, frame)
    returning = statement.args.get("returning")
    frame.decide(traces(statement.args.get("where"), frame), Kind.FILTER)
    selects = returning.expressions if returning is not None else []
    return Relation(tuple(output for one in selects for output in stars.outputs(one, frame)), frame.rows)


def _pivot_statement(query: exp.Pivot, frame: Frame) -> Relation:
    """PIVOT t ON key USING value, a statement of its own."""
    sources.one(query.this, frame)
    sources.over_all(query, frame)
    return Relation(tuple(frame.star()), frame.rows)
