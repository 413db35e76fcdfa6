"""When a cron line fires, on the clock of its own time zone; a line that never fires is none. Pure functions."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.compiler.starters import Schedule, Stands

FIELDS = 5
_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
BOUNDS = "A moment lies between 1970 and 2100."


def is_bounded(moment: datetime) -> bool:
    """Whether a moment that somebody names is one that every zone's clock can show, with room on both sides."""
    return FIRST <= (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) < LAST


def shown(moment: datetime, zone: tzinfo) -> datetime:
    """A moment as the clocks of a zone show it; at the ends of the calendar, where they show none, as it is."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def fault(cron: str) -> str:
    """What is wrong with a cron line; empty for nothing."""
    if len(cron.split()) != FIELDS:
        return f"{cron!r} has not the {FIELDS} parts of a cron line: minute, hour, day, month, weekday"
    try:
        next(CronSim(cron, _SOME_DAY))
    except CronSimError as error:
        return f"{cron!r} is not a cron line: {str(error).lower()}"
    except StopIteration:
        return f"{cron!r} never fires: there is no such day"
    return ""


def zone_fault(name: str) -> str:
    """What is wrong with the name of a time zone; empty for nothing."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"{name!r} is not a time zone such as America/New_York"
    return ""


def ticks(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Its ticks after a moment, in time. Where the clocks go forward, what was skipped fires right after."""
    local = after.astimezone(ZoneInfo(schedule.timezone))
    return (tick.astimezone(UTC) for tick in CronSim(schedule.cron, local))


def next_tick(schedule: Schedule, after: datetime) -> datetime:
    """Its first tick after a moment."""
    return next(ticks(schedule, after))


def missed(schedule: Schedule, after: datetime, until: datetime, most: int) -> list[datetime]:
    """Its ticks after a moment and up to another, the first `most` of them."""
    return list(islice(takewhile(lambda tick: tick <= until, ticks(schedule, after)), most))


def last_tick(schedule: Schedule, at: datetime) -> datetime:
    """Its last tick up to a moment."""
    local = (at.replace(microsecond=0) + timedelta(seconds=1)).astimezone(ZoneInfo(schedule.timezone))
    backwards: datetime = next(CronSim(schedule.cron, local, reverse=True))
    return backwards.astimezone(UTC)


def period_of(schedule: Schedule, kind: PeriodKind, tick: datetime) -> str:
    """The key of the period that a tick stands for."""
    if kind is PeriodKind.NONE:
        return ""
    local = tick.astimezone(ZoneInfo(schedule.timezone))
    if schedule.period is Stands.CURRENT:
        return periods.key_of(kind, local)
    if kind is PeriodKind.HOUR:
        return periods.key_of(kind, (tick - timedelta(hours=1)).astimezone(ZoneInfo(schedule.timezone)))
    back = local.day if kind is PeriodKind.MONTH else 1
    return periods.key_of(kind, local - timedelta(days=back))


def period_at(kind: PeriodKind, text: str) -> str:
    """The key that a text gives: a key, a date, or a moment, by the clock it is written in; empty where it is none."""
    if kind is PeriodKind.NONE or periods.is_valid(kind, text):
        return text if kind is not PeriodKind.NONE else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    has_hours = "T" in text or " " in text
    period = periods.key_of(kind, moment) if has_hours or kind is not PeriodKind.HOUR else ""
    return period if period and periods.is_valid(kind, period) else ""
