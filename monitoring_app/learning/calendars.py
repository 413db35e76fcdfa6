"""Columns that only say which period a batch is of: its year, its month, its weekday, as a number or a text. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from monitoring_app.learning.bands import LEAST_SEEN
from monitoring_app.profiling.profile import ColumnProfile

AGREED = 0.9  # of the batches: a few may be wrong
NUMBERED: Mapping[str, Callable[[date], str]] = {
    "year": lambda day: str(day.year),
    "month": lambda day: str(day.month),
    "day": lambda day: str(day.day),
    "weekday": lambda day: str(day.weekday()),
    "weekday from 1": lambda day: str(day.isoweekday()),
    "weekday from Sunday": lambda day: str(day.isoweekday() % 7),
    "weekday from 1, Sunday first": lambda day: str(day.isoweekday() % 7 + 1),
    "week": lambda day: str(day.isocalendar().week),
    "quarter": lambda day: str((day.month + 2) // 3),
    "day of the year": lambda day: str(day.timetuple().tm_yday),
}
_LAYOUTS = ("%Y%m%d", "%Y%m", "%Y-%m", "%m", "%d", "%j", "%y", "%B", "%b", "%A", "%a", "%m/%d/%Y", "%d/%m/%Y")
_LAYOUTS_MORE = ("%d.%m.%Y", "%Y/%m/%d", "%d-%b-%Y", "%m/%d/%y", "%G-W%V")


def _written(layout: str) -> Callable[[date], str]:
    return lambda day: day.strftime(layout)


WRITTEN: Mapping[str, Callable[[date], str]] = {layout: _written(layout) for layout in (*_LAYOUTS, *_LAYOUTS_MORE)}
KINDS: Mapping[str, Callable[[date], str]] = {**NUMBERED, **WRITTEN}


def kinds(column: ColumnProfile, day: date) -> frozenset[str]:
    """The kinds of calendar columns that a column of a batch may be; none where it holds more than one value."""
    if len(column.top) != 1 or not column.is_whole:
        return frozenset()
    held = plain(column.top[0].text)
    return frozenset(name for name, written in KINDS.items() if plain(written(day)) == held)


class Calendar:
    """What a column says of the day, by the batches so far."""

    def __init__(self) -> None:
        self._agreed: Counter[str] = Counter()
        self._batches = 0

    def add(self, kinds: Iterable[str]) -> None:
        self._batches += 1
        self._agreed.update(kinds)

    def kinds(self) -> list[str]:
        """The kinds of calendar column it was in nearly every batch; none before there were some."""
        if self._batches < LEAST_SEEN:
            return []
        return [kind for kind, batches in self._agreed.items() if batches >= AGREED * self._batches]


def expected(kind: str, day: date) -> str:
    """What such a column holds in the batch of a day."""
    return KINDS[kind](day)


def plain(text: str) -> str:
    """A value however it was written: `3.0` and `03` are 3."""
    whole = text[:-2] if text.endswith(".0") else text
    return whole.lstrip("0") or "0" if whole.isascii() and whole.isdigit() else text.casefold()


def agrees(column: ColumnProfile, kind: str, day: date) -> float:
    """The share of a column's values that are what the calendar says."""
    wanted = plain(expected(kind, day))
    return sum(one.rows for one in column.top if plain(one.text) == wanted) / max(column.counted, 1)
