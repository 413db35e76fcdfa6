"""Where a point of a series stands: its slot, the phases of its seasons, its place in the month."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

HOUR, DAY = 3600, 86400
UNITS = {"s": 1, "sec": 1, "t": 60, "min": 60, "m": 60, "h": HOUR}
FRIDAY = 4
FIXED_HOLIDAYS = frozenset({(1, 1), (1, 2), (5, 1), (7, 3), (7, 4), (7, 5), (12, 24), (12, 25), (12, 26), (12, 31)})
NTH_WEEKDAYS = frozenset({(1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4)})
BESIDE_EASTER = frozenset({-2, 0, 1, 39, 50})
NAMED = {
    "minutely": "min",
    "hourly": "H",
    "hour": "H",
    "daily": "D",
    "day": "D",
    "weekly": "W",
    "week": "W",
    "monthly": "M",
    "quarterly": "Q",
    "yearly": "Y",
    "annual": "Y",
}
DURATION = re.compile(r"P(T?)(\d+)([SMHDWY])")
WORDS = re.compile(r"(\d*)\s*([A-Za-z]+)")


@dataclass(frozen=True)
class Clock:
    """How a frequency counts: the seconds of a slot (0: by the calendar), and the seasons in slots, shortest first."""

    name: str
    seconds: int
    seasons: tuple[int, ...]

    def slot(self, at: str, position: int) -> int:
        """The number of the slot that a text names; what is no moment counts by its position."""
        moment = _moment(at)
        if moment is None:
            return position
        if self.name == "D":
            return moment.toordinal()
        if self.name == "W":
            return moment.toordinal() // 7
        if self.name == "Y":
            return moment.year
        months = moment.year * 12 + moment.month
        if self.name in {"M", "Q"}:
            return months if self.name == "M" else (months - 1) // 3
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) // self.seconds

    def occasions(self, at: str) -> tuple[str, ...]:
        """Names of the day that come again by the calendar: of the month, before its end, of the year."""
        moment = _moment(at) if self.name == "D" else None
        if moment is None:
            return ()
        left = monthrange(moment.year, moment.month)[1] - moment.day
        return (f"day {moment.day}", f"{left} before the end", f"{moment.month}-{moment.day}")

    def festive(self, at: str) -> bool:
        """Whether the day is one on which much of the world rests, or the one beside it."""
        moment = _moment(at) if self.name == "D" else None
        return moment is not None and _rests(moment.date())

    def earlier(self, at: str, slots: int) -> str:
        """The text of the moment so many slots before, written as `at` is; months and quarters stay as they are."""
        days = {"D": 1, "W": 7}.get(self.name, 0)
        moment = _moment(at)
        if moment is None or not slots or not (days or self.seconds):
            return at
        moment -= slots * timedelta(days=days, seconds=self.seconds)
        text = at.strip()
        if len(text) <= len("2013-01-01"):
            return moment.date().isoformat()
        written = moment.isoformat(sep=text[10], timespec="minutes" if text.count(":") == 1 else "auto")
        return written.replace("+00:00", "Z") if text.endswith("Z") else written


def clock_of(frequency: str) -> Clock:
    """The clock of a frequency as people write it: D, B, H, 15min, W, M, Q, weekly, PT5M."""
    match = WORDS.match(_short(frequency.strip()))
    count, unit = (int(match[1] or 1), match[2]) if match else (1, "D")
    if unit in {"M", "MS", "ME", "MONTH"}:
        return Clock("M", 0, (12,))
    if unit.upper().startswith("Q"):
        return Clock("Q", 0, (4,))
    if unit.upper() in {"A", "Y", "AS", "YS", "YE"}:
        return Clock("Y", 0, ())
    if unit.upper().startswith("W") or (unit.upper() == "D" and count and count % 7 == 0):
        return Clock("W", 0, (52,))
    seconds = count * UNITS.get(unit.lower(), 0)
    if not seconds or seconds >= DAY:
        return Clock("D", 0, (7,))
    return Clock(frequency, seconds, tuple(span // seconds for span in (DAY, 7 * DAY) if span % seconds == 0))


def _short(frequency: str) -> str:
    """A frequency that is written as a word, or as a duration of ISO 8601, in the letters that others use."""
    if frequency.lower() in NAMED:
        return NAMED[frequency.lower()]
    if match := DURATION.fullmatch(frequency.upper()):
        return match[2] + ("min" if match[1] and match[3] == "M" else match[3])
    return frequency


def _rests(day: date) -> bool:
    """Holidays that many countries share, and those of the United States; a Friday may follow one."""
    if (day.month, day.day) in FIXED_HOLIDAYS or (day - _easter(day.year)).days in BESIDE_EASTER:
        return True
    if day.weekday() == FRIDAY:
        day -= timedelta(days=1)
    last = day.day + 7 > monthrange(day.year, day.month)[1]
    weekday = (day.month, day.weekday())
    return (*weekday, (day.day - 1) // 7 + 1) in NTH_WEEKDAYS or (last and weekday == (5, 0))


def _easter(year: int) -> date:
    """Easter Sunday (the Gregorian computus in Gauss's manner, after Meeus)."""
    golden, century, rest = year % 19, year // 100, year % 100
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    month, day = divmod(moon + sunday - 7 * ((golden + 11 * moon + 22 * sunday) // 451) + 114, 31)
    return date(year, month, day + 1)


def _moment(at: str) -> datetime | None:
    try:
        return datetime.fromisoformat(at.strip())
    except ValueError:
        pass
    try:
        return datetime.combine(date.fromisoformat(f"{at.strip()}-01"), datetime.min.time())
    except ValueError:
        return None
