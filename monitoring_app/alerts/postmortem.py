"""What became of a problem, as Markdown to go on writing in: figures, time line, runs, versions, changes, messages."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from monitoring_app.alerts import impact, messages
from monitoring_app.alerts.messages import length, moment
from monitoring_app.models import Alert, AlertEntry, Channel, Verdict
from pipelines_app.models import Dataset, DatasetVersion, Event, Pipeline, Revision, Run, User

MOST = 500
LISTED = 50
BEFORE = timedelta(hours=24)  # changes so long before it are named
NOTHING = "none"


def write(alert: Alert, user: User) -> str:
    """The whole of it as far as this person may see; a fixed number of queries."""
    entries = list(alert.entries.select_related("event").order_by("id")[:MOST])
    parts = [
        f"# {said(alert.title)}",
        _summary(alert),
        "## What happened\n\n" + quoted(alert.what),
        _section("Who was hit", (f"- {said(line)}" for line in impact.of(alert).lines())),
        _section("What followed from it", _followed(alert, user)),
        _section("Time line", _lines(entries)),
        _table("Runs", ("run", "state", "period", "began", "took"), _runs(entries, user)),
        _table("Versions", ("version", "state", "period", "rows", "made"), _versions(alert, user)),
        _table("Changes", ("revision", "made", "what it changed"), _changes(alert, user)),
        _table("Messages", ("channel", "about", "state", "number"), _told(alert, user)),
        "## What we learned\n\n\n## What we change\n",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def said(text: str) -> str:
    """Text in which Markdown finds no markup, on one line."""
    line = messages.one_line(text, 1000)
    return "".join(f"\\{mark}" if mark in "\\`*_[]()<>#|!~&" else mark for mark in line)


def quoted(text: str) -> str:
    """Text of several lines as a quotation."""
    return "\n".join(f"> {said(line)}" for line in messages.readable(text, messages.BODY).split("\n"))


def _summary(alert: Alert) -> str:
    over = alert.resolved_at
    lasted = length(((over or timezone.now()) - alert.first_at).total_seconds())
    facts = [
        ("Alert", f"[{alert.pk}]({messages.link(alert, settings.PUBLIC_URL)}), {alert.get_severity_display().lower()}"),
        ("About", said(alert.subject) + (f", pipeline {said(alert.pipeline)}" if alert.pipeline else "")),
        ("Owner", said(alert.team.name) if alert.team is not None else "the platform"),
        ("Began", _at(alert.began_at)),
        ("Noticed", _at(alert.opened_at or alert.first_at)),
        ("Taken", f"{_at(alert.acknowledged_at)} {said(alert.acknowledged_by)}".strip()),
        ("Closed", _at(over)),
        ("Lasted", lasted + ("" if over else ", and is open still")),
        ("Reported", f"{alert.count:,} times"),
        ("How bad", said(alert.how_bad) or NOTHING),
        ("Probably because", said(alert.cause) or NOTHING),
        ("Verdict", Verdict(alert.verdict).label if alert.verdict else NOTHING),
        ("Note", said(alert.note) or NOTHING),
    ]
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in facts)


def _at(at: datetime | None) -> str:
    return moment(at) if at is not None else NOTHING


def _section(title: str, lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return f"## {title}\n\n{text}" if text else ""


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(str(one) for one in row)} |" for row in rows]
    top = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return _section(title, [*top, *lines] if lines else [])


def _lines(entries: Iterable[AlertEntry]) -> Iterable[str]:
    for entry in entries:
        by = f" ({said(entry.actor)})" if entry.actor else f" (event {entry.event_id})" if entry.event_id else ""
        yield f"- {entry.at:%Y-%m-%d %H:%M:%S} UTC: {said(entry.text)}{by}"


def _followed(alert: Alert, user: User) -> Iterable[str]:
    seen = Alert.objects.visible_to(user).filter(root=alert).order_by("pk")
    return [f"- alert {one.pk}: {said(one.title)} ({one.state})" for one in seen[:LISTED]]


def _runs(entries: Iterable[AlertEntry], user: User) -> Iterable[Sequence[object]]:
    """The runs whose events are on the time line."""
    told = {event.run for event in (entry.event for entry in entries) if isinstance(event, Event) and event.run}
    for run in Run.objects.visible_to(user).filter(pk__in=told).order_by("pk")[:LISTED]:
        ended = run.finished_at
        took = length((ended - run.created_at).total_seconds()) if ended is not None else NOTHING
        yield run.pk, run.state, run.period or NOTHING, _at(run.created_at), took


def _versions(alert: Alert, user: User) -> Iterable[Sequence[object]]:
    """The versions of the dataset from shortly before it until it was over."""
    seen = Dataset.objects.visible_to(user).filter(pk=alert.dataset_id or 0)
    made = DatasetVersion.objects.filter(dataset__in=seen, created_at__range=_stretch(alert))
    for one in made.order_by("pk")[:LISTED]:
        yield one.number or NOTHING, one.state, one.period or NOTHING, f"{one.rows:,}", _at(one.created_at)


def _changes(alert: Alert, user: User) -> Iterable[Sequence[object]]:
    """The revisions of the pipeline from a day before it until it was over."""
    seen = Pipeline.objects.visible_to(user).filter(name=alert.pipeline)
    made = Revision.objects.filter(pipeline__in=seen, created_at__range=_stretch(alert))
    for one in made.select_related("pipeline").order_by("pk")[:LISTED]:
        address = f"{settings.PUBLIC_URL.rstrip('/')}/pipelines/{one.pipeline.name}/compare/"
        shown = f"[compare]({address}?from={one.number - 1}&to={one.number})" if one.number > 1 else "the first"
        yield f"{said(one.pipeline.name)} {one.number}", _at(one.created_at), shown


def _stretch(alert: Alert) -> tuple[datetime, datetime]:
    return min(alert.began_at or alert.first_at, alert.first_at) - BEFORE, alert.resolved_at or timezone.now()


def _told(alert: Alert, user: User) -> Iterable[Sequence[object]]:
    seen = alert.notifications.filter(channel__in=Channel.objects.visible_to(user)).order_by()
    counted = seen.values_list("channel__kind", "channel__name", "about", "state").annotate(number=Count("pk"))
    for kind, name, about, state, number in counted.order_by("channel__name", "about", "state")[:LISTED]:
        yield f"{kind} {said(name)}", about, state, number
