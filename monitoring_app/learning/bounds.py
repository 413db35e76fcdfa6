"""One promise over a dataset's batches in their order: the bounds that those before each of them taught. Pure.

What is usual is what `bands` says it is; here it becomes numbers that people read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, expm1, floor, inf, log1p, log10

from monitoring_app.learning import measures, numbers, teaching
from monitoring_app.learning.bands import LEAST_SEEN, LEAST_SHARE, Band, Number, share, share_of
from monitoring_app.learning.promises import Batch, Judged, Kind, Measured, Promise
from monitoring_app.profiling.asking import Family
from monitoring_app.profiling.profile import Metric

# Nothing of the wrong kind at all.
HARD = frozenset({*(Kind.COLUMNS, Kind.UNIQUE, Kind.KEY, Kind.NOT_NULL, Kind.CALENDAR), Kind.SAME_ROWS, Kind.SAME_SUM})
SHARES = HARD | {Kind.REPEATS, Kind.NULLS, Kind.DOMAIN, Kind.PATTERN, Kind.DRIFT}
SHARES |= {Kind.ORDERED, Kind.DETERMINES, Kind.REFERENCES}
STRICT = frozenset({Kind.DETERMINES, Kind.REFERENCES})  # what hardly ever had an exception has none
RARELY = 0.1  # of the batches
ONE_SIDED = frozenset({*SHARES, Kind.FRESH})
_ENDS: Mapping[Kind, tuple[tuple[Metric, Metric], Family]] = {
    Kind.RANGE: ((Metric.MINIMUM, Metric.MAXIMUM), Family.NUMBER),
    Kind.MEAN: ((Metric.MEAN, Metric.MEAN), Family.NUMBER),
    Kind.MOMENTS: ((Metric.MIN_OFFSET, Metric.MAX_OFFSET), Family.MOMENT),
}
DIGITS = 2  # of what is left to chance a bound shows no more
LEAST_DRIFT = 0.02
EDGE_ROOM = 0.05  # of what the values differ by, where an edge is not always reached
ALWAYS = 0.9
EDGE = 1 / 3  # of the batches reach a least or greatest value that is one by nature
TIMED = {Kind.MOMENTS: 900.0, Kind.FRESH: 3600.0}  # seconds to which their bounds are rounded


@dataclass(frozen=True, kw_only=True)
class Point:
    """One batch in the course of a promise: what it held, the bounds before it, whether they would have alarmed."""

    batch: Batch
    measured: Measured
    low: float | None
    high: float | None
    alarmed: bool
    is_judged: bool


class Course:
    """The course of one promise; what it is about may grow with each batch."""

    def __init__(self, promise: Promise) -> None:
        self.promise = promise
        self.points: list[Point] = []
        self._lows, self._highs = Band(), Band()
        self._seen: list[Measured] = []
        self._last: Batch | None = None

    def go(self, batches: Sequence[Batch]) -> "Course":
        """Judge each batch by those before it, then learn from it."""
        for batch in batches:
            self.step(batch)
        return self

    def step(self, batch: Batch) -> None:
        measured = measures.measure(self.promise, batch)
        if measured is not None:
            low, high = self._limits(batch)
            known = len(self._seen) >= LEAST_SEEN
            judged = Judged(promise=self.promise, measured=measured, low=low, high=high)
            alarmed = known and judged.is_kept is False
            self.points.append(
                Point(batch=batch, measured=measured, low=low, high=high, alarmed=alarmed, is_judged=known)
            )
        self.promise = teaching.taught(self.promise, batch)
        # The first batch is measured by what it taught itself: there was nothing to be unlike.
        if self.promise.kind in teaching.GROWING and (measured is None or not self._seen or self.promise.kind in HARD):
            measured = measures.measure(self.promise, batch)
        if measured is not None:
            self._learn(measured, batch)

    def _learn(self, measured: Measured, batch: Batch) -> None:
        weekday = batch.day.weekday()
        for band, value, end in ((self._lows, measured.low, 0), (self._highs, measured.high, 1)):
            number = _scaled(self.promise, value, measured.of, batch, end)
            band.add(number, weekday, band.surprise(number, weekday))
        self._seen.append(measured)
        self._last = batch

    def _limits(self, batch: Batch) -> tuple[float | None, float | None]:
        """The bounds for a batch, by all that was learned so far."""
        kind = self.promise.kind
        if kind in HARD:
            return None, 0.0
        if len(self._seen) < LEAST_SEEN:
            return None, None
        if kind in STRICT and sum(one.high > 0 for one in self._seen) <= max(1.0, RARELY * len(self._seen)):
            return None, 0.0
        if kind is Kind.RANGE:
            return self._edges(batch)
        return self._usual(batch)

    def _usual(self, batch: Batch) -> tuple[float | None, float | None]:
        kind = self.promise.kind
        measured, weekday = self._seen[-1], batch.day.weekday()
        low = self._lows.limits(_scaled(self.promise, measured.low, measured.of, batch, 0), weekday)[0]
        high = self._highs.limits(_scaled(self.promise, measured.high, measured.of, batch, 1), weekday)[1]
        return self._rounded(None if kind in ONE_SIDED else _back(self.promise, low), _back(self.promise, high))

    def _edges(self, batch: Batch) -> tuple[float | None, float | None]:
        """The least and the greatest value there was, where it came again and again; else what is usual."""
        low, high = self._usual(batch)
        least, most = self.edges
        if least is not None:
            low = self._edge(least, [one.low for one in self._seen], -1)
        if most is not None:
            high = self._edge(most, [one.high for one in self._seen], 1)
        return low, high

    def _edge(self, edge: float, ends: Sequence[float], side: int) -> float:
        """A little beyond it, where it is not reached nearly always."""
        if ends.count(edge) >= ALWAYS * len(ends):
            return edge
        beyond = edge + side * EDGE_ROOM * _unit(self.promise)
        low, high = self._rounded(min(edge, beyond), max(edge, beyond))
        return float((low if side < 0 else high) or 0.0)

    @property
    def edges(self) -> tuple[float | None, float | None]:
        """A least and a greatest value that so many batches had that it is one by nature."""
        lows, highs = [one.low for one in self._seen], [one.high for one in self._seen]
        often = max(LEAST_SEEN, EDGE * len(self._seen))
        least, most = min(lows), max(highs)
        return least if lows.count(least) >= often else None, most if highs.count(most) >= often else None

    def _rounded(self, low: float | None, high: float) -> tuple[float | None, float | None]:
        """Outwards to numbers a person would write, and not beyond what there can be."""
        least = min(one.low for one in self._seen)
        kind = self.promise.kind
        width = abs(high) if low is None else max(abs(high - low), abs(high) / 1000, abs(low) / 1000)
        step = 10.0 ** (floor(log10(width)) - DIGITS + 1) if width > 0 else 1.0
        step = 0.001 if kind in SHARES else TIMED.get(kind, step)
        is_whole = kind is Kind.ROWS or self.promise.terms.get("is_whole", False)
        step = max(1.0, step) if is_whole else step
        high = _neat(ceil(high / step - 1e-9) * step)
        if low is not None:
            low = _neat(floor(low / step + 1e-9) * step)
            low = max(low, 0.0) if least >= 0 and kind is not Kind.MOMENTS else low
            low = max(low, 1.0) if kind is Kind.ROWS else low
        return low, min(high, 1.0) if kind in SHARES else high

    def bounded(self) -> Promise:
        """The promise with the bounds that all batches taught, weekdays apart where they differ."""
        last = self._last
        if last is None:
            return self.promise
        low, high = self._limits(last)
        return _with(self.promise, low, high, self._weekly())

    def _weekly(self) -> dict[str, tuple[float, float]]:
        last = self._last
        if self.promise.kind is not Kind.ROWS or last is None:
            return {}
        number = _scaled(self.promise, self._seen[-1].low, 0.0, last, 0)
        apart = [day for day in range(7) if self._highs.alike(number, day)]
        found = {}
        for day in apart:
            low, high = self._lows.limits(number, day)[0], self._highs.limits(number, day)[1]
            least, most = self._rounded(_back(self.promise, low), _back(self.promise, high))
            found[str(day)] = (least or 0.0, most if most is not None else inf)
        return found

    @property
    def alarms(self) -> int:
        """How often it would have alarmed, each batch judged by those before it."""
        return sum(point.alarmed for point in self.points)

    @property
    def judged(self) -> int:
        return sum(point.is_judged for point in self.points)

    @property
    def seen(self) -> Sequence[Measured]:
        return self._seen


def _with(promise: Promise, low: float | None, high: float | None, weekly: dict[str, tuple[float, float]]) -> Promise:
    if not weekly:
        return replace(promise, low=low, high=high, weekdays={})
    # The bound of every day is the widest: a weekday has its own where it is known.
    lows = [one for one, _ in weekly.values()] + ([low] if low is not None and len(weekly) < 7 else [])
    highs = [one for _, one in weekly.values()] + ([high] if high is not None and len(weekly) < 7 else [])
    return replace(promise, low=min(lows), high=max(highs), weekdays=weekly)


def _neat(value: float) -> float:
    """Without the dust of dividing by tens."""
    return float(f"{value:.10g}")


def _scaled(promise: Promise, value: float, of: float, batch: Batch, end: int) -> Number:
    """A number on the scale on which a change of it means the same."""
    kind, rows = promise.kind, batch.profile.rows
    if kind in SHARES:
        return share(value, of, LEAST_DRIFT if kind is Kind.DRIFT else LEAST_SHARE)
    if kind in _ENDS:
        ends, family = _ENDS[kind]
        found = numbers.of_metric(ends[end], value, family, unit=_unit(promise), values=max(float(rows), 1.0))
        return found or Number(value=value, least=LEAST_DRIFT)
    if kind is Kind.ROWS:
        return dict(numbers.of_batch(batch.profile))["", Kind.ROWS.value]
    return Number(value=log1p(max(value, 0.0)), least=0.3)


def _back(promise: Promise, scaled: float) -> float:
    """The value that stands at a place of that scale."""
    kind = promise.kind
    if kind in SHARES:
        return share_of(scaled)
    if kind in _ENDS:
        return numbers.value_of(_ENDS[kind][0][0], scaled, _ENDS[kind][1], unit=_unit(promise))
    return expm1(scaled)


def _unit(promise: Promise) -> float:
    return float(promise.terms.get("unit", 1.0))
