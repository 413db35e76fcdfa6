"""What a first look suggests: a source's contract, the period in a file's name, checks with their reasons. Pure."""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app.compiler import periods, types
from pipelines_app.compiler.definition import Format, PeriodKind
from pipelines_app.engines.base import Look

Entry = dict[str, object]

# The longest first: an hour holds a day, a day holds a month.
_SHAPES = (
    (PeriodKind.HOUR, r"\d{4}-?\d{2}-?\d{2}[T_ -]?\d{2}"),
    (PeriodKind.DAY, r"\d{4}-?\d{2}-?\d{2}"),
    (PeriodKind.MONTH, r"\d{4}-?\d{2}"),
)
_COMPRESSED = re.compile(r"\.(gz|zst)$")
_KEY = re.compile(r"(^|_)(id|key|code|number|no|nr|uuid)$")
FEW_VALUES = 12
ROWS_PER_VALUE = 20
MOST_TOLERANCE = 0.05


def period_in(name: str) -> tuple[PeriodKind, str]:
    """The kind of period a file name carries and the pattern of such names; none and an empty pattern otherwise."""
    plain = _COMPRESSED.sub("", name)
    for kind, shape in _SHAPES:
        found = re.search(rf"(?<!\d){shape}(?!\d)", plain, re.ASCII)
        if not found:
            continue
        pattern = plain[: found.start()] + periods.PLACEHOLDER + plain[found.end() :]
        if periods.from_filename(pattern, plain, kind):
            return kind, pattern
    return PeriodKind.NONE, ""


def period_of_rows(look: Look, kind: PeriodKind) -> str:
    """The period in which all rows lie by the first column of times that says so; empty where none does."""
    if kind == PeriodKind.NONE:
        return ""
    length = len(periods.EXAMPLES[kind])
    for column in look.columns:
        low, high = str(column.minimum)[:length].replace(" ", "T"), str(column.maximum)[:length].replace(" ", "T")
        if column.type in types.MOMENTS and low == high and periods.is_valid(kind, low):
            return low
    return ""


def contract(look: Look, name: str) -> Entry:
    """A source's entry as the file seems to ask for."""
    kind, pattern = period_in(name)
    entry: Entry = {"format": str(look.format), "columns": {one.name: column_type(one.type) for one in look.columns}}
    if kind != PeriodKind.NONE:
        entry |= {"period": str(kind), "from": pattern, "mode": "partition"}
    if look.format in (Format.CSV, Format.TSV):
        entry |= {"delimiter": look.delimiter, "header": look.header, "null": list(look.null)}
    if look.format != Format.PARQUET:
        entry["encoding"] = look.encoding or "utf-8"
    return entry


def first_sql(dataset: str, columns: Sequence[str]) -> str:
    """A query to start from: all columns of a dataset as they are."""
    layer, _, table = dataset.partition(".")
    chosen = [exp.column(exp.to_identifier(column)) for column in columns]
    return exp.select(*chosen).from_(exp.table_(table, db=layer)).sql("duckdb", pretty=True)


def column_type(seen: str) -> str:
    """A type that a source may declare: what a contract has no word for is kept as text."""
    return types.normalise(seen) or "VARCHAR"


def tolerance(rejected: int, total: int) -> float:
    """A tolerance under which a file like this would still be published; 0 where too much of it does not fit."""
    share = rejected / total if total else 0.0
    if not share or share > MOST_TOLERANCE / 2:
        return 0.0
    return max(0.01, math.ceil(share * 200) / 100)


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """One column of some rows, counted: `values` are all of them in order where there are few."""

    name: str
    type: str
    rows: int
    nulls: int
    distinct: int
    minimum: object
    maximum: object
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A check as it would stand in the definition, and why it is proposed."""

    entry: Entry
    reason: str


def checks(
    profile: Sequence[ColumnProfile], *, source: bool, promised: Collection[str] = frozenset()
) -> list[Proposal]:
    """Checks that the rows seen so far keep, the most telling first; those of `promised` are never empty already."""
    found = [
        *(proposal for column in sorted(profile, key=_is_no_key) for proposal in _unique(column)),
        *(proposal for column in profile for proposal in _in_set(column)),
        *(proposal for column in profile for proposal in _between(column)),
    ]
    if source and profile and profile[0].rows:
        found += _row_count(profile[0].rows)
    return found + _not_null([column for column in profile if column.name not in promised])


def _is_no_key(column: ColumnProfile) -> bool:
    return not _KEY.search(column.name.lower())


def _unique(column: ColumnProfile) -> Iterator[Proposal]:
    could_be_key = column.type in types.INTEGERS or column.type == "VARCHAR"
    if could_be_key and column.rows > 1 and column.distinct == column.rows:
        yield Proposal(entry={"unique": column.name}, reason=f"all {column.rows:,} values differ")


def _not_null(profile: Sequence[ColumnProfile]) -> list[Proposal]:
    """One proposal for all columns that were never empty: alone none of them says much."""
    full = [column.name for column in profile if column.rows and not column.nulls]
    if not full:
        return []
    reason = f"none of {profile[0].rows:,} rows is empty here"
    return [Proposal(entry={"not_null": full if len(full) > 1 else full[0]}, reason=reason)]


def _in_set(column: ColumnProfile) -> Iterator[Proposal]:
    few = 2 <= column.distinct <= FEW_VALUES and column.rows >= ROWS_PER_VALUE * column.distinct
    if few and column.values and column.type == "VARCHAR":
        listed = ", ".join(column.values)
        entry: Entry = {"in_set": {"column": column.name, "values": list(column.values)}}
        yield Proposal(entry=entry, reason=f"only {column.distinct} values in {column.rows:,} rows: {listed}"[:300])


def _between(column: ColumnProfile) -> Iterator[Proposal]:
    low, high = column.minimum, column.maximum
    if not types.is_number(column.type) or column.distinct < 3 or column.distinct == column.rows:
        return
    bounds = _bounds(_number(low), _number(high), whole=column.type in types.INTEGERS)
    if bounds:
        entry: Entry = {"between": {"column": column.name, **bounds}}
        yield Proposal(entry=entry, reason=f"seen so far: {low} to {high}")


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _bounds(low: float | None, high: float | None, *, whole: bool) -> Mapping[str, object]:
    """What numbers seem to keep to: shares stay shares, counts do not go below zero, others not far beyond."""
    if low is None or high is None:
        return {}
    if low >= 0 and high <= 1 and not whole:
        return {"min": 0, "max": 1}
    if low >= 0:
        return {"min": 1 if whole and low >= 1 else 0}
    margin = max(high - low, 1)
    return {"min": math.floor(low - margin), "max": math.ceil(high + margin), "severity": "warn"}


def _row_count(rows: int) -> list[Proposal]:
    entry: Entry = {"row_count_between": {"min": max(1, rows // 2), "max": rows * 2, "severity": "warn"}}
    return [Proposal(entry=entry, reason=f"this file has {rows:,} rows; half or twice as many would be a surprise")]
