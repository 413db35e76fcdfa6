"""Period keys: what they mean in time, how file names carry them, and when one is due. Pure functions."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import re2

from pipelines_app.compiler.definition import PeriodKind

PLACEHOLDER = "{period}"
_SHAPES = {
    PeriodKind.HOUR: (r"\d{4}-\d{2}-\d{2}T\d{2}", "%Y-%m-%dT%H"),
    PeriodKind.DAY: (r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d"),
    PeriodKind.MONTH: (r"\d{4}-\d{2}", "%Y-%m"),
}
# A file name also writes a period without dashes, or an hour with a dash, an underscore or a blank for the T.
_PARTS = {
    PeriodKind.HOUR: ((r"\d{4}", "-?"), (r"\d{2}", "-?"), (r"\d{2}", "[T_ -]?"), (r"\d{2}", "")),
    PeriodKind.DAY: ((r"\d{4}", "-?"), (r"\d{2}", "-?"), (r"\d{2}", "")),
    PeriodKind.MONTH: ((r"\d{4}", "-?"), (r"\d{2}", "")),
}
_IN_NAMES = {
    kind: "".join(f"(?P<period_{number}>{digits}){mark}" for number, (digits, mark) in enumerate(parts, start=1))
    for kind, parts in _PARTS.items()
}
_PLACED = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
EXAMPLES = {PeriodKind.HOUR: "2013-02-08T05", PeriodKind.DAY: "2013-02-08", PeriodKind.MONTH: "2013-02"}
_EDGES = ("0000", "0001", "9999")  # years of which a clock knows nothing before or after
_COMPRESSED = r"(?:\.(?:gz|zst))?"


def is_valid(kind: PeriodKind, key: str) -> bool:
    """Whether a key names a period of this kind."""
    if kind == PeriodKind.NONE:
        return key == ""
    shape, layout = _SHAPES[kind]
    if not re.fullmatch(shape, key, re.ASCII) or key.startswith(_EDGES):
        return False
    try:
        datetime.strptime(key, layout).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def placed(pattern: str) -> list[str]:
    """The parameters that a pattern such as `flights_{region}_{period}.csv` reads from the name of a file, in order."""
    return [name for name in _PLACED.findall(pattern) if f"{{{name}}}" != PLACEHOLDER]


def from_filename(pattern: str, name: str, kind: PeriodKind) -> str:
    """The period key a file name carries by a pattern such as `flights_{period}.csv`; empty where it carries none."""
    if kind == PeriodKind.NONE or PLACEHOLDER not in pattern:
        return ""
    match = re2.fullmatch(_shape(pattern, kind), name)
    if not match:
        return ""
    year, month, *rest = (match.group(f"period_{number}") for number in range(1, len(_PARTS[kind]) + 1))
    key = "-".join([year, month, *rest[:1]]) + (f"T{rest[1]}" if kind == PeriodKind.HOUR else "")
    return key if is_valid(kind, key) else ""


def parameters_in(pattern: str, name: str, kind: PeriodKind) -> dict[str, str] | None:
    """What a file name gives for each parameter of the pattern, as little as fits; None where the name does not fit."""
    match = re2.fullmatch(_shape(pattern, kind), name)
    return {one: match.group(f"given_{one}") for one in placed(pattern)} if match else None


@lru_cache(maxsize=256)
def _shape(pattern: str, kind: PeriodKind) -> str:
    """A pattern of names as a regular expression; linear in the length of a name, whoever wrote it."""
    parts = _PLACED.split(pattern)
    texts, named = parts[::2], parts[1::2]
    shape = re.escape(texts[0])
    for name, text in zip(named, texts[1:], strict=True):
        is_period = name == PLACEHOLDER[1:-1] and kind != PeriodKind.NONE
        shape += (_IN_NAMES[kind] if is_period else f"(?P<given_{name}>.+?)") + re.escape(text)
    return shape + _COMPRESSED


def local_start(kind: PeriodKind, key: str) -> datetime:
    """The first moment of a period as a wall clock shows it, without a zone."""
    if kind == PeriodKind.NONE or not is_valid(kind, key):
        raise ValueError(f"{key!r} is not a period of kind {kind}")
    return datetime.strptime(key, _SHAPES[kind][1])  # noqa: DTZ007 - a wall clock's time, the zone comes later


def start(kind: PeriodKind, key: str, timezone: str = "UTC") -> datetime:
    """The first moment of a period in a time zone."""
    return at_wall(local_start(kind, key), timezone)


def end(kind: PeriodKind, key: str, timezone: str = "UTC") -> datetime:
    """The first moment after a period in a time zone."""
    return start(kind, following(kind, key), timezone)


def following(kind: PeriodKind, key: str) -> str:
    """The key of the next period."""
    moment = local_start(kind, key)
    if kind == PeriodKind.MONTH:
        return key_of(kind, (moment + timedelta(days=32)).replace(day=1))
    return key_of(kind, moment + (timedelta(hours=1) if kind == PeriodKind.HOUR else timedelta(days=1)))


def key_of(kind: PeriodKind, moment: datetime) -> str:
    """The key of the period that holds a moment, as the clock it is given by shows it."""
    return "" if kind == PeriodKind.NONE else moment.isoformat()[: len(EXAMPLES[kind])]


def last_day(kind: PeriodKind, key: str) -> date:
    if kind == PeriodKind.MONTH:
        return local_start(kind, following(kind, key)).date() - timedelta(days=1)
    return local_start(kind, key).date()


def at_wall(moment: datetime, timezone: str) -> datetime:
    """A wall-clock time in a zone; one that daylight saving skips moves forward by what was skipped."""
    zone = ZoneInfo(timezone)
    aware = moment.replace(tzinfo=zone)
    return aware.astimezone(UTC).astimezone(zone)


# Not strftime: that follows the locale of the server.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def label(kind: PeriodKind, key: str) -> str:
    """A period in words for people; empty for a dataset without periods."""
    if kind == PeriodKind.NONE:
        return ""
    moment = local_start(kind, key)
    month = _MONTHS[moment.month - 1]
    if kind == PeriodKind.MONTH:
        return f"{month} {moment.year}"
    if kind == PeriodKind.DAY:
        return f"{moment.day} {month} {moment.year}"
    return f"{moment.day} {month[:3]} {moment.year} {moment:%H:%M}"


def clock_time(clock: str) -> time | None:
    """A time of day written `07:00` or `07:00:30`; None where it is not one."""
    if not re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", clock, re.ASCII):
        return None
    try:
        return time.fromisoformat(clock)
    except ValueError:
        return None
