"""One profile put together from those of its parts, without looking at a row again. Pure.

Rows, NULLs, shares, least, greatest, mean and deviation come out as if all rows had been measured at once. Different
values come from the sketches: exactly up to as many as a sketch keeps, with a standard error of 4.4 % beyond. Quantiles
come from those of the parts, between which values are taken to lie evenly; where every value is counted, from those.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import sqrt

from monitoring_app.profiling.asking import HASHES, PATTERNS, QUANTILES, SKETCHED, TOP
from monitoring_app.profiling.profile import ColumnProfile, Counted, Metric, Profile

Levels = Sequence[tuple[float, float]]  # a value and the share of rows that are not greater, in order

_OF_VALUES = (
    *(Metric.INFINITE_SHARE, Metric.ZERO_SHARE, Metric.NEGATIVE_SHARE, Metric.WHOLE_SHARE, Metric.DECIMALS),
    *(Metric.BLANK_SHARE, Metric.PADDED_SHARE, Metric.UPPER_SHARE, Metric.LOWER_SHARE, Metric.FOREIGN_SHARE),
    *(Metric.MEAN_LENGTH, Metric.FUTURE_SHARE, Metric.WITHIN_SHARE, Metric.MIDNIGHT_SHARE, Metric.MEAN),
)
_LEAST = (Metric.MINIMUM, Metric.MIN_LENGTH)
_MOST = (Metric.MAXIMUM, Metric.MAX_LENGTH)


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A column of one part, with the rows of the part and how many of them have a value."""

    column: ColumnProfile
    rows: int

    @property
    def values(self) -> float:
        missing = self.column.metrics.get(Metric.NULL_SHARE, 0.0) + self.column.metrics.get(Metric.MISFIT_SHARE, 0.0)
        return self.rows * max(0.0, 1 - missing)


def merged(parts: Sequence[Profile]) -> Profile:
    """The profile of all rows of the parts together; a column that one of them has not is NULL there."""
    rows = sum(part.rows for part in parts)
    names = {column.name: column.type for part in parts for column in part.columns}
    columns = tuple(_column(name, type_, parts, rows) for name, type_ in names.items())
    sketch, below = united([(part.sketch, part.sketched_below) for part in parts if part.rows])
    metrics = {Metric.ROWS: float(rows), Metric.COLUMNS: float(len(columns))}
    if all(Metric.BYTES in part.metrics for part in parts):
        metrics[Metric.BYTES] = sum(part.metrics[Metric.BYTES] for part in parts)
    if rows and sketch:
        metrics[Metric.DUPLICATE_SHARE] = max(0.0, 1 - distinct(sketch, below) / rows)
    return Profile(
        period="",
        rows=rows,
        columns=columns,
        metrics=metrics,
        content=_content(parts, rows),
        sketch=sketch,
        sketched_below=below,
    )


def _content(parts: Sequence[Profile], rows: int) -> str:
    """The hashes of rows add up, so those of parts do."""
    sums = [part.content.partition(":")[2] for part in parts if part.rows]
    return f"{rows}:{sum(map(int, sums))}" if rows and all(one.isdecimal() for one in sums) else ""


def _column(name: str, type_: str, parts: Sequence[Profile], rows: int) -> ColumnProfile:
    has = [(part.column(name), part.rows) for part in parts]
    held = [Weighed(column=column, rows=of) for column, of in has if column is not None and column.type == type_]
    misfits = sum(one.rows * one.column.metrics.get(Metric.MISFIT_SHARE, 0.0) for one in held)
    values = sum(one.values for one in held)
    metrics: dict[Metric, float] = {}
    if rows:
        metrics[Metric.NULL_SHARE] = max(0.0, (rows - values - misfits) / rows)
    if any(Metric.MISFIT_SHARE in one.column.metrics for one in held):
        metrics[Metric.MISFIT_SHARE] = misfits / rows if rows else 0.0
    full = [one for one in held if one.values > 0]
    if not full:
        return ColumnProfile(name=name, type=type_, metrics=metrics)
    return _filled(ColumnProfile(name=name, type=type_, metrics=metrics), full, values)


def _filled(empty: ColumnProfile, full: Sequence[Weighed], values: float) -> ColumnProfile:
    columns = [one.column for one in full]
    sketch, below = united([(column.sketch, column.sketched_below) for column in columns])
    top = _together((column.top for column in columns), TOP)
    counted = sum(column.counted for column in columns)
    metrics = {**empty.metrics, **_numbers(full)}
    if all(column.sketch for column in columns):
        different = _between(distinct(sketch, below), columns)
        metrics |= {Metric.DISTINCT: different, Metric.DISTINCT_SHARE: min(1.0, different / values)}
    if top and counted:
        metrics[Metric.TOP_SHARE] = top[0].rows / counted
    is_whole = all(column.is_whole for column in columns) and len(top) < TOP
    if is_whole and Metric.MEDIAN in metrics:
        metrics |= _counted_out(top)
    least, most = _ends(full)
    return replace(
        empty,
        metrics=metrics,
        minimum=least,
        maximum=most,
        counted=counted,
        top=top,
        is_whole=is_whole,
        patterns=_together((column.patterns for column in columns), PATTERNS),
        sketch=sketch,
        sketched_below=below,
    )


def _between(different: float, parts: Sequence[ColumnProfile]) -> float:
    """Not fewer than the part with the most has, nor more than all have: a sketch of few hashes may be far off."""
    known = [part.metrics.get(Metric.DISTINCT, 0.0) for part in parts]
    return min(max(different, *known), sum(known)) if all(known) else different


def _ends(full: Sequence[Weighed]) -> tuple[str, str]:
    """The least and the greatest as they are shown: of numbers and moments by what they are, else as texts."""
    columns = [one.column for one in full]
    if all(Metric.MINIMUM in column.metrics and Metric.MAXIMUM in column.metrics for column in columns):
        least = min(columns, key=lambda column: column.metrics[Metric.MINIMUM])
        most = max(columns, key=lambda column: column.metrics[Metric.MAXIMUM])
        return least.minimum, most.maximum
    return min(column.minimum for column in columns), max(column.maximum for column in columns)


def _numbers(full: Sequence[Weighed]) -> dict[Metric, float]:
    found: dict[Metric, float] = {}
    for metric in _OF_VALUES:
        has = [(one.column.metrics[metric], one.values) for one in full if metric in one.column.metrics]
        if has:
            found[metric] = sum(value * weight for value, weight in has) / sum(weight for _, weight in has)
    for metrics, choose in ((_LEAST, min), (_MOST, max)):
        for metric in metrics:
            there = [one.column.metrics[metric] for one in full if metric in one.column.metrics]
            if there:
                found[metric] = choose(there)
    if Metric.MEAN in found:
        deviation = _deviation(full, found[Metric.MEAN])
        found |= {Metric.STDDEV: deviation} if deviation is not None else {}
    return found | quantiles([(levels(one.column.metrics), one.values) for one in full])


def _deviation(full: Sequence[Weighed], mean: float) -> float | None:
    """The deviation within the parts and between them, of a sample."""
    has = [one for one in full if Metric.MEAN in one.column.metrics]
    total = sum(one.values for one in has)
    if total <= 1 or any(Metric.STDDEV not in one.column.metrics and one.values > 1 for one in has):
        return None
    within = sum((one.values - 1) * one.column.metrics.get(Metric.STDDEV, 0.0) ** 2 for one in has)
    between = sum(one.values * (one.column.metrics[Metric.MEAN] - mean) ** 2 for one in has)
    return sqrt(max(0.0, within + between) / (total - 1))


def levels(metrics: Mapping[Metric, float]) -> Levels:
    """What is known of how the values of a part lie; empty where they have no order that can be reckoned with."""
    shares = {Metric.MINIMUM: 0.0, **QUANTILES, Metric.MAXIMUM: 1.0}
    known = [(metrics[metric], share) for metric, share in shares.items() if metric in metrics]
    return known if len(known) == len(shares) else ()


def quantiles(parts: Sequence[tuple[Levels, float]]) -> dict[Metric, float]:
    """The quantiles of all values of parts, each with its weight; none where one of the parts has none."""
    total = sum(weight for _, weight in parts)
    if not total or not all(part for part, _ in parts):
        return {}
    values = sorted({value for part, _ in parts for value, _ in part})
    lines = [([value for value, _ in part], [share for _, share in part], weight) for part, weight in parts]

    def below(value: float) -> float:
        return sum(weight * _share(marks, shares, value) for marks, shares, weight in lines) / total

    return {metric: _at(values, below, share) for metric, share in QUANTILES.items()}


def _share(marks: Sequence[float], shares: Sequence[float], value: float) -> float:
    """The share of a part that is not greater than a value, by a straight line between the marks."""
    place = bisect_right(marks, value)
    if place == 0:
        return 0.0
    if place == len(marks):
        return 1.0
    low, high = marks[place - 1], marks[place]
    return shares[place - 1] + (shares[place] - shares[place - 1]) * (value - low) / (high - low)


def _at(values: Sequence[float], below: Callable[[float], float], wanted: float) -> float:
    """The value that this share is not above, between the two marks that hold it."""
    place = bisect_left(values, wanted, key=below)
    if place == 0:
        return values[0]
    if place == len(values):
        return values[-1]
    low, high = values[place - 1], values[place]
    under, up_to = below(low), below(high)
    return low + (high - low) * (wanted - under) / (up_to - under)


def _counted_out(top: Sequence[Counted]) -> dict[Metric, float]:
    """The quantiles of numbers whose every value is counted; none where they are not numbers."""
    try:
        values = sorted((float(one.text), one.rows) for one in top)
    except ValueError:
        return {}
    reached = list(accumulate(rows for _, rows in values))

    def nth(place: int) -> float:
        return values[bisect_right(reached, place)][0]

    found = {}
    for metric, share in QUANTILES.items():
        at = (reached[-1] - 1) * share
        low, high = nth(int(at)), nth(min(int(at) + 1, reached[-1] - 1))
        found[metric] = low + (high - low) * (at - int(at))
    return found


def united(sketches: Sequence[tuple[Mapping[int, int], int]]) -> tuple[dict[int, int], int]:
    """The sketch of all rows of the parts: the same as if it had been made of them at once."""
    if not sketches:
        return {}, 0
    below = min(bound for _, bound in sketches)
    rows: Counter[int] = Counter()
    for sketch, _ in sketches:
        rows.update({hashed: count for hashed, count in sketch.items() if hashed < below})
    kept = sorted(rows)[: SKETCHED + 1]
    if len(kept) > SKETCHED:
        below = kept[SKETCHED]
    return {hashed: rows[hashed] for hashed in kept[:SKETCHED]}, below


def distinct(sketch: Mapping[int, int], below: int) -> float:
    """How many different values there are, by those whose hashes are among the least."""
    return len(sketch) / (below / HASHES) if below else 0.0


def _together(lists: Iterable[Sequence[Counted]], most: int) -> tuple[Counted, ...]:
    """The most frequent of all, among those that were frequent in a part."""
    rows: Counter[str] = Counter()
    for counted in lists:
        rows.update({one.text: one.rows for one in counted})
    ordered = sorted(rows.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    return tuple(Counted(text=text, rows=count) for text, count in ordered)
