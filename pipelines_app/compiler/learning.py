"""A cadence learned from past arrivals: on which weekdays something comes, when, and how far it strays. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from zoneinfo import ZoneInfo

from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import BUSINESS_DAYS, WEEKDAYS, PeriodKind

FEWEST = 5
ROOM = 3  # spreads between the usual moment and the deadline
LEAST_ROOM = 15 * 60
ROUNDED = 5 * 60
DAY = 86_400
WIDEST = 6 * 3600  # what strays further than this has no cadence
SEEN_IN = 0.5  # of the weeks: a weekday on which something comes more seldom is none of its days


@dataclass(frozen=True, kw_only=True)
class Came:
    """One past arrival: its period, when it came, and how long after the period's last day began."""

    period: str
    at: datetime
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What is usual on one weekday of the period: how many came, the median and the spread, in seconds."""

    weekday: str
    number: int
    median: float
    spread: float


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A cadence with what it was learned from, and the `arrival:` block that says it."""

    usual: tuple[Usual, ...]
    came: tuple[Came, ...]
    arrival: dict[str, object]


def came(kind: PeriodKind, timezone: str, arrivals: Iterable[tuple[str, datetime]]) -> list[Came]:
    """The first arrival of each period, oldest period first, by the wall clock of a zone."""
    first: dict[str, datetime] = {}
    for period, at in arrivals:
        if periods.is_valid(kind, period):
            first[period] = min(at, first.get(period, at))
    return [Came(period=key, at=at, seconds=_after(kind, key, at, timezone)) for key, at in sorted(first.items())]


def _after(kind: PeriodKind, key: str, at: datetime, timezone: str) -> float:
    """Seconds of wall clock from the midnight with which a period's last day began."""
    midnight = datetime.combine(periods.last_day(kind, key), datetime.min.time())
    return (at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None) - midnight).total_seconds()


def learn(kind: PeriodKind, timezone: str, arrivals: Iterable[tuple[str, datetime]]) -> Learned | None:
    """The cadence of daily or monthly arrivals; None where there are too few, or they come without regularity."""
    known = came(kind, timezone, arrivals) if kind in (PeriodKind.DAY, PeriodKind.MONTH) else []
    if len(known) < FEWEST:
        return None
    usual = _by_weekday(kind, known)
    days = tuple(one.weekday for one in usual) if kind == PeriodKind.DAY else WEEKDAYS
    kept = [one for one in known if kind == PeriodKind.MONTH or _weekday(kind, one) in days]
    middle = median(one.seconds for one in kept) if kept else 0.0
    if not kept or _spread([one.seconds for one in kept], middle) > WIDEST or middle < 0:
        return None
    return Learned(usual=usual, came=tuple(known), arrival=_arrival(usual, days, timezone))


def _weekday(kind: PeriodKind, one: Came) -> str:
    return WEEKDAYS[periods.last_day(kind, one.period).weekday()]


def _by_weekday(kind: PeriodKind, known: Sequence[Came]) -> tuple[Usual, ...]:
    groups: dict[str, list[float]] = defaultdict(list)
    for one in known:
        groups[_weekday(kind, one) if kind == PeriodKind.DAY else "any"].append(one.seconds)
    last, first = (periods.last_day(kind, known[place].period) for place in (-1, 0))
    weeks = max(1.0, ((last - first).days + 1) / 7)
    found = []
    for weekday in (*WEEKDAYS, "any"):
        seconds = groups.get(weekday, [])
        if seconds and (weekday == "any" or len(seconds) >= SEEN_IN * weeks):
            middle = median(seconds)
            found.append(Usual(weekday=weekday, number=len(seconds), median=middle, spread=_spread(seconds, middle)))
    return tuple(found)


def _spread(seconds: Sequence[float], middle: float) -> float:
    """The median distance from the middle, which a single stray arrival does not move."""
    return median(abs(one - middle) for one in seconds)


def _arrival(usual: Sequence[Usual], days: tuple[str, ...], timezone: str) -> dict[str, object]:
    """The deadline that every usual day keeps: as late as the latest of them with its room, on a round time."""
    is_business = days == BUSINESS_DAYS
    latest = max(_with_room(one, is_business=is_business) for one in usual)
    days_after, within = divmod(latest, DAY)
    middle = median(one.median % DAY for one in usual)
    document: dict[str, object] = {
        "by": _clock(within),
        "timezone": timezone,
        "days_after": days_after,
        "usually": _clock(int(middle) // 60 * 60),
    }
    if is_business or (days_after == 0 and len(days) < len(WEEKDAYS)):
        document["calendar"] = {"weekdays": list(days)}
    return document


def _with_room(one: Usual, *, is_business: bool) -> int:
    """The moment by which one weekday's data are there nearly always; its days counted as the deadline counts them."""
    seconds = ceil((one.median + max(LEAST_ROOM, ROOM * one.spread)) / ROUNDED) * ROUNDED
    days, within = divmod(int(seconds), DAY)
    if not is_business:
        return int(seconds)
    place = WEEKDAYS.index(one.weekday)
    counted = [WEEKDAYS[(place + ahead) % 7] in BUSINESS_DAYS for ahead in range(1, days + 1)]
    # What comes at a weekend is there before the next business day begins.
    return (sum(counted) + 1) * DAY if counted and not counted[-1] else sum(counted) * DAY + within


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def is_another(before: dict[str, object], now: dict[str, object]) -> bool:
    """Whether a proposal differs so much from the one before that it is worth asking again: its day, zone or hour."""
    same = all(before.get(key) == now.get(key) for key in ("timezone", "days_after", "calendar"))
    return not same or abs(_minutes(before) - _minutes(now)) > 30


def _minutes(document: dict[str, object]) -> int:
    hours, minutes = str(document["by"]).split(":")
    return 60 * int(hours) + int(minutes)


def usual_moment(kind: PeriodKind, period: str, seconds: float, timezone: str) -> datetime:
    """The moment so many seconds of wall clock after a period's last day began."""
    midnight = datetime.combine(periods.last_day(kind, period), datetime.min.time())
    return periods.at_wall(midnight + timedelta(seconds=seconds), timezone)
