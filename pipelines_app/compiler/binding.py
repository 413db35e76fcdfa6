"""Putting values where `$name` stands: literals and identifiers in the tree, never text in the text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlglot import exp

from pipelines_app.compiler import names, parameters, periods, positions
from pipelines_app.compiler.definition import Parameter, PeriodKind
from pipelines_app.errors import Problem, StatementRefused

Tree = TypeVar("Tree", bound=exp.Expr)
PERIOD = "period"
MISSING = "there is no parameter ${}"
SAMPLES = {PeriodKind.HOUR: "2000-01-01T00", PeriodKind.DAY: "2000-01-01", PeriodKind.MONTH: "2000-01"}


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A statement with its parameters in place, and the names of those it used."""

    tree: exp.Query
    used: frozenset[str]


def bind(tree: exp.Query, given: Sequence[Parameter]) -> Bound:
    """Replace every placeholder but `$period`, whose type and value come later."""
    bound, used = fill(tree, given)
    return Bound(tree=bound, used=used)


def fill(tree: Tree, given: Sequence[Parameter]) -> tuple[Tree, frozenset[str]]:
    """The same in any tree, with the names of the parameters it used; the root itself is no placeholder."""
    known = {parameter.name: parameter for parameter in given}
    bound = tree.copy()
    used = set()
    for node in list(bound.find_all(exp.Placeholder, exp.Parameter, bfs=False)):
        name = _name(node)
        used.add(name)
        _refuse_traps(node, name)
        if name == PERIOD:
            continue
        if name in known:
            _put(node, known[name])
        else:
            near = names.nearest(name, known)
            hint = f"; did you mean ${near}?" if near else "; declare it among the parameters"
            message = f"{MISSING.format(name)}{hint}"
            raise StatementRefused(message, suggestion=f"${near}" if near else "", **positions.of(node))
    return bound, frozenset(used)


def is_missing(problem: Problem, name: str) -> bool:
    """Whether a fault is that no parameter of this name is declared."""
    return problem.message.partition(";")[0] == MISSING.format(name)


def unused(given: Sequence[Parameter], used: frozenset[str]) -> list[str]:
    """The parameters no statement uses."""
    return [parameter.name for parameter in given if parameter.name not in used]


def is_period(kind: PeriodKind, key: str) -> bool:
    """Whether a key names a period of this kind; none is one of no kind."""
    return kind is not PeriodKind.NONE and periods.is_valid(kind, key)


def bind_period(tree: exp.Query, kind: PeriodKind, key: str) -> exp.Query:
    """The statement of an incremental step for one period."""
    bound = tree.copy()
    for node in list(bound.find_all(exp.Placeholder)):
        if _name(node) == PERIOD:
            node.replace(exp.Literal.string(period_text(kind, key)))
    return bound


def period_text(kind: PeriodKind, key: str) -> str:
    """When a period begins, as text that casts to a date, or of an hour to a timestamp."""
    if kind == PeriodKind.HOUR:
        return f"{key.replace('T', ' ')}:00:00"
    return f"{key}-01" if kind == PeriodKind.MONTH else key


def type_period(tree: exp.Query, period: PeriodKind) -> None:
    """Give every `$period` the type it has in a step of this period kind; refuse it where there is no period."""
    for node in list(tree.find_all(exp.Placeholder)):
        if period == PeriodKind.NONE:
            raise StatementRefused(
                "$period is only known in a step made by period: set materialise to {kind: incremental, by: period}",
                **positions.of(node),
            )
        if _name(node) == PERIOD:
            kind = "timestamp" if period == PeriodKind.HOUR else "date"
            node.replace(exp.cast(exp.Placeholder(this=PERIOD), kind))


def _name(node: exp.Expr) -> str:
    inner = node.this
    return inner if isinstance(inner, str) else getattr(inner, "name", "") or ""


def _refuse_traps(node: exp.Expr, name: str) -> None:
    parent = node.parent
    where = positions.of(node)
    if not name:
        raise StatementRefused("? is not a parameter here: name it, as in $carrier", **where)
    if isinstance(parent, exp.Interval) and parent.this is node:
        unit = parent.text("unit") or "DAY"
        raise StatementRefused(f"write ${name} * INTERVAL 1 {unit} instead of INTERVAL ${name} {unit}", **where)
    if isinstance(parent, exp.TableAlias) or (isinstance(parent, exp.Alias) and node.arg_key == "alias"):
        raise StatementRefused(
            f"${name} stands where a name is expected; for a typed value write CAST(${name} AS DATE)", **where
        )


def _put(node: exp.Expr, parameter: Parameter) -> None:
    kind = parameter.type
    in_from = isinstance(node.parent, exp.Table)
    if in_from != (kind == "dataset"):
        wanted = "only a parameter of type dataset may stand for a table" if in_from else "may only stand for a table"
        raise StatementRefused(f"${parameter.name} is a {kind}: {wanted}", **positions.of(node))
    if kind == "dataset":
        _put_table(node, str(parameter.value))
    elif kind in ("column", "list[column]"):
        _put_columns(node, parameter)
    elif isinstance(parameter.value, tuple):
        _put_list(node, parameter, parameter.value)
    else:
        node.replace(parameters.literal(parameter, parameter.value))


def _put_columns(node: exp.Expr, parameter: Parameter) -> None:
    """Columns stand where several things may: in a select, a grouping, an order, a partition, a call."""
    whole = node.parent if isinstance(node.parent, exp.Column | exp.Dot) else None
    table = whole.text("table") or whole.name if whole is not None else None
    names_given = parameter.value if isinstance(parameter.value, tuple) else (parameter.value,)
    quoted = [exp.to_identifier(str(name), quoted=True) for name in names_given]
    _put_several(whole or node, [exp.column(name, table=table) for name in quoted], parameter)


def _put_several(node: exp.Expr, columns: list[exp.Column], parameter: Parameter) -> None:
    parent = node.parent
    if len(columns) == 1:
        node.replace(columns[0])
    elif isinstance(parent, exp.Ordered):
        rest = {key: value for key, value in parent.args.items() if key != "this"}
        parent.replace([exp.Ordered(this=column, **rest) for column in columns])
    elif parent is not None and isinstance(parent.args.get(node.arg_key or ""), list):
        node.replace(columns)
    else:
        message = f"${parameter.name} stands for several columns: here only one may stand"
        raise StatementRefused(message, **positions.of(node))


def _put_table(node: exp.Expr, dataset: str) -> None:
    layer, _, table = dataset.partition(".")
    parent = node.parent
    if parent is not None:
        parent.set("this", exp.to_identifier(table, quoted=True))
        parent.set("db", exp.to_identifier(layer, quoted=True))


def _put_list(node: exp.Expr, parameter: Parameter, values: tuple[object, ...]) -> None:
    literals = [parameters.literal(parameter, value) for value in values]
    parent = node.parent
    # IN ($list) means one of the values; a list there would be compared as a whole.
    if isinstance(parent, exp.In) and node.arg_key == "expressions":
        others = [item for item in parent.expressions if item is not node]
        parent.set("expressions", [*others, *literals])
    elif isinstance(parent, exp.In) and node.arg_key == "field":
        parent.set("field", None)
        parent.set("expressions", literals)
    else:
        node.replace(exp.Array(expressions=literals))
