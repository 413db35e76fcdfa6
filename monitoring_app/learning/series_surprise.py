"""How surprising a point is: deviations, sums of them, values that stay and values that are missing, on one scale."""

import math
from collections import deque
from collections.abc import Sequence

from monitoring_app.learning.series_forecast import THEN_WORTH, learned_at

SPREAD_GAIN = 0.015
LIKELIHOOD_LEFT = 0.985
LEVEL_PART = 0.25
MOST_SIZE = 1e100
FLOOR_COUNT, FLOOR_LEVEL, FLOOR_WHOLE = 0.015, 0.01, 0.4
RATE_PART, RATE_LEAST, RATE_MOST = 0.15, 0.001, 0.005
MOST_FREEDOM = 14
STUCK_RARE, STUCK_FAULTS, STUCK_RUNS = 5.0, 3, 10
VALUES_COUNTED, VALUES_MORE, VALUE_COMMON = 120, 5, 0.2
TOLD_FOR, GLARING = 7, 5.25  # a week of days; half as much again as an alarm needs
WEEK, WEEK_POINTS, WEEK_MOST, WEEK_SQUARE, SLOW_GAIN = 7, 28, 3.0, 4.0, 0.005
WEEKS_TOLD, WEEKS_REST = 5, 42
RATIO_PART, RATIO_FLOOR, RATIO_FREEDOM, RATIO_POINTS, RATIO_CLIP = 0.1, 0.1, 8, 8, 2.5
TAIL_WINDOW, TAIL_SHARE, TAIL_LEAST, TAIL_USUAL, TAIL_MOST = 200, 0.015, 2, 2.5, 8.0
SUMS = (2, 3, 7, 14)
SUM_GAIN, SUM_WEIGHT, SUM_MOST = 1 / 60, 1.05, 2.5


def normal(t: float, freedom: float) -> float:
    """The normal deviate that is as rare as a Student t (Wallace 1959)."""
    return math.sqrt(freedom * math.log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)


def student(deviate: float, freedom: float) -> float:
    """The Student t that is as rare as a normal deviate: the inverse of `normal`."""
    plain = deviate * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(min(plain * plain / freedom, 50)))


class Nature:
    """What kind of number a series holds, as far as it has been seen."""

    def __init__(self) -> None:
        self.positive = self.whole = self.share = True
        self.size = 0.0
        self._seen = 0

    def learn(self, value: float) -> None:
        self._seen += 1
        self.positive = self.positive and value >= 0
        self.whole = self.whole and value == int(value)
        self.share = self.share and 0 <= value <= 1
        self.size += max(1 / 60, 1 / self._seen) * (abs(value) - self.size)

    def floor(self, expected: float) -> float:
        """The deviation below which nobody cares: the least spread that is believed."""
        if self.share and not self.whole:
            return min(max(RATE_PART * min(expected, 1 - expected), RATE_LEAST), RATE_MOST)
        counts = self.positive and self.whole
        least = (FLOOR_COUNT if counts else FLOOR_LEVEL) * max(abs(expected), 0.3 * self.size)
        return max(least, FLOOR_WHOLE if self.whole else 1e-9)


class Spread:
    """The usual deviation: the same everywhere, or with the root of what is expected, or with it, whichever fits.

    Errors from before the season was known say little of those after: all of them count as three.
    """

    def __init__(self, seasons: Sequence[int]) -> None:
        self._learned_at = learned_at(seasons)
        self._weight = 0
        self._variances = [0.0, 0.0, 0.0]
        self._likelihoods = [0.0, 0.0, 0.0]
        self._factors = (1.0, 1.0, 1.0)
        self.seen = 0

    @property
    def freedom(self) -> int:
        return min(max(self.seen - 1, 1), MOST_FREEDOM)

    def expect(self, expected: float, nature: Nature) -> float:
        """The standard error of a forecast: never under the floor, wider while few points are known."""
        level = abs(expected) + LEVEL_PART * nature.size + 1e-9
        self._factors = (1.0, math.sqrt(level), level)
        best = max(range(3), key=lambda place: self._likelihoods[place])
        own = math.sqrt(self._variances[best]) * self._factors[best]
        return math.hypot(own, nature.floor(expected)) * math.sqrt(1 + 1 / max(self.seen, 1))

    def learn(self, error: float) -> None:
        self.seen += 1
        self._weight = THEN_WORTH if self.seen == self._learned_at else self._weight + 1
        gain = max(SPREAD_GAIN, 1 / self._weight)
        for place, factor in enumerate(self._factors):
            square = min(abs(error) / factor, MOST_SIZE) ** 2
            variance = max(self._variances[place], 1e-18)
            if self.seen > 3:
                likely = -0.5 * (math.log(variance * factor * factor) + min(square / variance, 9))
                self._likelihoods[place] = LIKELIHOOD_LEFT * self._likelihoods[place] + likely
            self._variances[place] += gain * (square - self._variances[place])


class Tail:
    """How far the largest deviations to one side went before: where they are common, they surprise less."""

    def __init__(self) -> None:
        self._episodes: deque[tuple[int, float]] = deque()
        self._excused: tuple[int, float] | None = None
        self._known: tuple[int, float] | None = None

    def factor(self, seen: int) -> float:
        """What a deviation to this side is multiplied by; at most 1."""
        if self._known is None or self._known[0] != seen:
            self._known = seen, self._factor(seen)
        return self._known[1]

    def _factor(self, seen: int) -> float:
        while self._episodes and self._episodes[0][0] < seen - TAIL_WINDOW:
            self._episodes.popleft()
        rank = max(int(TAIL_SHARE * min(seen, TAIL_WINDOW)), TAIL_LEAST)
        largest = sorted((size for _, size in self._episodes), reverse=True)
        usual = largest[rank - 1] if len(largest) >= rank else 0.0
        if self._excused and self._excused[0] >= seen - TAIL_WINDOW:
            usual = max(usual, self._excused[1])
        return min(TAIL_USUAL / usual, 1.0) if usual else 1.0

    def learn(self, deviation: float, seen: int) -> None:
        """Keep a large deviation; neighbours are one episode, with the largest of theirs."""
        if deviation < TAIL_USUAL:
            return
        size = min(deviation, TAIL_MOST)
        if self._episodes and self._episodes[-1][0] >= seen - 2:
            size = max(size, self._episodes.pop()[1])
        self._episodes.append((seen, size))
        self._known = None

    def excuse(self, deviation: float, seen: int, *, threshold: float) -> None:
        """Somebody said that a deviation was fine: the same again is to stay under the threshold."""
        self._excused = (seen, TAIL_USUAL * deviation / (0.9 * threshold))
        self._known = None


class Ratios:
    """How far below the expected a positive value lies as a ratio.

    Where spikes are common or the spread is wide, a fall to nothing is still rare: sums do not see it, ratios do.
    """

    def __init__(self) -> None:
        self._mean = self._variance = 0.0
        self._seen = 0
        self._tail = Tail()

    def judge(self, value: float, usual: float, nature: Nature, *, threshold: float, label: str | None) -> float:
        """The normal deviate of a fall, then learned from; 0 where the value did not fall."""
        if not nature.positive or value < 0 or not nature.size:
            return 0.0
        error = math.log((value + self._least(nature)) / (max(usual, 0.0) + self._least(nature)))
        spread = self._spread()
        plain = max((self._mean - error) / spread, 0.0) if self._seen >= RATIO_POINTS else 0.0
        tempered = plain * self._tail.factor(self._seen)
        freedom = self._freedom
        if label == "fine":
            self._tail.excuse(plain, self._seen, threshold=threshold)
        elif label is None:
            self._tail.learn(plain, self._seen)
        if label != "bad":
            self._learn(error - self._mean, spread)
        return normal(tempered, freedom)

    def low(self, usual: float, nature: Nature, *, threshold: float) -> float:
        """The value below which a fall raises an alarm by itself."""
        if not nature.positive or not nature.size or self._seen < RATIO_POINTS:
            return -math.inf
        reach = student(threshold, self._freedom) * self._spread() / self._tail.factor(self._seen)
        return (max(usual, 0.0) + self._least(nature)) * math.exp(self._mean - reach) - self._least(nature)

    @property
    def _freedom(self) -> int:
        return min(max(self._seen - 1, 1), RATIO_FREEDOM)

    def _spread(self) -> float:
        return math.hypot(math.sqrt(self._variance), RATIO_FLOOR) * math.sqrt(1 + 1 / max(self._seen, 1))

    @staticmethod
    def _least(nature: Nature) -> float:
        return max(RATIO_PART * nature.size, 0.5 if nature.whole else 0.0)

    def _learn(self, off: float, spread: float) -> None:
        self._seen += 1
        most = RATIO_CLIP * spread if self._seen > RATIO_POINTS else math.inf
        off = max(min(off, most), -most)
        gain = max(SPREAD_GAIN, 1 / self._seen)
        self._mean += gain * off
        self._variance += gain * (off * off - self._variance)


class Sums:
    """Sums of the last deviations, each beside what such a sum usually is: for what no single point shows."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=max(SUMS))
        self._squares = dict.fromkeys(SUMS, 1.0)
        self._seen = 0

    def learn(self, deviate: float) -> tuple[float, int]:
        """Take a deviate in; the largest sum, and over how many points it goes."""
        self._last.append(max(min(deviate, SUM_MOST), -SUM_MOST))
        self._seen += 1
        best, over = 0.0, 0
        for count in SUMS:
            if self._seen < 9 or len(self._last) < count:
                continue
            total = sum(list(self._last)[-count:]) / math.sqrt(count)
            score = SUM_WEIGHT * abs(total) / math.sqrt(max(self._squares[count], 1.0))
            if score > best:
                best, over = score, count
            gain = max(SUM_GAIN, 1 / (self._seen - 7))
            self._squares[count] += gain * (min(total * total, 9 * self._squares[count]) - self._squares[count])
        return best, over

    def forget(self) -> None:
        """What was summed has been understood: the next sums begin anew."""
        self._last.clear()


class Weeks:
    """How far the last values together lie from what was usual in the seasons before, beside how far such weeks lie.

    It sees what creeps: forecasts follow a slow drift, medians of earlier seasons do not.
    """

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=WEEK)
        self._mean, self._square = 0.0, WEEK_SQUARE
        self._seen = self._alarmed = self._rest = 0

    def learn(self, deviation: float, *, threshold: float) -> float:
        """Take in by how many spreads a value lies off the usual; the score of the last seven, if it is part of it."""
        self._last.append(max(min(deviation, WEEK_MOST), -WEEK_MOST))
        self._seen += 1
        self._rest -= 1
        if self._seen < WEEK_POINTS:
            return 0.0
        off = sum(self._last) / math.sqrt(WEEK) - self._mean
        score = abs(off) / math.sqrt(max(self._square, 1.0))
        gain = max(SLOW_GAIN, 1 / (self._seen - WEEK_POINTS + 10))
        most = 3 * math.sqrt(self._square)
        off = max(min(off, most), -most)
        self._mean += gain * off
        self._square += gain * (off * off - self._square)
        if self._rest > 0 or abs(deviation) < 1 or off * deviation < 0:
            return 0.0
        self._alarmed = self._alarmed + 1 if score >= threshold else 0
        if self._alarmed >= WEEKS_TOLD:
            self.rest()
        return score

    def rest(self) -> None:
        """What is told is known: say no more until the seasons before know it too."""
        self._rest, self._alarmed = WEEKS_REST, 0


class Repeats:
    """How rare it is that a value comes again at once, and once more after that.

    It is no rarer than the value itself: where every other day has none, some days in a row have none. What is common
    says nothing of how long other values stay.
    """

    def __init__(self) -> None:
        self._stays = {True: _Stays(), False: _Stays()}
        self._before: deque[float] = deque(maxlen=VALUES_COUNTED)
        self._last: float | None = None
        self._run = self._runs = self._surprises = 0
        self._surprised = False

    def learn(self, value: float) -> float:
        """Take a value in; the score of its run, from the third equal value on."""
        last, self._last = self._last, value
        if last is None:
            return 0.0
        often = self._before.count(last) / (len(self._before) + VALUES_MORE)
        stays = self._stays[often >= VALUE_COMMON]
        begins, goes_on = stays.chances(often)
        self._runs += not self._run
        if self._runs > VALUES_MORE and not (self._run and value == last and self._is_fault):
            stays.count(is_begin=not self._run, same=value == last)
        if value != last:
            self._before.extend([last] * (1 if self._is_fault else self._run + 1))
            self._run, self._surprised = 0, False
            return 0.0
        self._run += 1
        rare = -math.log(begins) - (self._run - 1) * math.log(goes_on)
        self._surprises += rare >= STUCK_RARE and not self._surprised
        self._surprised = rare >= STUCK_RARE
        return math.sqrt(2 * max(rare, 0)) if self._run > 1 and self._runs > STUCK_RUNS else 0.0

    @property
    def _is_fault(self) -> bool:
        """A fault that lasts is not how often values usually stay; what comes again and again is."""
        return self._surprised and self._surprises <= STUCK_FAULTS


class _Stays:
    """How often values came again at once, and went on coming."""

    def __init__(self) -> None:
        self._begun = self._could_begin = self._gone_on = self._could_go_on = 0

    def chances(self, often: float) -> tuple[float, float]:
        """How likely a value that comes so often comes a second time, and each further time."""
        begins = (self._begun + 0.1) / (self._could_begin + 1)
        goes_on = (self._gone_on + max(begins, 0.15)) / (self._could_go_on + 1)
        return min(max(begins, often), 1.0), min(max(goes_on, often), 1.0)

    def count(self, *, is_begin: bool, same: bool) -> None:
        if is_begin:
            self._could_begin += 1
            self._begun += same
        else:
            self._could_go_on += 1
            self._gone_on += same


class Absences:
    """How rare it is that nothing is there: by phase of the shortest season, for some series rest on Sundays."""

    def __init__(self, seasons: Sequence[int]) -> None:
        self._season = seasons[0] if seasons and seasons[0] <= 24 else 1
        self._missed, self._slots = [0.0] * self._season, [0.0] * self._season
        self._rare = 0.0
        self._run = 0

    def missing(self, slot: int) -> float:
        """Nothing came in a slot: the score of the stretch so far."""
        phase = slot % self._season
        share = (sum(self._missed) + 0.1) / (sum(self._slots) + 1)
        here = (self._missed[phase] + 2 * share) / (self._slots[phase] + 2)
        self._run += 1
        if self._run <= 2 * self._season + 5:
            self._rare += -math.log(min(here, 1.0))
            self._missed[phase] += 1
            self._slots[phase] += 1
        return math.sqrt(2 * max(self._rare, 0.0)) if sum(self._slots) > 10 else 0.0

    def there(self, slot: int) -> None:
        self._rare, self._run = 0.0, 0
        self._slots[slot % self._season] += 1


class News:
    """What came to light is not told again within a week unless it is worse than it was, or glaring."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=TOLD_FOR + 1)

    def learn(self, score: float) -> float:
        """The score of a point; where it was quieter since one as high, no more than that quiet."""
        news, least = score, math.inf
        for earlier in reversed(self._last):
            if least < score <= min(earlier, GLARING):
                news = least
            least = min(least, earlier)
        self._last.append(score)
        return news
