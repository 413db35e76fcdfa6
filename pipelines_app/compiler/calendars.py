"""On which days something is made at all: weekdays, less the public holidays of a place, less days named one by one."""

from datetime import date, timedelta
from functools import lru_cache

import holidays

from pipelines_app.compiler import names
from pipelines_app.compiler.definition import WEEKDAYS, Calendar

LONGEST_GAP = 366


def country_fault(country: str) -> str:
    """What is wrong with the code of a country; empty for nothing."""
    known = holidays.list_supported_countries()
    if country in known:
        return ""
    return f"{country!r} is not a country whose holidays are known, such as CH or US{names.hint(country, known)}"


def subdivision_fault(country: str, subdivision: str) -> str:
    """What is wrong with the code of a part of a country; empty for nothing."""
    known = holidays.list_supported_countries().get(country, [])
    if subdivision in known:
        return ""
    listed = f"; known there: {', '.join(known)}" if known else ", and none is known there"
    return f"{subdivision!r} is not a part of {country}{listed}"


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision or None)


def is_open(calendar: Calendar | None, day: date) -> bool:
    """Whether something is made on a day; without a calendar, on every day."""
    if calendar is None:
        return True
    if WEEKDAYS[day.weekday()] not in calendar.weekdays or day.isoformat() in calendar.but:
        return False
    return not calendar.country or day not in _holidays(calendar.country, calendar.subdivision)


def moved(calendar: Calendar | None, day: date, steps: int) -> date | None:
    """The day so many open days later; with none, the day itself or the next one that is open. None: there is none."""
    found = day if is_open(calendar, day) else _next_open(calendar, day)
    for _ in range(steps if is_open(calendar, day) else steps - 1):
        found = _next_open(calendar, found) if found is not None else None
    return found


def _next_open(calendar: Calendar | None, day: date) -> date | None:
    later = (day + timedelta(days=ahead) for ahead in range(1, LONGEST_GAP + 1))
    return next((one for one in later if is_open(calendar, one)), None)


def sentence(calendar: Calendar) -> str:
    """A calendar in words: `business day (Monday to Friday but for the holidays of CH-ZH)`."""
    days = _days(calendar)
    place = "-".join(part for part in (calendar.country, calendar.subdivision) if part)
    but = [f"the holidays of {place}"] if place else []
    but += (
        [f"{len(calendar.but)} more days" if len(calendar.but) > 3 else ", ".join(calendar.but)] if calendar.but else []
    )
    name = "business day" if calendar.weekdays == WEEKDAYS[:5] else "day of its calendar"
    return f"{name} ({days}{' but for ' + ' and '.join(but) if but else ''})"


def _days(calendar: Calendar) -> str:
    full = [DAYS[day] for day in calendar.weekdays]
    places = [WEEKDAYS.index(day) for day in calendar.weekdays]
    if len(places) > 2 and places == list(range(places[0], places[-1] + 1)):
        return f"{full[0]} to {full[-1]}"
    return ", ".join(full)


DAYS = dict(zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))
