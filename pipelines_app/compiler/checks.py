"""Checks from the document to the judgement: the doors to catalogue, queries and words, and judging itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

from pipelines_app.compiler import check_past, check_queries, check_sentences, types
from pipelines_app.compiler.check_catalogue import KINDS, dump, parse, seconds
from pipelines_app.compiler.check_kinds import AGAINST_BEFORE, ANOMALIES
from pipelines_app.compiler.check_past import Past
from pipelines_app.compiler.check_queries import Measures, as_measured, measure, sample_query
from pipelines_app.compiler.check_references import datasets
from pipelines_app.compiler.check_rows import VIOLATIONS
from pipelines_app.compiler.check_sentences import number, sentence
from pipelines_app.compiler.definition import CheckSpec, Column

__all__ = [
    "KINDS",
    "Answered",
    "Judgement",
    "Measures",
    "Numbers",
    "Past",
    "datasets",
    "dump",
    "judge",
    "judge_all",
    "measure",
    "parse",
    "sample_query",
    "sentence",
]


class Answered(Protocol):
    """An engine's answer to one of the statements."""

    @property
    def columns(self) -> tuple[Column, ...]: ...

    @property
    def rows(self) -> tuple[tuple[object, ...], ...]: ...


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What was measured for one check: bad rows of all rows looked at, and the value worth telling if any."""

    bad: int
    total: int
    seen: object = None
    other: object = None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether a promise was kept, by which numbers, and in words."""

    spec: CheckSpec
    passed: bool
    bad_rows: int
    total_rows: int
    value: object
    message: str


def judge_all(measures: Measures, answers: Sequence[Answered]) -> list[Judgement]:
    """One judgement per check, in the order of the checks."""
    found = [dict(zip((one.name for one in answer.columns), answer.rows[0], strict=True)) for answer in answers]
    return [
        judge(spec, _numbers(found, reading), measures)
        for spec, reading in zip(measures.specs, measures.readings, strict=True)
    ]


def _numbers(found: Sequence[Mapping[str, object]], reading: check_queries.Reading) -> Numbers:
    return Numbers(
        bad=_count(found[reading.statement].get(reading.bad)),
        total=_count(found[0][reading.total]),
        seen=found[reading.statement].get(reading.seen),
        other=found[reading.statement].get(reading.other),
    )


def _count(value: object) -> int:
    return int(str(value)) if value is not None else 0


def judge(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    """A check judged by what was measured; pure."""
    if spec.kind in ANOMALIES:
        return _anomaly(spec, numbers, measures)
    if spec.kind in AGAINST_BEFORE and not measures.past.before:
        return _judgement(spec, numbers, True, None, "")
    if spec.kind.endswith(_BOUNDED) and spec.kind not in _OF_ROWS:
        return _bounded(spec, numbers, measures)
    return _JUDGES.get(spec.kind, _rows)(spec, numbers, measures)


_BOUNDED = ("_between", "_below", "_rate", "_share", "metric_sql")
_OF_ROWS = frozenset({"length_between", "row_count_between"})


def _measured(asked: CheckSpec, numbers: Numbers) -> float | None:
    """The number that a check holds against bounds; None where there is nothing to measure."""
    spec = as_measured(asked)
    if spec.kind == "row_count_between":
        return float(numbers.total)
    if spec.kind in VIOLATIONS or spec.kind in ("duplicate_rows_below", "new_value_rate_below"):
        return numbers.bad / numbers.total if numbers.total else None
    value = float(str(numbers.seen)) if numbers.seen is not None else None
    return value if value is not None and isfinite(value) else None


def _bounded(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    """A number between a least and a greatest; where there is nothing to measure, nothing is broken."""
    value = _measured(spec, numbers)
    low, high = spec.arguments.get("min"), spec.arguments.get("max")
    if value is None:
        return _judgement(spec, numbers, numbers.seen is None, None, f"{check_sentences.subject(spec)} is no number")
    passed = (low is None or value >= float(str(low))) and (high is None or value <= float(str(high)))
    said = f"{check_sentences.subject(spec)} is {number(value)}, must be {check_sentences.limits(spec)}"
    return _judgement(spec, numbers, passed, _plain(value), said)


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() else round(value, 9)


def _anomaly(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    """A number between what it usually is; while too little is known of it, nothing is unusual."""
    value = _measured(spec, numbers)
    known = measures.past.numbers.get(spec.name, ())
    usual = check_past.usual(spec.kind, known)
    if value is None or usual is None:
        return _judgement(spec, numbers, True, None if value is None else _plain(value), "")
    only = spec.arguments.get("only")
    passed = (only == "higher" or value >= usual[0]) and (only == "lower" or value <= usual[1])
    said = f"{check_sentences.subject(spec)} is {number(value)}, usually {number(usual[0])} to {number(usual[1])}"
    return _judgement(spec, numbers, passed, _plain(value), said)


def _other_rows(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    """As many rows as another dataset has, times a factor, give or take what is tolerated."""
    wanted = _count(numbers.seen) * float(str(spec.arguments.get("factor", 1)))
    said = f"there are {numbers.total:,} rows, and {number(_plain(wanted))} were to be there"
    passed = spec.tolerance.admits(_apart(numbers.total, wanted), abs(wanted))
    return _judgement(spec, numbers, passed, numbers.total, f"{said} by {spec.arguments['dataset']}")


def _other_aggregate(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    ours, theirs = (float(str(value)) if value is not None else 0.0 for value in (numbers.seen, numbers.other))
    wanted = theirs * float(str(spec.arguments.get("factor", 1)))
    said = f"{check_sentences.subject(spec)} is {number(ours)}, and {number(wanted)} in {spec.arguments['dataset']}"
    passed = spec.tolerance.admits(_apart(ours, wanted), abs(wanted))
    return _judgement(spec, numbers, passed, _plain(ours), said)


def _apart(ours: float, theirs: float) -> float:
    """How far two numbers are apart, but for what sums of decimals lose."""
    apart = abs(ours - theirs)
    return 0.0 if apart <= 1e-9 * max(abs(ours), abs(theirs)) else apart


def _same_content(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    passed = measures.past.content not in measures.past.contents
    return _judgement(spec, numbers, passed, None, "the content is that of the version before, row for row")


def _judgement(spec: CheckSpec, numbers: Numbers, passed: bool, value: object, said: str) -> Judgement:
    message = sentence(spec) if passed else said
    return Judgement(
        spec=spec, passed=passed, bad_rows=numbers.bad, total_rows=numbers.total, value=value, message=message
    )


def _rows(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    """A promise about each row: so many may break it as the tolerance says."""
    passed = spec.tolerance.admits(numbers.bad, numbers.total)
    told = numbers.seen if numbers.seen is not None else numbers.bad
    broken = f"{numbers.bad:,} of {numbers.total:,} rows"
    if spec.kind in _COUNTED:
        broken = f"{numbers.bad:,} {_COUNTED[spec.kind]}"
    return _judgement(spec, numbers, passed, told, f"{_opening(spec, numbers)} ({broken})")


# What is counted where it is not rows of the dataset.
_COUNTED = {"custom_sql": "rows found", "data_for_every": "missing", "dimension_anomaly": "values"}


def _opening(spec: CheckSpec, numbers: Numbers) -> str:
    """What to say first: `share_cancelled is 0.51, must be <= 0.2` where there is such a value."""
    if numbers.seen is None:
        return f"not so: {sentence(spec)}"
    if spec.kind == "between":
        return f"{spec.columns[0]} is {number(numbers.seen)}, must be {check_sentences.limits(spec)}"
    compared = check_queries.comparison(spec)
    if compared is None:
        return f"not so: {sentence(spec)}"
    sign = {"lte": "<=", "lt": "<", "gte": ">=", "gt": ">"}[compared.key]
    return f"{compared.this.name} is {number(numbers.seen)}, must be {sign} {compared.expression.sql('duckdb')}"


def _row_count(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    low, high = spec.arguments.get("min"), spec.arguments.get("max")
    passed = (low is None or numbers.total >= float(str(low))) and (high is None or numbers.total <= float(str(high)))
    said = f"there are {numbers.total:,} rows, must be {check_sentences.limits(spec)}"
    return _judgement(spec, numbers, passed, numbers.total, said)


def _freshness(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    name = spec.columns[0]
    if numbers.seen is None:
        return _judgement(spec, numbers, False, None, f"there is no {name} at all, so nothing is known of its age")
    age = check_queries.age_seconds(measures.as_of, float(str(numbers.seen)))
    said = f"the latest {name} is {_length(age)} old, must be at most {spec.arguments['within']}"
    return _judgement(spec, numbers, age <= seconds(str(spec.arguments["within"])), round(age), said)


def _length(age: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600)):
        if age >= 2 * size:
            return f"{age / size:.1f} {unit}"
    return f"{age / 60:.0f} minutes"


def _columns_match(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    wanted = [name.lower() for name in spec.columns]
    found = [column.name.lower() for column in measures.columns]
    missing = [name for name in spec.columns if name.lower() not in found]
    extra = [column.name for column in measures.columns if column.name.lower() not in wanted]
    there = [name for name in found if name in wanted]
    moved = bool(spec.arguments.get("ordered")) and not missing and wanted != there
    extra = [] if spec.arguments.get("more") else extra
    parts = [f"{word} {', '.join(those)}" for word, those in (("missing", missing), ("unexpected", extra)) if those]
    if moved:
        parts.append(f"in another order: {', '.join(found)}")
    if len(missing) == len(extra) == 1:
        parts.append(f"perhaps {missing[0]} is called {extra[0]} now")
    return _judgement(spec, numbers, not parts, len(missing) + len(extra), f"columns {'; '.join(parts)}")


def _column_type(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    kinds = {column.name.lower(): column.type for column in measures.columns}
    wanted, found = str(spec.arguments["type"]), kinds.get(spec.columns[0].lower(), "")
    passed = (types.normalise(found) or found) == wanted
    said = f"{spec.columns[0]} is of type {found}, must be {wanted}" if found else f"there is no {spec.columns[0]}"
    return _judgement(spec, numbers, passed, found, said)


_JUDGES: Mapping[str, Callable[[CheckSpec, Numbers, Measures], Judgement]] = {
    "row_count_between": _row_count,
    "row_count_equals": _other_rows,
    "aggregate_equals_other": _other_aggregate,
    "not_same_as_previous": _same_content,
    "freshness_within": _freshness,
    "columns_match": _columns_match,
    "column_type_is": _column_type,
}
