"""Checks from the document to the judgement: the doors to catalogue, queries and words, and judging itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipelines_app.compiler import check_queries, check_sentences, types
from pipelines_app.compiler.check_catalogue import KINDS, dump, parse, seconds
from pipelines_app.compiler.check_queries import Measures, measure, sample_query
from pipelines_app.compiler.check_references import datasets
from pipelines_app.compiler.check_sentences import number, sentence
from pipelines_app.compiler.definition import CheckSpec, Column

__all__ = [
    "KINDS",
    "Answered",
    "Judgement",
    "Measures",
    "Numbers",
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
        seen=found[0].get(reading.seen),
    )


def _count(value: object) -> int:
    return int(str(value)) if value is not None else 0


def judge(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    """A check judged by what was measured; pure."""
    return _JUDGES.get(spec.kind, _rows)(spec, numbers, measures)


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
    if spec.kind == "custom_sql":
        broken = f"{numbers.bad:,} rows found"
    return _judgement(spec, numbers, passed, told, f"{_opening(spec, numbers)} ({broken})")


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
    moved = bool(spec.arguments.get("ordered")) and not missing and not extra and wanted != found
    parts = [f"{word} {', '.join(those)}" for word, those in (("missing", missing), ("unexpected", extra)) if those]
    if moved:
        parts.append(f"in another order: {', '.join(found)}")
    return _judgement(spec, numbers, not parts, len(missing) + len(extra), f"columns {'; '.join(parts)}")


def _column_type(spec: CheckSpec, numbers: Numbers, measures: Measures) -> Judgement:
    kinds = {column.name.lower(): column.type for column in measures.columns}
    wanted, found = str(spec.arguments["type"]), kinds.get(spec.columns[0].lower(), "")
    passed = (types.normalise(found) or found) == wanted
    said = f"{spec.columns[0]} is of type {found}, must be {wanted}" if found else f"there is no {spec.columns[0]}"
    return _judgement(spec, numbers, passed, found, said)


_JUDGES: Mapping[str, Callable[[CheckSpec, Numbers, Measures], Judgement]] = {
    "row_count_between": _row_count,
    "freshness_within": _freshness,
    "columns_match": _columns_match,
    "column_type_is": _column_type,
}
