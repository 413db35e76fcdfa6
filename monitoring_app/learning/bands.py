"""What one number of a batch usually is, and how far a new one lies outside it. Pure."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import asin, inf, pi, sin, sqrt
from statistics import median

WINDOW = 90  # so many batches back is what is usual
ROOM = 0.25  # of the range seen, on each side
YOUNG = 30  # with so few batches the room is twice as wide
LEAST_SEEN = 3
SEASONAL_FROM = 14
APART_FROM = 35  # weekdays have bounds of their own
TELLING = 0.5  # of the width of all: what is left without the weekday or the level must be less
LATELY = 7
FRESH = 35
ODD = 2  # numbers may lie farther out, those above all that were bounded before the weekdays were known
SAME_WEEKDAYS = 8
LEAST_ALIKE = 2
FEW_TELL = 1.3  # what is left without the weekday is more than it seems, for the weekday's middle was made of it
LEAST_SHARE = 0.005
SIGMAS = 2.5  # of what chance makes of a share


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """One number of a batch on the scale on which it is judged.

    `least` is the change of it that is not worth a word, `noise` what chance makes of so many values. A share has
    `rows`, how many values it was taken of; it is judged as the angle whose sine is its root, on which chance makes as
    much of a small one as of a great one, and its `least` is a change of the share itself. `is_seasonal` says that it
    may differ by the day of the week and move with time, `is_harmless_below` that little of it is never wrong.
    """

    value: float
    least: float
    noise: float = 0.0
    rows: float = 0.0
    is_seasonal: bool = False
    is_harmless_below: bool = False


def share(value: float, rows: float, least: float = LEAST_SHARE, *, is_harmless_below: bool = False) -> Number:
    """A share of so many values."""
    return Number(value=_angle(value), least=least, rows=max(rows, 1.0), is_harmless_below=is_harmless_below)


def _angle(share: float) -> float:
    return asin(sqrt(min(max(share, 0.0), 1.0)))


def share_of(angle: float) -> float:
    """The share that an angle stands for."""
    return sin(min(max(angle, 0.0), pi / 2)) ** 2


@dataclass(slots=True)
class Band:
    """One number over the batches so far."""

    values: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    weekdays: deque[int] = field(default_factory=lambda: deque(maxlen=WINDOW))
    steps: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    surprises: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    total: float = 0.0
    rows: float = 0.0
    seen: int = 0
    excused: deque[tuple[int, float]] = field(default_factory=deque)  # what a person said was fine, and when it came

    def surprise(self, number: Number, weekday: int) -> float:
        """How far a number lies outside what was seen, in multiples of what is allowed; above 1 is unusual."""
        if len(self.values) < LEAST_SEEN:
            return 0.0
        least, most = min(self.values), max(self.values)
        if self.excused:
            low, high = self._excusing(number, least, most)
            if low <= number.value <= high:
                return 0.0
        usual = self._outside(number, least, most, len(self.values))
        if usual >= 1 or not number.is_seasonal:
            return usual
        likes = (self._on(weekday), self._lately())
        return max(usual, *(self._outside(number, min(like), max(like), len(like)) for like in likes if like), 0.0)

    def limits(self, number: Number, weekday: int, patience: float | None = None) -> tuple[float, float]:
        """Between which values a number such as this one is not unusual, whatever it is itself.

        `patience` is by how much it must surprise; without it, by what this number was like so far.
        """
        patience = second_greatest(self.surprises) if patience is None else patience
        low, high = self._between(number, self.values, patience)
        alike = self.alike(number, weekday)
        if alike:
            lower, higher = self._between(number, alike, patience)
            low, high = max(low, lower), min(high, higher)
        return self._excusing(number, low, high) if self.excused else (low, high)

    def excuse(self, number: Number) -> None:
        """Take the last number for fine, however far outside it lies: up to there nothing is unusual for a while, and
        that it surprised makes nobody more patient."""
        self.surprises[-1] = 0.0
        self.excused.append((self.seen, number.value))
        while self.excused[0][0] <= self.seen - WINDOW:
            self.excused.popleft()

    def _excusing(self, number: Number, low: float, high: float) -> tuple[float, float]:
        """Two ends, moved out to what was said to be fine with the change that is not worth a word."""
        fine = [value for when, value in self.excused if when > self.seen - WINDOW]
        if not fine:
            return low, high
        lowest, highest = min(fine), max(fine)
        lowest -= self._allowed(number, lowest, 0.0, is_up=False)
        return min(low, lowest), max(high, highest + self._allowed(number, highest, 0.0, is_up=True))

    def _between(self, number: Number, values: Sequence[float], patience: float) -> tuple[float, float]:
        least, most = min(values), max(values)
        room = _room(values)
        low = least - patience * self._allowed(number, least, room, is_up=False)
        return low, most + patience * self._allowed(number, most, room, is_up=True)

    def alike(self, number: Number, weekday: int) -> list[float]:
        """All numbers as they would have been on that weekday, where it is told apart from the others; else none."""
        return self._on(weekday) if number.is_seasonal and len(self.values) >= APART_FROM else []

    def _on(self, weekday: int) -> list[float]:
        """All numbers as they would have been on that weekday, where weekdays tell more than all; else none.

        Weekdays share what is left of the numbers without them, so that few of each will do.
        """
        if len(self.values) < SEASONAL_FROM:
            return []
        held: dict[int, list[float]] = defaultdict(list)
        for value, day in zip(self.values, self.weekdays, strict=True):
            held[day].append(value)
        if len(held.get(weekday, ())) < LEAST_ALIKE:
            return []
        middles = {day: median(values[-SAME_WEEKDAYS:]) for day, values in held.items() if len(values) >= LEAST_ALIKE}
        known = ((value, day) for value, day in zip(self.values, self.weekdays, strict=True) if day in middles)
        return self._telling([middles[weekday] + FEW_TELL * (value - middles[day]) for value, day in known])

    def _lately(self) -> list[float]:
        """All numbers as they would have been by the last ones, where those tell more than all; else none."""
        if len(self.steps) < SEASONAL_FROM:
            return []
        level = median(list(self.values)[-LATELY:])
        return self._telling([level + step for step in self.steps])

    def _telling(self, same: list[float]) -> list[float]:
        """The newest of them but those farthest out, where they lie closer together than all numbers do."""
        middle = median(same)
        near = sorted(same[-FRESH:], key=lambda value: abs(value - middle))[:-ODD]
        return near if max(near) - min(near) <= TELLING * (max(self.values) - min(self.values)) else []

    def _outside(self, number: Number, least: float, most: float, seen: int) -> float:
        below = 0.0 if number.is_harmless_below else least - number.value
        beyond, edge = max((below, least), (number.value - most, most))
        if beyond <= 0:
            return 0.0
        room = ROOM * (1 + YOUNG / seen) * (most - least)
        return beyond / self._allowed(number, edge, room, is_up=number.value > most)

    def _allowed(self, number: Number, edge: float, room: float, *, is_up: bool) -> float:
        """How far beyond an edge of what was seen a number may lie."""
        if not number.rows:
            return max(room, number.noise) + number.least
        held = sin(edge) ** 2
        rarer = min(held, 1 - held)
        effect = _angle(rarer + number.least) - _angle(rarer)
        chance = min(SIGMAS / (2 * sqrt(number.rows)) + effect, self._by_chance(number, edge, held, is_up=is_up))
        return max(room + effect, chance)

    def _by_chance(self, number: Number, edge: float, held: float, *, is_up: bool) -> float:
        """What chance makes of the share that all batches had together, near none and near all above all."""
        usual = (self.total + 0.5) / (self.rows + 1)
        change = number.least + 1 / number.rows + SIGMAS * sqrt(usual * (1 - usual) / number.rows)
        moved = held + change if is_up else held - change
        return abs(_angle(moved) - edge) if 0 < moved < 1 else inf

    def add(self, number: Number, weekday: int, surprise: float) -> None:
        """Take a batch's number in; one that lies far outside widens the band by a bounded step."""
        value = number.value
        if (surprise > 1 or self.excused) and len(self.values) >= LEAST_SEEN:
            least, most = min(self.values), max(self.values)
            room = _room(self.values)
            lowest = least - self._allowed(number, least, room, is_up=False)
            value = min(max(value, lowest), most + self._allowed(number, most, room, is_up=True))
        if number.is_seasonal and len(self.values) >= LATELY:
            self.steps.append(value - median(list(self.values)[-LATELY:]))
        self.values.append(value)
        self.weekdays.append(weekday)
        self.surprises.append(surprise)
        self.seen += 1
        if number.rows:
            self.total += sin(value) ** 2 * number.rows
            self.rows += number.rows


def _room(values: Collection[float]) -> float:
    return ROOM * (1 + YOUNG / len(values)) * (max(values) - min(values))


def second_greatest(values: Iterable[float]) -> float:
    """The greatest but one, for one alone may be the fault one looks for; at least 1."""
    first = second = 0.0
    for value in values:
        if value > first:
            first, second = value, first
        elif value > second:
            second = value
    return max(1.0, second)
