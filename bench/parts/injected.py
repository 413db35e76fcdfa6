"""What is done to a series on purpose, and where: events that a watch should find."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev

Values = list[float | None]


@dataclass(frozen=True)
class Event:
    """Points `first` to `last` of a series were changed, and how."""

    kind: str
    first: int
    last: int


@dataclass(frozen=True)
class Place:
    """Where an event goes, and how large the usual deviation is there."""

    first: int
    unit: float
    season: int


Change = Callable[[Values, Place, random.Random], int]


def inject(
    values: Sequence[float | None], *, season: int, warmup: int, dice: random.Random
) -> tuple[Values, list[Event]]:
    """A copy of a series with an event every forty to seventy points after the warm-up, and the list of them."""
    changed: Values = list(values)
    events: list[Event] = []
    kinds: list[str] = []
    at = warmup + dice.randint(3, 25)
    while at + 30 < len(changed):
        if not kinds:
            kinds = list(KINDS)
            dice.shuffle(kinds)
        if all(value is not None for value in values[at : at + 30]):
            kind = kinds.pop()
            place = Place(at, _unit(values, at, season), season)
            last = KINDS[kind](changed, place, dice)
            events.append(Event(kind, at, last))
            at = last
        at += dice.randint(40, 70)
    return changed, events


def _unit(values: Sequence[float | None], at: int, season: int) -> float:
    """The usual deviation before a point, its season included: what an event is measured in."""
    known = [value for value in values[max(at - 8 * max(season, 7), 0) : at] if value is not None]
    if not known:
        return 1.0
    return max(pstdev(known), 0.03 * abs(median(known)), 1e-9)


def _move(values: Values, place: int, by: float, *, floor: bool) -> None:
    value = values[place]
    if value is not None:
        values[place] = max(value + by, 0.0) if floor else value + by


def _size(values: Values, place: Place, dice: random.Random, *, up: bool, least: float, most: float) -> float:
    """How far a value is moved: so many usual deviations, or, every other time, a share of the value."""
    value = abs(values[place.first] or 0.0)
    sign = 1.0 if up else -1.0
    by_unit = dice.uniform(least, most) * place.unit
    by_share = value * (dice.uniform(0.5, 1.5) if up else dice.uniform(0.3, 0.9))
    return sign * (max(by_share, least * place.unit) if dice.random() < 0.5 else by_unit)


def _whole(values: Values) -> bool:
    return all(value is None or value >= 0 for value in values)


def _spike(values: Values, place: Place, dice: random.Random, *, up: bool = True) -> int:
    floor, last = _whole(values), place.first + dice.randint(0, 1)
    by = _size(values, place, dice, up=up, least=3, most=6)
    for at in range(place.first, last + 1):
        _move(values, at, by, floor=floor)
    return last


def _dip(values: Values, place: Place, dice: random.Random) -> int:
    return _spike(values, place, dice, up=False)


def _shift(values: Values, place: Place, dice: random.Random, *, up: bool) -> int:
    floor, last = _whole(values), place.first + dice.randint(7, 20)
    by = _size(values, place, dice, up=up, least=2, most=4)
    for at in range(place.first, last + 1):
        _move(values, at, by, floor=floor)
    return last


def _up(values: Values, place: Place, dice: random.Random) -> int:
    return _shift(values, place, dice, up=True)


def _down(values: Values, place: Place, dice: random.Random) -> int:
    return _shift(values, place, dice, up=False)


def _drift(values: Values, place: Place, dice: random.Random) -> int:
    floor, length = _whole(values), dice.randint(14, 28)
    by = _size(values, place, dice, up=dice.random() < 0.5, least=3, most=6)
    for step in range(length):
        _move(values, place.first + step, by * (step + 1) / length, floor=floor)
    return place.first + length - 1


def _stuck(values: Values, place: Place, dice: random.Random) -> int:
    last = place.first + dice.randint(4, 10)
    for at in range(place.first, last + 1):
        values[at] = values[place.first - 1] if values[place.first - 1] is not None else values[at]
    return last


def _missing(values: Values, place: Place, dice: random.Random) -> int:
    last = place.first + dice.randint(1, 5)
    for at in range(place.first, last + 1):
        values[at] = None
    return last


def _wild(values: Values, place: Place, dice: random.Random) -> int:
    floor, last = _whole(values), place.first + dice.randint(9, 16)
    for at in range(place.first, last + 1):
        _move(values, at, dice.gauss(0, 3.5) * place.unit, floor=floor)
    return last


def _unseasonal(values: Values, place: Place, dice: random.Random) -> int:
    """Two seasons in which every phase is like the others; where there is no season, the spread is lost instead."""
    length = min(2 * max(place.season, 7), 28)
    before = [value for value in values[max(place.first - 28, 0) : place.first] if value is not None]
    level = fmean(before) if before else 0.0
    for at in range(place.first, place.first + length):
        values[at] = max(level + dice.gauss(0, 0.7) * place.unit, 0.0) if _whole(values) else level
    return place.first + length - 1


KINDS: dict[str, Change] = {
    "spike": _spike,
    "dip": _dip,
    "shift up": _up,
    "shift down": _down,
    "drift": _drift,
    "stuck": _stuck,
    "missing": _missing,
    "variance": _wild,
    "season lost": _unseasonal,
}
