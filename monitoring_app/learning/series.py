"""One metric's series, judged point by point from what came before: expected value, interval, score and kind.

A blend of exponential smoothers (Holt 1957, Winters 1960), weighed by their past errors (Bates and Granger 1969), says
what is expected; a running spread with a floor says how far is usual, with Student's t while points are few; the
largest earlier deviations to each side temper the tail; what medians of past seasons, or what was expected before an
alarm, would have let through is no surprise; falls are ratios too; sums of deviations (after Page 1954) find shifts,
weeks beside the seasons before find drifts; rare repeats and gaps are counted. All are deviates on one scale, so that
one threshold serves every series. What was told is told again when it is worse.
docs/guides/anomalies.md has the formulas.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitoring_app.learning.series_clock import clock_of
from monitoring_app.learning.series_forecast import Blend, Memory
from monitoring_app.learning.series_surprise import (
    Absences,
    Nature,
    News,
    Ratios,
    Repeats,
    Spread,
    Sums,
    Tail,
    Weeks,
    normal,
    student,
)

THRESHOLD = 3.5
LEAST_POINTS = 5
TRUSTED_POINTS = 8
CLIP = 2.5
CONFIRMED_AFTER = 4
QUIET_WITHIN = 2
LONGEST_GAP = 400
MOST_DEVIATION = 1e6
CREEPING_COUNTS, CALIBRATED = 0.7, 0.95
REMEMBERED, REMEMBERED_FROM = 30, 20


class Kind(StrEnum):
    """What a surprise looks like, as far as its last point shows."""

    USUAL = "usual"
    SPIKE = "spike"
    DIP = "dip"
    SHIFT_UP = "level shift up"
    SHIFT_DOWN = "level shift down"
    DRIFT = "drift"
    STUCK = "stuck"
    MISSING = "missing"


class Label(StrEnum):
    """What a person said of a point."""

    BAD = "bad"
    FINE = "fine"


@dataclass(frozen=True)
class Point:
    """One measurement: when, as a text of the series' own format, and how much; None where nothing came."""

    at: str
    value: float | None
    label: Label | None = None


@dataclass(frozen=True)
class Verdict:
    """What is thought of a point by all before it; without a score as long as too little is known."""

    at: str
    value: float | None
    expected: float | None
    low: float | None
    high: float | None
    score: float | None
    kind: Kind
    alarm: bool
    absent: int = 0


@dataclass(frozen=True)
class _Surprise:
    score: float
    kind: Kind


def judge(points: Iterable[Point], *, frequency: str, sensitivity: float = 1.0, warmup: int = 0) -> list[Verdict]:
    """A verdict for every point, each from the points up to it; the first `warmup` are only learned from."""
    watch = Watch(frequency=frequency, sensitivity=sensitivity, warmup=warmup)
    return [watch.observe(point) for point in points]


def alarmed(verdicts: Sequence[Verdict]) -> list[tuple[int, int]]:
    """Places of the first and last point of every alarm; what is quiet for two points or less goes on."""
    stretches: list[tuple[int, int]] = []
    for place, verdict in enumerate(verdicts):
        if not verdict.alarm:
            continue
        if stretches and place - stretches[-1][1] <= QUIET_WITHIN + 1:
            stretches[-1] = (stretches[-1][0], place)
        else:
            stretches.append((place, place))
    return stretches


class Watch:
    """All that is remembered of one series: points go in one by one, verdicts come out."""

    def __init__(self, *, frequency: str, sensitivity: float = 1.0, warmup: int = 0) -> None:
        self._clock = clock_of(frequency)
        self._threshold = THRESHOLD / sensitivity
        self._warmup = warmup
        seasons = self._clock.seasons
        self._blend, self._memory = Blend(seasons), Memory(seasons)
        self._nature, self._spread = Nature(), Spread(seasons)
        self._before, self._left = self._blend, 0
        self._tails = {True: Tail(), False: Tail()}
        self._weeks = Weeks()
        self._ratios = Ratios()
        self._sums, self._repeats, self._absences = Sums(), Repeats(), Absences(seasons)
        self._news = News()
        self._excess: list[float] = []
        self._deviates: list[float] = []
        self._seen = self._position = 0
        self._told = -CONFIRMED_AFTER
        self._slot: int | None = None

    def observe(self, point: Point) -> Verdict:
        """Judge a point by what came before it, then learn from it."""
        self._position += 1
        slot = self._clock.slot(point.at, self._position)
        absent, gap = self._pass_absent(slot)
        self._slot = slot if self._slot is None else max(slot, self._slot)
        value = point.value if point.value is not None and math.isfinite(point.value) else None
        if value is None:
            return self._missing(point, slot, absent)
        self._absences.there(slot)
        if not self._seen:
            self._begin(value, slot, point)
            return Verdict(point.at, value, None, None, None, None, Kind.USUAL, alarm=False)
        return self._judged(point, value, slot, absent=absent, gap=gap)

    def _pass_absent(self, slot: int) -> tuple[int, float]:
        """Count the slots for which there is no row at all since the last one, and how rare that is."""
        if self._slot is None:
            return 0, 0.0
        absent = min(max(slot - self._slot - 1, 0), LONGEST_GAP)
        gap = 0.0
        for back in range(absent, 0, -1):
            gap = self._absences.missing(slot - back)
        return absent, gap

    def _missing(self, point: Point, slot: int, absent: int) -> Verdict:
        score = self._absences.missing(slot)
        expected = self._expect(slot) if self._seen else None
        return self._verdict(point, None, expected, (None, None), _Surprise(score, Kind.MISSING), absent=absent)

    def _begin(self, value: float, slot: int, point: Point) -> None:
        self._blend.expect(slot)
        self._nature.learn(value)
        self._blend.learn(value, slot, most=math.inf)
        self._memory.learn(value, slot, surprise=0.0, occasions=self._clock.occasions(point.at))
        self._repeats.learn(value)
        self._seen = 1

    def _expect(self, slot: int) -> float:
        expected = self._blend.expect(slot)
        return max(expected, 0.0) if self._nature.positive else expected

    def _judged(self, point: Point, value: float, slot: int, *, absent: int, gap: float) -> Verdict:
        expected = self._expect(slot)
        spread = self._spread.expect(expected, self._nature) if self._spread.seen > 2 else self._wide(expected)
        occasions = self._clock.occasions(point.at)
        festive = self._clock.festive(point.at)
        before = self._expected_before(slot)
        nearest = self._memory.nearest(
            value, slot, expected=expected, before=before, occasions=occasions, festive=festive
        )
        deviate = self._deviate(value - nearest, spread, point.label)
        deviate = self._fallen(deviate, value, nearest, point.label)
        deviating = self._together(self._deviating(deviate), self._creeping(value, slot, spread))
        surprise = self._most(deviating, _Surprise(self._repeats.learn(value), Kind.STUCK), gap)
        if surprise.score >= self._threshold:
            self._told = self._seen
            self._remember()
        band = self._band(expected, spread)
        verdict = self._verdict(point, value, expected, band, surprise, absent=absent)
        self._learn(point, value, slot, expected=expected, spread=spread, occasions=occasions)
        return verdict

    def _expected_before(self, slot: int) -> float | None:
        """What would be expected had there been no fault since the alarm: its end is no news."""
        self._left -= 1
        if self._left < 0:
            return None
        self._before.go_on()
        return self._before.expect(slot)

    def _remember(self) -> None:
        """An alarm begins: keep what is expected for as long as a fault lasts."""
        if self._left < 0 and self._seen > REMEMBERED_FROM:
            self._before, self._left = self._blend.copy(), REMEMBERED

    def _wide(self, expected: float) -> float:
        return max(0.5 * max(abs(expected), self._nature.size), self._nature.floor(expected))

    def _deviate(self, error: float, spread: float, label: Label | None) -> float:
        """A deviation as a signed normal deviate, tempered by how far others to its side went."""
        tail, plain = self._tails[error > 0], min(abs(error) / spread, MOST_DEVIATION)
        tempered = plain * tail.factor(self._seen)
        if label is Label.FINE:
            tail.excuse(plain, self._seen, threshold=self._threshold)
        elif label is None:
            tail.learn(plain, self._seen)
        return math.copysign(normal(tempered, self._spread.freedom), error)

    def _fallen(self, deviate: float, value: float, usual: float, label: Label | None) -> float:
        """The deviate, or that of the fall as a ratio where it is the rarer."""
        fall = self._ratios.judge(value, usual, self._nature, threshold=self._threshold, label=label)
        return min(deviate, -fall) if deviate <= 0 else deviate

    def _creeping(self, value: float, slot: int, spread: float) -> float:
        usual = self._memory.usual(slot)
        return self._weeks.learn(0.0 if usual is None else (value - usual) / spread, threshold=self._threshold)

    def _deviating(self, deviate: float) -> _Surprise:
        self._deviates = [*self._deviates[-2:], deviate]
        total, over = self._sums.learn(deviate)
        if total > abs(deviate):
            return _Surprise(total, Kind.DRIFT if over > 3 else self._shifted(deviate))
        if len(self._deviates) == 3 and all(one * deviate > 0 and abs(one) > 2 for one in self._deviates):
            return _Surprise(abs(deviate), self._shifted(deviate))
        return _Surprise(abs(deviate), Kind.SPIKE if deviate > 0 else Kind.DIP)

    @staticmethod
    def _together(deviating: _Surprise, creeping: float) -> _Surprise:
        """What lies off within a week that lies off: the root of the sum of squares, as two witnesses count."""
        score = CALIBRATED * max(math.hypot(deviating.score, CREEPING_COUNTS * creeping), creeping)
        return _Surprise(score, Kind.DRIFT if creeping > deviating.score else deviating.kind)

    @staticmethod
    def _shifted(deviate: float) -> Kind:
        return Kind.SHIFT_UP if deviate > 0 else Kind.SHIFT_DOWN

    def _most(self, deviating: _Surprise, staying: _Surprise, gap: float) -> _Surprise:
        """The largest score; a value that stays is called that, however far off it stays."""
        most = max(deviating, staying, _Surprise(gap, Kind.MISSING), key=lambda one: one.score)
        return _Surprise(most.score, Kind.STUCK) if staying.score >= self._threshold else most

    def _band(self, expected: float, spread: float) -> tuple[float, float]:
        """The interval that raises no alarm by itself: it is wide to the side where much came before."""
        alone = self._threshold / CALIBRATED
        reach = student(alone, self._spread.freedom) * spread
        low = expected - reach / self._tails[False].factor(self._seen)
        low = max(low, self._ratios.low(expected, self._nature, threshold=alone))
        return (
            max(low, 0.0) if self._nature.positive else low,
            expected + reach / self._tails[True].factor(self._seen),
        )

    def _verdict(
        self,
        point: Point,
        value: float | None,
        expected: float | None,
        band: tuple[float | None, float | None],
        surprise: _Surprise,
        *,
        absent: int,
    ) -> Verdict:
        ready = self._position > self._warmup and self._seen >= LEAST_POINTS
        news = self._news.learn(surprise.score)
        alarm = ready and news >= self._threshold
        kind = surprise.kind if alarm else Kind.USUAL
        score = round(news, 4) if ready else None
        return Verdict(point.at, value, expected, *band, score, kind, alarm=alarm, absent=absent)

    def _learn(
        self, point: Point, value: float, slot: int, *, expected: float, spread: float, occasions: Sequence[str]
    ) -> None:
        """Learn from a point: no further than the clip reaches, unless a person or the points after it confirm it."""
        if point.label is Label.BAD:
            return
        most = CLIP * spread if self._seen >= TRUSTED_POINTS and point.label is None else math.inf
        learned = expected + max(min(value - expected, most), -most)
        by = self._confirmed(value - learned)
        if by:
            self._blend.shift(by)
            self._sums.forget()
            if self._seen - self._told <= CONFIRMED_AFTER:
                self._weeks.rest()
            expected, learned = expected + by, value
        off = value - expected if abs(value - expected) > 2 * spread else 0.0
        self._memory.learn(value, slot, surprise=off, occasions=occasions)
        self._blend.learn(learned, slot, most=6 * spread)
        self._spread.learn(max(min(learned - expected, most), -most))
        self._nature.learn(value)
        self._seen += 1

    def _confirmed(self, excess: float) -> float:
        """By how much the level has moved, once enough points in a row lay beyond the clip on one side; else 0."""
        if not excess or (self._excess and self._excess[-1] * excess < 0):
            self._excess = []
        if not excess:
            return 0.0
        self._excess.append(excess)
        if len(self._excess) < CONFIRMED_AFTER:
            return 0.0
        by, self._excess = sorted(self._excess)[CONFIRMED_AFTER // 2], []
        return by
