"""What the next value should be: simple forecasts side by side, each weighed by its recent errors."""

from collections import deque
from collections.abc import Sequence
from copy import copy
from statistics import median

GAINS = (0.03, 0.1, 0.3, 0.9)
SEASON_GAIN = 0.1
TREND_LEVEL, TREND_GAIN, TREND_LEFT = 0.2, 0.1, 0.98
ERROR_GAIN = 0.01
POWER = 3.0
SEASONS_LEARNED, THEN_WORTH = 3, 3
SEASONS_KEPT, VALUES_KEPT = 12, 60


def learned_at(seasons: Sequence[int]) -> int:
    """After how many points the shortest season is known; errors from before count as three from then on."""
    return SEASONS_LEARNED * seasons[0] if seasons and seasons[0] <= 24 else 30


class Smoother:
    """Exponential smoothing of a level, a profile for each season, and a damped trend where it has a gain for one."""

    __slots__ = ("gain", "level", "profiles", "seasons", "seen", "trend", "trend_gain", "visits")

    def __init__(self, gain: float, seasons: Sequence[int], trend_gain: float = 0.0) -> None:
        self.gain, self.trend_gain, self.seasons = gain, trend_gain, tuple(seasons)
        self.level = self.trend = 0.0
        self.seen = 0
        self.profiles = [[0.0] * season for season in seasons]
        self.visits = [[0] * season for season in seasons]

    def expect(self, slot: int) -> float:
        value = self.level + self.trend
        for season, profile in zip(self.seasons, self.profiles, strict=True):
            value += profile[slot % season]
        return value

    def learn(self, value: float, slot: int, expected: float) -> None:
        """Take a value in; gains begin as those of a mean, so that few points are enough."""
        error = value - expected
        self.seen += 1
        gain = max(self.gain, 1 / self.seen)
        self.level += self.trend + gain * error
        if self.trend_gain and self.seen > 5:
            self.trend = TREND_LEFT * (self.trend + self.trend_gain * gain * error)
        if self.seen > 1:
            self._learn_seasons(error * (1 - gain), slot)

    def copy(self) -> "Smoother":
        other = copy(self)
        other.profiles = [list(profile) for profile in self.profiles]
        other.visits = [list(visits) for visits in self.visits]
        return other

    def _learn_seasons(self, rest: float, slot: int) -> None:
        for season, profile, visits in zip(self.seasons, self.profiles, self.visits, strict=True):
            phase = slot % season
            visits[phase] += 1
            part = max(SEASON_GAIN, 1 / (visits[phase] + 1)) * rest
            profile[phase] += part
            rest -= part


class Blend:
    """Smoothers with every set of seasons and several gains, as one forecast."""

    def __init__(self, seasons: Sequence[int]) -> None:
        sets = [tuple(seasons[:count]) for count in range(len(seasons) + 1)]
        self._smoothers = [Smoother(gain, chosen) for chosen in sets for gain in GAINS]
        self._smoothers += [Smoother(TREND_LEVEL, chosen, TREND_GAIN) for chosen in sets]
        self._errors = [0.0] * len(self._smoothers)
        self._expected: list[float] = []
        self._learned_at = learned_at(seasons)
        self._seen = self._weight = 0

    def expect(self, slot: int) -> float:
        """The mean of all forecasts, each by the inverse power of its error so far."""
        self._expected = [smoother.expect(slot) for smoother in self._smoothers]
        least = min(self._errors) + 1e-12
        if self._seen < 3 or least <= 1e-12:
            return min(zip(self._errors, self._expected, strict=True))[1] if self._seen else 0.0
        weights: list[float] = [(least / (error + 1e-12)) ** POWER for error in self._errors]
        total = sum(weight * value for weight, value in zip(weights, self._expected, strict=True))
        return total / sum(weights)

    def learn(self, value: float, slot: int, *, most: float) -> None:
        """Take in the value of the slot that was asked for last; no error counts as more than `most`."""
        self._seen += 1
        self._weight = THEN_WORTH if self._seen == self._learned_at else self._weight + 1
        gain = max(ERROR_GAIN, 1 / self._weight)
        for place, (smoother, expected) in enumerate(zip(self._smoothers, self._expected, strict=True)):
            if self._seen > 1:
                self._errors[place] += gain * (min(abs(value - expected), most) - self._errors[place])
            smoother.learn(value, slot, expected)

    def shift(self, by: float) -> None:
        """Go on from another level with the same seasons."""
        for smoother in self._smoothers:
            smoother.level += by
        self._expected = [value + by for value in self._expected]

    def go_on(self) -> None:
        """Pass a slot whose value says nothing: trends go on."""
        for smoother in self._smoothers:
            smoother.level += smoother.trend

    def copy(self) -> "Blend":
        """The same forecasts, to go on without what comes."""
        other = copy(self)
        other._smoothers = [smoother.copy() for smoother in self._smoothers]
        other._errors = list(self._errors)
        return other


class Memory:
    """What used to be usual: medians that a week of faults does not move, and what came on the same occasion before."""

    def __init__(self, seasons: Sequence[int]) -> None:
        self._seasons = tuple(reversed(seasons))
        self._phases: dict[tuple[int, int], deque[float]] = {}
        self._values: deque[float] = deque(maxlen=VALUES_KEPT)
        self._occasions: dict[str, float] = {}

    def nearest(
        self,
        value: float,
        slot: int,
        *,
        expected: float,
        occasions: Sequence[str],
        festive: bool = False,
        before: float | None = None,
    ) -> float:
        """Of all that may be expected now, what is nearest to the value; a holiday may be like a quieter day."""
        known = [expected + self._occasions[name] for name in occasions if name in self._occasions]
        if before is not None:
            known.append(before)
        if (usual := self.usual(slot)) is not None:
            known.append(usual)
        if festive:
            week = [self.usual(other) for other in range(slot + 1, slot + 7)]
            known += [usual for usual in week if usual is not None and usual < expected]
        return min([expected, *known], key=lambda one: abs(value - one))

    def learn(self, value: float, slot: int, *, surprise: float, occasions: Sequence[str]) -> None:
        """Keep a value for its phases, and how far it lay off on this occasion (0 where it was nothing special)."""
        self._values.append(value)
        for season in self._seasons:
            self._phases.setdefault((season, slot % season), deque(maxlen=SEASONS_KEPT)).append(value)
        for name in occasions:
            if surprise:
                self._occasions[name] = surprise
            else:
                self._occasions.pop(name, None)

    def usual(self, slot: int) -> float | None:
        """The median of the same phase of the longest season that is known, or of the last values."""
        for season in self._seasons:
            before = self._phases.get((season, slot % season), ())
            if len(before) >= 5:
                return median(before)
        return median(self._values) if len(self._values) >= 14 else None
