"""How values are said on a page: states, times, durations, numbers. Plain values in, words out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pipelines_app.compiler import clocks, periods
from pipelines_app.compiler.definition import PeriodKind

ENGINES = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "spark": "Spark"}


def engine(name: str) -> str:
    """An engine as people call it."""
    return ENGINES.get(name, name)


@dataclass(frozen=True)
class Saying:
    """One state as people read it: a word, a tone (the colour's meaning) and an icon."""

    word: str
    tone: str
    icon: str


STATES: dict[str, Saying] = {
    # Runs and steps
    "expected": Saying("Expected", "idle", "dashed"),
    "waiting": Saying("Waiting", "idle", "clock"),
    "queued": Saying("Queued", "idle", "dots"),
    "ready": Saying("Queued", "idle", "dots"),
    "running": Saying("Running", "run", "arc"),
    "idle": Saying("Nothing to do", "idle", "skip"),
    "succeeded": Saying("Succeeded", "good", "check"),
    "warned": Saying("Succeeded with warnings", "warn", "mark"),
    "quarantined": Saying("Quarantined", "warn", "pause"),
    "blocked": Saying("Blocked", "warn", "pause"),
    "failed": Saying("Failed", "bad", "alert"),
    "cancelled": Saying("Cancelled", "idle", "slash"),
    "skipped": Saying("Skipped", "idle", "skip"),
    "reused": Saying("Reused", "good", "loop"),
    # Arrivals and slots
    "due": Saying("Due", "run", "clock"),
    "late": Saying("Late", "bad", "hourglass"),
    "missing": Saying("Missing", "bad", "cross"),
    "arrived": Saying("Arrived", "good", "check"),
    "consumed": Saying("Consumed", "good", "check"),
    "superseded": Saying("Superseded", "idle", "skip"),
    "merged": Saying("Merged", "good", "loop"),
    "ignored": Saying("Ignored", "idle", "skip"),
    "external": Saying("External", "idle", "right"),
    "partial": Saying("Partial", "warn", "half"),
    "waived": Saying("Waived", "idle", "skip"),
    "duplicate": Saying("Seen before", "idle", "loop"),
    "rejected": Saying("Rejected", "bad", "cross"),
    # Promises
    "not_due": Saying("Not due", "idle", "clock"),
    "at_risk": Saying("At risk", "warn", "mark"),
    "met": Saying("Met", "good", "check"),
    "met_late": Saying("Met late", "warn", "hourglass"),
    "missed": Saying("Missed", "bad", "cross"),
    "in_budget": Saying("Kept", "good", "check"),
    "over_budget": Saying("Not kept", "bad", "alert"),
    # Versions and revisions
    "staged": Saying("Staged", "idle", "dots"),
    "published": Saying("Published", "good", "check"),
    "dropped": Saying("Dropped", "idle", "slash"),
    "proposed": Saying("Proposed", "run", "mark"),
    "accepted": Saying("Accepted", "good", "check"),
    "retired": Saying("Retired", "idle", "slash"),
    "managed": Saying("Manages itself", "good", "loop"),
    # Changes of a definition
    "new": Saying("New", "good", "plus"),
    "removed": Saying("Removed", "bad", "cross"),
    "breaking": Saying("Breaking", "bad", "alert"),
    "column-scoped": Saying("Some columns", "warn", "half"),
    "additive": Saying("More columns", "good", "plus"),
    "cosmetic": Saying("Cosmetic", "idle", "dot"),
    "metadata": Saying("Metadata", "idle", "dot"),
    # Alerts and messages
    "open": Saying("Open", "bad", "alert"),
    "acknowledged": Saying("Acknowledged", "warn", "eye"),
    "snoozed": Saying("Snoozed", "idle", "moon"),
    "resolved": Saying("Resolved", "good", "check"),
    # Anomalies
    "closed": Saying("Over", "idle", "check"),
    "fine": Saying("Was fine", "good", "check"),
    "bad": Saying("Was bad", "bad", "cross"),
    "pending": Saying("Pending", "idle", "clock"),
    "delivered": Saying("Delivered", "good", "check"),
    "undelivered": Saying("Not delivered", "bad", "alert"),
    "kept": Saying("Kept here", "idle", "eye"),
    "done": Saying("Done", "good", "check"),
    "stuck": Saying("Stuck", "bad", "alert"),
    # Health, checks, freshness
    "ok": Saying("OK", "good", "check"),
    "off": Saying("Off", "idle", "slash"),
    "on": Saying("On", "good", "check"),
    "degraded": Saying("Degraded", "warn", "mark"),
    "passed": Saying("Holds", "good", "check"),
    "fails": Saying("Fails", "bad", "cross"),
    "warns": Saying("Warns", "warn", "mark"),
    "noted": Saying("Noted", "run", "mark"),
    "muted": Saying("Muted", "idle", "moon"),
    "warn": Saying("Warning", "warn", "mark"),
    "critical": Saying("Critical", "bad", "alert"),
    "info": Saying("Info", "run", "mark"),
    "fresh": Saying("Fresh", "good", "check"),
    "stale": Saying("Stale", "warn", "hourglass"),
    "paused": Saying("Paused", "idle", "pause"),
}

MINUTE, HOUR, DAY = 60, 3600, 86400


def saying(state: str) -> Saying:
    """What a state is called; one that is not in the vocabulary is shown as its own word, without a colour."""
    return STATES.get(state) or Saying(state.replace("_", " ").capitalize(), "idle", "dot")


def seconds_of(length: timedelta | float) -> float:
    return length.total_seconds() if isinstance(length, timedelta) else float(length)


def duration(length: timedelta | float) -> str:
    """A length in at most two units: "320 ms", "9 s", "1 m 12 s", "2 h 5 m", "3 d 4 h"."""
    seconds = seconds_of(length)
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for size, large, small, name in ((MINUTE, 1, 0, "s"), (HOUR, MINUTE, 1, "m"), (DAY, HOUR, MINUTE, "h")):
        if whole < size:
            return _two(whole, large, small, name)
    return _two(whole, DAY, HOUR, "d")


def _two(seconds: int, large: int, small: int, name: str) -> str:
    first, rest = divmod(seconds, large)
    second = rest // small if small else 0
    follower = {"m": "s", "h": "m", "d": "h"}.get(name)
    return f"{first} {name} {second} {follower}" if second else f"{first} {name}"


def ago(moment: datetime, now: datetime) -> str:
    """A moment as seen from now: "just now", "3 min ago", "in 2 h 5 min", "yesterday 06:14", "8 Feb 2013"."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 5:
        return "just now"
    if abs(seconds) < DAY:
        length = _apart(round(abs(seconds)))
        return f"{length} ago" if seconds > 0 else f"in {length}"
    local = clocks.shown(moment, now.tzinfo) if now.tzinfo else moment
    return _calendar(local, now, (now.date() - local.date()).days)


def _apart(seconds: int) -> str:
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    hours, rest = divmod(seconds, HOUR)
    return f"{hours} h {rest // MINUTE} min" if hours < 6 and rest >= MINUTE else f"{hours} h"


def _calendar(local: datetime, now: datetime, days: int) -> str:
    if days == 1:
        return f"yesterday {local:%H:%M}"
    if days == -1:
        return f"tomorrow {local:%H:%M}"
    if 1 < days < 7:
        return f"{days} days ago"
    if -7 < days < -1:
        return f"in {-days} days"
    return f"{local.day} {local:%b}" if local.year == now.year else f"{local.day} {local:%b %Y}"


def exact(moment: datetime, zone: str) -> str:
    """A moment in full, with its zone: "8 February 2013, 07:29:51 America/New_York"."""
    return f"{moment.day} {moment:%B %Y, %H:%M:%S} {zone}"


def noun(plural: str, number: int) -> str:
    """The noun for so many: of one, `runs` is a run and `entries` an entry."""
    if number != 1:
        return plural
    return f"{plural[:-3]}y" if plural.endswith("ies") else plural.removesuffix("s")


def binary_size(size: int) -> str:
    """Bytes in binary units: "930 B", "84 KiB", "1.2 GiB"."""
    if abs(size) < 1024:
        return f"{size} B"
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= 1024
        if abs(amount) < 1023.5 or unit == "TiB":
            break
    return f"{amount:.1f} {unit}" if abs(amount) < 9.95 else f"{amount:,.0f} {unit}"


def share(part: float) -> str:
    """A share of one as percent, never rounded up to a whole it is not: "96.7 %", "100 %", "99.9 %"."""
    if part in (0.0, 1.0):
        return f"{part:.0%}".replace("%", " %")
    percent = min(max(part * 100, 0.1), 99.9) if 0 < part < 1 else part * 100
    return f"{percent:.1f} %"


PERIOD_KINDS = {13: PeriodKind.HOUR, 10: PeriodKind.DAY, 7: PeriodKind.MONTH}


@lru_cache(maxsize=4096)
def period(key: str) -> str:
    """A period in words: "8 February 2013"; a key that is none is shown as it is."""
    kind = PERIOD_KINDS.get(len(key))
    return periods.label(kind, key) if kind and periods.is_valid(kind, key) else key
