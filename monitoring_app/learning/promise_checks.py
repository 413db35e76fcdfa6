"""Promises as entries of `checks:`, for definitions. Pure."""

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from monitoring_app.learning.besides import ALIKE
from monitoring_app.learning.promises import Kind, Promise
from pipelines_app.compiler.definition import Severity
from pipelines_app.engines import trees

HOUR = 3600
_RUNS = {"A": r"\p{Lu}", "a": r"\p{Ll}", "9": r"\p{Nd}", " ": r"\s"}

Entry = dict[str, object]


def entries(promise: Promise, severity: str, dataset: str) -> list[Entry]:
    """The checks of a dataset that say the same; none where only the watch can keep it, for it compares batches."""
    dump = _DUMPED.get(promise.kind)
    said = {} if severity == Severity.BLOCK else {"severity": severity}
    return [{kind: {**body, **said}} for kind, body in dump(promise, dataset)] if dump is not None else []


def pattern(patterns: list[str], lengths: list[int] | None = None) -> str:
    """A regular expression of RE2 for texts that look like one of these patterns."""
    alone = lengths if lengths and len(patterns) == 1 and len(patterns[0]) == 1 else None
    return f"^(?:{'|'.join(_expression(one, alone) for one in patterns)})$"


def _expression(shape: str, lengths: list[int] | None) -> str:
    if lengths and shape in _RUNS:
        low, high = lengths
        return f"{_RUNS[shape]}{{{low}}}" if low == high else f"{_RUNS[shape]}{{{low},{high}}}"
    return "".join(f"{_RUNS[sign]}+" if sign in _RUNS else re.escape(sign) for sign in shape)


def _limits(promise: Promise) -> Entry:
    whole = promise.terms.get("is_whole", promise.kind is Kind.ROWS)
    bounds = {"min": promise.low, "max": promise.high}
    return {key: int(value) if whole else value for key, value in bounds.items() if value is not None}


def _tolerance(promise: Promise) -> Entry:
    return {"tolerance": promise.high} if promise.high and promise.high < 1 else {}


def _columns(promise: Promise, dataset: str) -> list[tuple[str, Entry]]:
    types: Mapping[str, str] = promise.terms.get("types", {})
    typed: list[tuple[str, Entry]] = [
        ("column_type_is", {"column": name, "type": type_}) for name, type_ in types.items()
    ]
    return [("columns_match", {"columns": list(promise.columns)}), *typed]


def _one(kind: str, promise: Promise, body: Entry) -> list[tuple[str, Entry]]:
    return [(kind, {"column": promise.columns[0], **body})]


def _nulls(promise: Promise, dataset: str) -> list[tuple[str, Entry]]:
    return [("not_null", {"columns": list(promise.columns), **_tolerance(promise)})]


def _ordered(promise: Promise, dataset: str) -> list[tuple[str, Entry]]:
    left, right = (exp.column(name, quoted=True) for name in promise.columns)
    condition = exp.or_(
        exp.LTE(this=left, expression=right),
        exp.Is(this=exp.LTE(this=left.copy(), expression=right.copy()), expression=exp.Null()),
    )
    return [("expression_is_true", {"expression": condition.sql(trees.DIALECT), **_tolerance(promise)})]


def _determines(promise: Promise, dataset: str) -> list[tuple[str, Entry]]:
    """A query for the values of the left that have several of the right."""
    left, right = (exp.column(name, quoted=True) for name in promise.columns)
    several = exp.Count(this=exp.Distinct(expressions=[right]))
    layer, _, table = dataset.rpartition(".")
    query = exp.select(left, exp.alias_(several, "several", quoted=True)).from_(
        exp.table_(table, db=layer or None, quoted=True)
    )
    query = query.where(left.copy().is_(exp.null()).not_()).group_by(left.copy())
    query = query.having(exp.GT(this=several.copy(), expression=exp.convert(1)))
    name = f"{promise.columns[0]} determines {promise.columns[1]}"
    return [("custom_sql", {"sql": query.sql(trees.DIALECT), "name": name, **_tolerance(promise)})]


def _references(promise: Promise, dataset: str) -> list[tuple[str, Entry]]:
    to = promise.terms["to"]
    other: Entry = {"dataset": promise.terms["dataset"], **({"to": to} if to != promise.columns[0] else {})}
    return _one("references", promise, {**other, **_tolerance(promise)})


def _same_rows(promise: Promise, dataset: str) -> list[tuple[str, Entry]]:
    """A check sees all periods of the other dataset: what compares a period with the same one has none that says so."""
    if promise.terms.get("by_period"):
        return []
    return [("row_count_equals", {"dataset": promise.terms["dataset"]})]


def _same_sum(promise: Promise, dataset: str) -> list[tuple[str, Entry]]:
    to, other = promise.terms.get("to", ""), promise.terms["dataset"]
    if promise.terms.get("by_period") or not to:
        return []
    same = {"to": to} if to != promise.columns[0] else {}
    return _one("aggregate_equals_other", promise, {"aggregate": "sum", "dataset": other, **same, "tolerance": ALIKE})


_DUMPED: Mapping[Kind, Callable[[Promise, str], list[tuple[str, Entry]]]] = {
    Kind.COLUMNS: _columns,
    Kind.ROWS: lambda one, _: [("row_count_between", _limits(one))],
    Kind.KEY: lambda one, _: [("compound_unique", {"columns": list(one.columns)})],
    Kind.UNIQUE: lambda one, _: _one("unique", one, {}),
    Kind.NOT_NULL: _nulls,
    Kind.NULLS: _nulls,
    Kind.FRESH: lambda one, _: _one("freshness_within", one, {"within": f"{max(1, int(one.high or 0) // HOUR)}h"}),
    Kind.DOMAIN: lambda one, _: _one("in_set", one, {"values": list(one.terms["values"]), **_tolerance(one)}),
    Kind.PATTERN: lambda one, _: _one(
        "matches_pattern", one, {"pattern": pattern(one.terms["patterns"], one.terms.get("lengths")), **_tolerance(one)}
    ),
    Kind.RANGE: lambda one, _: _one("between", one, _limits(one)),
    Kind.ORDERED: _ordered,
    Kind.DETERMINES: _determines,
    Kind.REFERENCES: _references,
    Kind.SAME_ROWS: _same_rows,
    Kind.SAME_SUM: _same_sum,
}
