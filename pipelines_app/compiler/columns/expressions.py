"""The origins of an expression: each kind of node says which of its parts carry on and which only decide."""

from collections.abc import Callable, Iterator
from typing import cast

from sqlglot import exp

from pipelines_app.compiler.columns import frames, functions
from pipelines_app.compiler.columns.frames import Frame
from pipelines_app.compiler.columns.influence import NOTHING, Kind, Trace, aggregated, aside, below, transformed

Handler = Callable[[exp.Expr, Frame], Trace]
_CHOSEN: dict[type, Handler] = {}


def trace(node: exp.Expr | None, frame: Frame) -> Trace:
    """The origins of an expression within a query."""
    if node is None:
        return NOTHING
    kind = type(node)
    handler = _CHOSEN.get(kind)
    if handler is None:
        handler = _CHOSEN[kind] = next((_HANDLERS[one] for one in kind.__mro__ if one in _HANDLERS), _calculation)
    return handler(node, frame)


def traces(nodes: object, frame: Frame) -> Trace:
    """The origins of some expressions together."""
    found = NOTHING
    if isinstance(nodes, list):
        for node in nodes:
            found |= traces(node, frame)
    elif isinstance(nodes, exp.Expr):
        found = trace(nodes, frame)
    return found


def _children(node: exp.Expr, but: tuple[str, ...] = ()) -> Iterator[exp.Expr]:
    for part, value in node.args.items():
        if part in but or value is None:
            continue
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, exp.Expr):
                yield child


def _together(node: exp.Expr, frame: Frame, but: tuple[str, ...] = ()) -> Trace:
    found = NOTHING
    for child in _children(node, but):
        found |= trace(child, frame)
    return found


def _nothing(node: exp.Expr, frame: Frame) -> Trace:
    return NOTHING


def _same(node: exp.Expr, frame: Frame) -> Trace:
    return trace(node.this, frame)


def _calculation(node: exp.Expr, frame: Frame) -> Trace:
    found = transformed(_together(node, frame), masked=functions.masks(node))
    if functions.multiplies(node):
        frame.multiplied |= found
    return found


def _aggregate(node: exp.Expr, frame: Frame) -> Trace:
    if functions.moves_values(node):
        return transformed(_together(node, frame))
    return aggregated(_together(node, frame), masked=functions.masks(node))


def _anonymous(node: exp.Expr, frame: Frame) -> Trace:
    if functions.looks_up(node) and node.expressions:
        return _looked_up(node, frame)
    found = _together(node, frame)
    if functions.decides_first(node):
        first, *rest = [trace(child, frame) for child in _children(node)]
        return aside(first, Kind.CONDITIONAL) | transformed(frozenset().union(*rest))
    if functions.multiplies(node):
        frame.multiplied |= found
    masked = functions.masks(node)
    return aggregated(found, masked=masked) if functions.aggregates(node) else transformed(found, masked=masked)


def _looked_up(node: exp.Expr, frame: Frame) -> Trace:
    """dictGet('dictionary', 'value', key): the dictionary is a table that is read, and no column."""
    first, *rest = node.expressions
    named = first.name if isinstance(first, exp.Literal) else ".".join(part.name for part in _parts(first) or ())
    keys = transformed(traces(rest, frame))
    if not named:
        return keys
    return keys | transformed(frame.walk.table(exp.to_table(named, dialect=frame.walk.dialect or None)).rows)


def _column(node: exp.Expr, frame: Frame) -> Trace:
    parts = cast(exp.Column, node).parts
    if isinstance(node.this, exp.Star):
        source = frame.source(parts[:-1])
        return source.relation.whole() if source else NOTHING
    return frames.column(parts, frame)


def _dot(node: exp.Expr, frame: Frame) -> Trace:
    """A field of a structure, or what a method gives."""
    parts = _parts(node)
    if parts is not None:
        return frames.column(parts, frame)
    inner, field = node.this, node.expression
    if isinstance(field, exp.Identifier):
        return below(trace(inner, frame), field.name)
    return transformed(trace(inner, frame) | trace(field, frame))


def _parts(node: exp.Expr) -> list[exp.Expr] | None:
    """The parts of a plain dotted name that begins with a column."""
    if isinstance(node, exp.Column):
        return None if isinstance(node.this, exp.Star) else list(node.parts)
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        inner = _parts(node.this)
        return None if inner is None else [*inner, node.expression]
    return None


def _case(node: exp.Expr, frame: Frame) -> Trace:
    found = aside(trace(node.args.get("this"), frame), Kind.CONDITIONAL)
    for branch in node.args.get("ifs") or ():
        found |= _if(branch, frame)
    return found | transformed(trace(node.args.get("default"), frame))


def _if(node: exp.Expr, frame: Frame) -> Trace:
    values = traces([node.args.get("true"), node.args.get("false")], frame)
    return aside(trace(node.this, frame), Kind.CONDITIONAL) | transformed(values)


def _coalesce(node: exp.Expr, frame: Frame) -> Trace:
    """Every value may be carried on, and all but the last decide which."""
    values = [trace(child, frame) for child in _children(node)]
    deciding = NOTHING.union(*values[:-1]) if values else NOTHING
    return transformed(frozenset().union(*values)) | aside(deciding, Kind.CONDITIONAL)


def _decode(node: exp.Expr, frame: Frame) -> Trace:
    """DECODE(value, search, result, ... [, default])."""
    given = node.expressions
    found = aside(trace(given[0], frame), Kind.CONDITIONAL)
    for place, one in enumerate(given[1:], start=1):
        is_search = place % 2 == 1 and place < len(given) - 1
        found |= aside(trace(one, frame), Kind.CONDITIONAL) if is_search else transformed(trace(one, frame))
    return found


def _window(node: exp.Expr, frame: Frame) -> Trace:
    keys = traces([node.args.get("partition_by"), node.args.get("order"), node.args.get("spec")], frame)
    named = frame.windows.get(str(node.alias).lower()) if node.args.get("alias") else None
    if named is not None and named is not node:
        keys |= _window(named, frame)
    value = NOTHING if isinstance(node.this, exp.Identifier) else trace(node.this, frame)
    return value | aside(keys, Kind.WINDOW)


def _filter(node: exp.Expr, frame: Frame) -> Trace:
    return trace(node.this, frame) | aside(trace(node.expression, frame), Kind.CONDITIONAL)


def _within_group(node: exp.Expr, frame: Frame) -> Trace:
    """LISTAGG(a) WITHIN GROUP (ORDER BY b) carries a; PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY b) carries b."""
    value, order = trace(node.this, frame), _together(node.expression, frame)
    return value | aside(order, Kind.SORT) if value else aggregated(order)


def _order(node: exp.Expr, frame: Frame) -> Trace:
    """ORDER BY within a function."""
    return trace(node.args.get("this"), frame) | aside(traces(node.expressions, frame), Kind.SORT)


def _lambda(node: exp.Expr, frame: Frame) -> Trace:
    return _with_variables([node.this], frame, {variable.name.lower() for variable in node.expressions})


def _comprehension(node: exp.Expr, frame: Frame) -> Trace:
    variables = {node.expression.name.lower()}
    carried = _with_variables([node.this], frame, variables) | trace(node.args.get("iterator"), frame)
    condition = _with_variables([node.args.get("condition")], frame, variables)
    return transformed(carried) | aside(condition, Kind.CONDITIONAL)


def _with_variables(nodes: list[exp.Expr | None], frame: Frame, names: set[str]) -> Trace:
    before = frame.variables
    frame.variables = before | names
    found = traces(nodes, frame)
    frame.variables = before
    return found


def _query(node: exp.Expr, frame: Frame) -> Trace:
    """A query for a value: its columns are carried on, what decides over its rows decides over the whole."""
    relation = frame.walk.query(node, frame)
    frame.rows |= relation.rows
    return relation.whole()


def _exists(node: exp.Expr, frame: Frame) -> Trace:
    """Whether rows are there: what the query gives does not matter."""
    if not isinstance(node.this, exp.Query):
        return transformed(_together(node, frame))
    frame.rows |= frame.walk.query(node.this, frame).rows
    return NOTHING


def _in(node: exp.Expr, frame: Frame) -> Trace:
    return transformed(_together(node, frame))


def _named_value(node: exp.Expr, frame: Frame) -> Trace:
    """name => value, {'name': value}: the name is no column."""
    return trace(node.expression, frame)


def _columns(node: exp.Expr, frame: Frame) -> Trace:
    """COLUMNS(...) within an expression."""
    frame.walk.note("COLUMNS(...) cannot be followed: it is taken for all columns")
    return NOTHING.union(*[source.relation.whole() for source in frame.sources])


def _whole_table(node: exp.Expr, frame: Frame) -> Trace:
    source = frame.source([node.this])
    return source.relation.whole() if source else NOTHING


_LEAVES: tuple[type[exp.Expr], ...] = (
    exp.Literal,
    exp.Null,
    exp.Boolean,
    exp.Identifier,
    exp.Var,
    exp.DataType,
    exp.Star,
    exp.Parameter,
    exp.SessionParameter,
    exp.Placeholder,
    exp.Pseudocolumn,
    exp.NextValueFor,
    exp.Table,
    exp.TableAlias,
)
_PASSING: tuple[type[exp.Expr], ...] = (
    exp.Alias,
    exp.Paren,
    exp.IgnoreNulls,
    exp.RespectNulls,
    exp.Ordered,
    exp.Aliases,
    exp.Prior,
    exp.Where,
    exp.Having,
    exp.Qualify,
)
_HANDLERS: dict[type, Handler] = {
    **dict.fromkeys(_LEAVES, _nothing),
    **dict.fromkeys(_PASSING, _same),
    exp.AggFunc: _aggregate,
    exp.Anonymous: _anonymous,
    exp.Case: _case,
    exp.Coalesce: _coalesce,
    exp.Column: _column,
    exp.Columns: _columns,
    exp.Comprehension: _comprehension,
    exp.DecodeCase: _decode,
    exp.Dot: _dot,
    exp.Exists: _exists,
    exp.Filter: _filter,
    exp.If: _if,
    exp.In: _in,
    exp.Kwarg: _named_value,
    exp.Lambda: _lambda,
    exp.Nvl2: _if,
    exp.Order: _order,
    exp.PropertyEQ: _named_value,
    exp.Query: _query,
    exp.TableColumn: _whole_table,
    exp.Window: _window,
    exp.WithinGroup: _within_group,
}
