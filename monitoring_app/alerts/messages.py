"""What people are told about an alert: an alert in, a line, a text and a link out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitoring_app.models import About, Alert, AlertUrgency
from pipelines_app.access import discretion
from pipelines_app.compiler import clocks

SUBJECT, BODY = 200, 6000


@dataclass(frozen=True, kw_only=True)
class Written:
    """A message before it is addressed: no control characters in the subject, none but line ends in the body."""

    subject: str
    body: str
    link: str


def write(alert: Alert, about: str, *, public_url: str, because: str = "", hit: Sequence[str] = ()) -> Written:
    """The message that says what became of an alert; `because` is what changed, `hit` who is, line by line."""
    paragraphs = _over(alert, because) if about == About.RESOLVED else _open(alert, hit)
    paragraphs.append(_facts(alert))
    return Written(
        subject=one_line(f"[{_mark(alert, about)}] {alert.title}", SUBJECT),
        body=readable("\n\n".join(paragraphs), BODY),
        link=link(alert, public_url),
    )


def _over(alert: Alert, because: str) -> list[str]:
    return [f"Resolved: {because}", f"It was: {alert.what}"]


def _open(alert: Alert, hit: Sequence[str]) -> list[str]:
    """What happened, how bad it is, where it comes from, who is hit and what to do: whatever of it is known."""
    paragraphs = [
        alert.what,
        f"How bad: {alert.how_bad}" if alert.how_bad else "",
        f"Probably because: {alert.cause}" if alert.cause else "",
        "Who is hit:\n" + "\n".join(f"- {line}" for line in hit) if hit else "",
        f"What to do: {alert.todo}" if alert.todo else "",
    ]
    return [one for one in paragraphs if one]


def link(alert: Alert, public_url: str) -> str:
    """The alert's page; its host is that of the settings, never of a request."""
    return f"{public_url.rstrip('/')}/alerts/{alert.pk}/"


def _mark(alert: Alert, about: str) -> str:
    severity = AlertUrgency(alert.severity).label
    match about:
        case About.OPENED:
            return severity
        case About.RESOLVED:
            return About.RESOLVED.label
    return f"{About(about).label}: {severity.lower()}"


def _facts(alert: Alert) -> str:
    lines = [f"About: {alert.subject}", f"Since: {moment(alert.first_at)}"]
    if alert.resolved_at is not None:
        lines[-1] += f", for {length((alert.resolved_at - alert.first_at).total_seconds())}"
    if alert.count > 1:
        lines.append(f"Reported: {alert.count:,} times, last {moment(alert.last_at)}")
    if alert.pipeline:
        lines.append(f"Pipeline: {alert.pipeline}{f', run {alert.run}' if alert.run else ''}")
    if alert.owner:
        lines.append(f"Owner: {alert.owner}")
    if alert.note:
        lines.append(f"Note: {alert.note}")
    return "\n".join(lines)


def named_to(reader: Alert, other: Alert) -> str:
    """The title of one alert as it may stand on the page of another, which others than its team may read."""
    about = other.dataset
    if about is None or not about.restricted:
        return discretion.in_public(other.title)
    is_own = reader.dataset is not None and reader.dataset.restricted and reader.dataset.team_id == about.team_id
    return other.title if is_own else "a problem of something restricted"


def moment(at: datetime, zone: str = "UTC") -> str:
    """A moment in words, as the clocks of a zone show it, with the zone."""
    local = clocks.shown(at, ZoneInfo(zone))
    return f"{local.day} {local:%B %Y, %H:%M} {zone}"


def length(seconds: float) -> str:
    """A length of time in its two largest units: 40 s, 12 min, 2 h 5 min, 3 d 4 h."""
    minutes, hours, days = round(seconds) // 60, round(seconds) // 3600, round(seconds) // 86_400
    if not minutes:
        return f"{round(seconds)} s"
    if not hours:
        return f"{minutes} min"
    if not days:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"


def one_line(text: str, limit: int) -> str:
    """Text without line ends, control characters and marks that turn the direction of writing."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def readable(text: str, limit: int) -> str:
    """Text whose only control characters are line ends."""
    kept = "".join(mark if mark.isprintable() or mark == "\n" else " " for mark in text)
    return kept if len(kept) <= limit else f"{kept[: limit - 1]}…"
