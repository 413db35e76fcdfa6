"""What one number of a batch usually is, and how far a new one lies outside it. Pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt

WINDOW = 90  # so many batches back is what is usual
ROOM = 0.25  # of the range seen, on each side
YOUNG = 30  # with so few batches the room is twice as wide
LEAST_SEEN = 3
SEASONAL_FROM = 35
SAME_WEEKDAYS = 8
LEAST_SHARE = 0.005
SIGMAS = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """One number of a batch, on the scale on which it is judged, and the change of it that is not worth a word.

    `rows` is how many values a share was taken of, 0 for what is no share. `is_seasonal` says that it may differ by
    the day of the week.
    """

    value: float
    least: float
    rows: float = 0.0
    is_seasonal: bool = False


@dataclass(slots=True)
class Band:
    """One number over the batches so far."""

    values: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    weekdays: deque[int] = field(default_factory=lambda: deque(maxlen=WINDOW))
    surprises: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    total: float = 0.0
    rows: float = 0.0
    seen: int = 0

    def surprise(self, number: Number, weekday: int) -> float:
        """How far a number lies outside what was seen, in multiples of what is allowed; above 1 is unusual."""
        if len(self.values) < LEAST_SEEN:
            return 0.0
        least, most = min(self.values), max(self.values)
        usual = self._outside(number, least, most, len(self.values))
        if usual >= 1:
            return usual
        alike = self.alike(number, weekday)
        return max(usual, self._outside(number, min(alike), max(alike), len(alike))) if alike else usual

    def limits(self, number: Number, weekday: int) -> tuple[float, float]:
        """Between which values a number such as this one is not unusual, whatever it is itself."""
        least, most = min(self.values), max(self.values)
        room = self.patience() * self._room(number, least, most, len(self.values))
        low, high = least - room, most + room
        alike = self.alike(number, weekday)
        if alike:
            room = self.patience() * self._room(number, min(alike), max(alike), len(alike))
            low, high = max(low, min(alike) - room), min(high, max(alike) + room)
        return low, high

    def alike(self, number: Number, weekday: int) -> list[float]:
        """The last numbers of the same weekday, where they tell more than all; else none."""
        if not number.is_seasonal or len(self.values) < SEASONAL_FROM:
            return []
        same = [value for value, day in zip(self.values, self.weekdays, strict=True) if day == weekday]
        same = same[-SAME_WEEKDAYS:]
        width = max(self.values) - min(self.values)
        return [] if len(same) < LEAST_SEEN or max(same) - min(same) > 0.5 * width else same

    def _outside(self, number: Number, least: float, most: float, seen: int) -> float:
        beyond = max(least - number.value, number.value - most, 0.0)
        return beyond / self._room(number, least, most, seen) if beyond else 0.0

    def _room(self, number: Number, least: float, most: float, seen: int) -> float:
        return ROOM * (1 + YOUNG / seen) * (most - least) + self._floor(number)

    def _floor(self, number: Number) -> float:
        if not number.rows:
            return number.least
        share = (self.total + 0.5) / (self.rows + 1)
        return max(number.least, 1.5 / number.rows) + SIGMAS * sqrt(max(share * (1 - share), 0.0) / number.rows)

    def add(self, number: Number, weekday: int, surprise: float) -> None:
        """Take a batch's number in; one that lies far outside widens the band by a bounded step."""
        value = number.value
        if surprise > 1 and len(self.values) >= LEAST_SEEN:
            least, most = min(self.values), max(self.values)
            step = ROOM * (1 + YOUNG / len(self.values)) * (most - least) + self._floor(number)
            value = min(max(value, least - step), most + step)
        self.values.append(value)
        self.weekdays.append(weekday)
        self.surprises.append(surprise)
        self.total += value * number.rows
        self.rows += number.rows
        self.seen += 1

    def patience(self) -> float:
        """How surprising the number has been now and then without being wrong: the second greatest of the past."""
        return second_greatest(self.surprises)


def second_greatest(values: Sequence[float]) -> float:
    """The greatest but one, for one alone may be the fault one looks for; at least 1."""
    first = second = 0.0
    for value in values:
        if value > first:
            first, second = value, first
        elif value > second:
            second = value
    return max(1.0, second)
