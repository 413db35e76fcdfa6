"""Which periods are expected, and by when: from a time of day or a cron line, a calendar and a time zone. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

from pipelines_app.compiler import calendars, periods
from pipelines_app.compiler.definition import ArrivalDeadline, PeriodKind

SAMPLE_FROM = datetime(2024, 1, 1)  # noqa: DTZ001 - a wall clock's day; leap years and all weekdays follow it
SAMPLE_YEARS = 12
EVERY = {PeriodKind.HOUR: "hour", PeriodKind.DAY: "day", PeriodKind.MONTH: "month"}
_LAST_YEAR = 9990


def is_expected(deadline: ArrivalDeadline, kind: PeriodKind, key: str) -> bool:
    """Whether a period is one that should come at all: within the bounds, on an open day, an hour that exists."""
    return due_at(deadline, kind, key) is not None


def due_at(deadline: ArrivalDeadline, kind: PeriodKind, key: str) -> datetime | None:
    """The moment by which a period should have come, or None where it is not expected."""
    if not periods.is_valid(kind, key) or kind == PeriodKind.NONE or int(key[:4]) > _LAST_YEAR:
        return None
    if (deadline.first and key < deadline.first) or (deadline.last and key > deadline.last):
        return None
    if kind != PeriodKind.MONTH and not calendars.is_open(deadline.calendar, periods.local_start(kind, key).date()):
        return None
    if kind == PeriodKind.HOUR and _is_skipped(key, deadline.timezone):
        return None
    return _due_by_cron(deadline, kind, key) if deadline.cron else _due_by_clock(deadline, kind, key)


def _is_skipped(key: str, timezone: str) -> bool:
    """Whether the clocks go forward over this hour, so that it never is."""
    begun, ended = (at(PeriodKind.HOUR, key, timezone).astimezone(UTC) for at in (periods.start, periods.end))
    return begun == ended


def _due_by_clock(deadline: ArrivalDeadline, kind: PeriodKind, key: str) -> datetime | None:
    day = calendars.moved(deadline.calendar, periods.last_day(kind, key), deadline.days_after)
    return periods.at_wall(datetime.combine(day, deadline.by), deadline.timezone) if day is not None else None


def _due_by_cron(deadline: ArrivalDeadline, kind: PeriodKind, key: str) -> datetime | None:
    """The first tick within the period, or as many ticks later as the data are behind."""
    begun = periods.start(kind, key, deadline.timezone)
    found = _one_a_period(deadline, kind, begun - timedelta(seconds=1))
    first = next(found, None)
    if first is None or periods.key_of(kind, first.astimezone(ZoneInfo(deadline.timezone))) != key:
        return None
    return first if deadline.behind == 0 else next(islice(found, deadline.behind - 1, None), None)


def _one_a_period(deadline: ArrivalDeadline, kind: PeriodKind, after: datetime) -> Iterator[datetime]:
    """The first tick of each period: of an hour that comes twice, too."""
    last = ""
    for tick in ticks(deadline, after):
        key = periods.key_of(kind, tick)
        if key != last:
            last = key
            yield tick.astimezone(UTC)


def ticks(deadline: ArrivalDeadline, after: datetime) -> Iterator[datetime]:
    """When a cron line fires on open days, on the wall clock of its zone; it ends after years without a tick."""
    zone = ZoneInfo(deadline.timezone)
    last = moment = after.astimezone(zone)
    while True:
        tick = next(CronSim(deadline.cron, moment), None)
        if tick is None or tick.year > last.year + SAMPLE_YEARS:
            return
        if calendars.is_open(deadline.calendar, tick.date()):
            yield tick
            last = moment = tick
            continue
        day = calendars.moved(deadline.calendar, tick.date(), 0)
        if day is None:
            return
        moment = datetime.combine(day, datetime.min.time(), tzinfo=zone) - timedelta(seconds=1)


def never_fires(deadline: ArrivalDeadline, kind: PeriodKind) -> str:
    """Why no period would ever be expected; empty where some are."""
    if deadline.cron:
        begun = periods.start(kind, deadline.first, deadline.timezone) if deadline.first else _some_day(deadline)
        first = next(ticks(deadline, begun), None)
        if first is None:
            return f"{deadline.cron!r} never fires{' on a day of the calendar' if deadline.calendar else ''}"
        often = _fires_too_often(deadline, kind, begun)
        if often:
            return often
    if deadline.calendar is not None and calendars.moved(deadline.calendar, _first_day(deadline, kind), 0) is None:
        return "the calendar never has a day: every weekday of it is a holiday or excepted"
    if deadline.first and deadline.last and not _any_between(deadline, kind):
        return f"no period from {deadline.first} to {deadline.last} is expected by it"
    return ""


def _some_day(deadline: ArrivalDeadline) -> datetime:
    return SAMPLE_FROM.replace(tzinfo=ZoneInfo(deadline.timezone))


def _first_day(deadline: ArrivalDeadline, kind: PeriodKind) -> date:
    return periods.local_start(kind, deadline.first).date() if deadline.first else SAMPLE_FROM.date()


def _fires_too_often(deadline: ArrivalDeadline, kind: PeriodKind, begun: datetime) -> str:
    keys = [periods.key_of(kind, tick.replace(tzinfo=None)) for tick in islice(ticks(deadline, begun), 50)]
    apart = [tick.utcoffset() for tick in islice(ticks(deadline, begun), 50)]
    for place in range(1, len(keys)):
        if keys[place] == keys[place - 1] and apart[place] == apart[place - 1]:
            return f"{deadline.cron!r} fires more than once in {keys[place]}, and one {kind} is due once"
    return ""


def _any_between(deadline: ArrivalDeadline, kind: PeriodKind, most: int = 4000) -> bool:
    key = deadline.first
    for _ in range(most):
        if is_expected(deadline, kind, key):
            return True
        if key >= deadline.last:
            return False
        key = periods.following(kind, key)
    return True  # more than can be looked at: some of them will do


def due_between(
    deadline: ArrivalDeadline, kind: PeriodKind, since: datetime, until: datetime
) -> Iterator[tuple[str, datetime]]:
    """The periods that fall due after one moment and up to another, with their deadlines, oldest first."""
    if kind == PeriodKind.NONE:
        return
    zone, behind = ZoneInfo(deadline.timezone), _behind(deadline)
    key = periods.key_of(kind, (since - behind).astimezone(zone))
    last = periods.key_of(kind, (until + timedelta(days=1)).astimezone(zone))
    while key <= last:
        due = due_at(deadline, kind, key)
        if due is not None and since < due <= until:
            yield key, due
        key = periods.following(kind, key)


def _behind(deadline: ArrivalDeadline) -> timedelta:
    """No period that begins longer ago than this can fall due now; holidays stretch what is counted in days."""
    if deadline.cron:
        return timedelta(days=400 if _is_rare(deadline) else 35 + 2 * deadline.behind)
    return timedelta(days=35 + 2 * deadline.days_after)


def _is_rare(deadline: ArrivalDeadline) -> bool:
    """Whether a cron line names days of the month or months: then its ticks may be far apart."""
    _, _, day, month, _ = deadline.cron.split()
    return day != "*" or month != "*"


def next_after(deadline: ArrivalDeadline, kind: PeriodKind, moment: datetime, within: timedelta) -> datetime | None:
    """The first deadline after a moment, or None if none falls within the time given."""
    found = (due for _, due in due_between(deadline, kind, moment, moment + within))
    return min(found, default=None)


def usual_at(deadline: ArrivalDeadline, due: datetime) -> datetime | None:
    """When a period that is due then usually comes, as declared; None where nothing is declared."""
    if deadline.usually is None:
        return None
    local = due.astimezone(ZoneInfo(deadline.timezone))
    found = periods.at_wall(datetime.combine(local.date(), deadline.usually), deadline.timezone)
    return found if found <= due else found - timedelta(days=1)


def sentence(deadline: ArrivalDeadline, kind: PeriodKind) -> str:
    """A deadline in words: `every business day (Monday to Friday but for …) by 07:00 Europe/Zurich, a day later`."""
    every = "day" if kind == PeriodKind.DAY and deadline.calendar is None else EVERY.get(kind, "time")
    if deadline.calendar is not None and kind != PeriodKind.MONTH:
        open_day = calendars.sentence(deadline.calendar)
        every = open_day if kind == PeriodKind.DAY else f"{every} of a {open_day}"
    if deadline.cron:
        said = CronSim(deadline.cron, SAMPLE_FROM).explain()
        said = said[:1].lower() + said[1:]
        open_days = f" on every {calendars.sentence(deadline.calendar)}" if deadline.calendar is not None else ""
        return f"every {EVERY.get(kind, 'time')}, {said}{open_days} {deadline.timezone}"
    return f"every {every} by {deadline.by:%H:%M} {deadline.timezone}, {_later(deadline)}"


def _later(deadline: ArrivalDeadline) -> str:
    unit = "business day" if deadline.calendar is not None else "day"
    if deadline.days_after == 0:
        return "the same day"
    return f"a {unit} later" if deadline.days_after == 1 else f"{deadline.days_after} {unit}s later"
