"""The state machine of alerts; the only file that writes `Alert.state`."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict

from django.db import transaction
from django.utils import timezone

from monitoring_app.alerts import routing
from monitoring_app.facts import (
    AlertAcknowledged,
    AlertOpened,
    AlertReopened,
    AlertRepeated,
    AlertResolved,
    AlertSnoozed,
)
from monitoring_app.models import About, Alert, AlertEntry, AlertState, Channel
from pipelines_app import events, locks
from pipelines_app.access import discretion
from pipelines_app.errors import IllegalMove, LostRace
from pipelines_app.models import Dataset, Event, Pipeline, Team

MOVES: dict[str, frozenset[str]] = {
    AlertState.OPEN: frozenset({AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.RESOLVED}),
    AlertState.ACKNOWLEDGED: frozenset({AlertState.OPEN, AlertState.SNOOZED, AlertState.RESOLVED}),
    AlertState.SNOOZED: frozenset({AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.RESOLVED}),
    AlertState.RESOLVED: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong, with what, how badly, and what can be done; (rule, subject) says which alert it is.

    `is_news` says that what was told of it so far was of another kind: people are told again, unless it is snoozed.
    """

    rule: str
    subject: str
    title: str
    what: str
    severity: str
    todo: str = ""
    team: Team | None = None
    dataset: Dataset | None = None
    pipeline: str = ""
    run: int | None = None
    period: str = ""
    is_news: bool = False


class _Alert(TypedDict):
    alert: int
    rule: str
    subject: str
    dataset: str
    pipeline: str


class _Place(TypedDict):
    period: str
    run: int | None


def _alert(alert: Alert) -> _Alert:
    """The fields by which every fact of an alert names it."""
    return {
        "alert": alert.pk,
        "rule": alert.rule,
        "subject": alert.subject,
        "dataset": alert.dataset.name if alert.dataset else "",
        "pipeline": alert.pipeline,
    }


def _place(alert: Alert) -> _Place:
    return {"period": alert.period, "run": alert.run}


@transaction.atomic
def open_alert(problem: Problem, *, cause: Event, but: Channel | None = None) -> Alert:
    """Open an alert, or count once more on the one that is open; people are told once, and again if it gets worse.

    `but` is a channel that cannot be used to tell. Who may see what it is about reads no name of anything restricted.
    """
    problem = _discreet(problem)
    alert, opened = locks.held(Alert.objects.unresolved()).get_or_create(
        rule=problem.rule,
        subject=problem.subject,
        defaults={
            "title": problem.title[:300],
            "what": problem.what,
            "todo": problem.todo,
            "severity": problem.severity,
            "team": problem.team,
            "dataset": problem.dataset,
            "pipeline": problem.pipeline,
            "run": problem.run,
            "period": problem.period,
            "event": cause,
            "first_at": cause.at,
            "last_at": cause.at,
        },
    )
    _note(alert, problem.what, event=cause)
    if not opened:
        _count(alert, problem, cause=cause, but=but)
        return alert
    fact = AlertOpened(**_alert(alert), **_place(alert), severity=alert.severity, title=alert.title)
    routing.tell(alert, About.OPENED, event=events.record(fact, cause=cause), but=but)
    return alert


def _discreet(problem: Problem) -> Problem:
    """What is wrong with something that everybody sees may come from what is one team's alone."""
    if problem.dataset is not None and problem.dataset.restricted:
        return problem
    if problem.dataset is None and Pipeline.objects.filter(name=problem.pipeline, restricted=True).exists():
        return problem
    return replace(
        problem,
        title=discretion.in_public(problem.title),
        what=discretion.in_public(problem.what),
        todo=discretion.in_public(problem.todo),
    )


def _count(alert: Alert, problem: Problem, *, cause: Event, but: Channel | None) -> None:
    """One more report of an open problem: it takes the newest words, and is news only if it is worse."""
    is_worse = alert.is_worsened_by(problem.severity)
    alert.count += 1
    alert.last_at = max(alert.last_at, cause.at)
    alert.period = max(alert.period, problem.period)
    is_newest = cause.pk > alert.event_id
    if is_newest:
        alert.title, alert.what, alert.todo = problem.title[:300], problem.what, problem.todo
        alert.run, alert.event = problem.run, cause
    if is_worse:
        alert.severity = problem.severity
    alert.save(update_fields=["count", "last_at", "period", "title", "what", "todo", "run", "event", "severity"])
    if is_worse and alert.state != AlertState.OPEN:
        _move(alert, AlertState.OPEN)
    fact = AlertRepeated(**_alert(alert), **_place(alert), severity=alert.severity, count=alert.count)
    repeated = events.record(fact, cause=cause)
    if is_worse:
        routing.tell(alert, About.WORSE, event=repeated, but=but)
    elif problem.is_news and is_newest and alert.state != AlertState.SNOOZED:
        routing.tell(alert, About.CHANGED, event=repeated, but=but)


@transaction.atomic
def resolve(rule: str, subject: str, *, because: str, cause: Event) -> Alert | None:
    """Close the open alert of a rule and subject, if there is one, because an event showed that the problem is gone."""
    alert = locks.held(Alert.objects.unresolved().of(rule, subject)).first()
    return end(alert, because=because, cause=cause) if alert is not None else None


@transaction.atomic
def end(alert: Alert, *, because: str, cause: Event | None = None, actor: str = "") -> Alert:
    """Resolve an alert, by an event or by hand, and tell so; raises IllegalMove, LostRace."""
    _move(alert, AlertState.RESOLVED, resolved_at=cause.at if cause else timezone.now())
    _note(alert, because, event=cause, actor=actor)
    fact = AlertResolved(**_alert(alert), **_place(alert), because=because)
    resolved = events.record(fact, cause=cause, actor=actor)
    routing.tell(alert, About.RESOLVED, event=resolved, because=because)
    return alert


@transaction.atomic
def acknowledge(alert: Alert, *, actor: str, note: str = "") -> None:
    """Say that somebody takes care of it; raises IllegalMove, LostRace."""
    _move(alert, AlertState.ACKNOWLEDGED, acknowledged_by=actor, note=note or alert.note)
    _note(alert, f"acknowledged{': ' + note if note else ''}", actor=actor)
    events.record(AlertAcknowledged(**_alert(alert)), actor=actor)


@transaction.atomic
def snooze(alert: Alert, *, until: datetime, actor: str) -> None:
    """Keep an alert quiet until a moment, unless it gets worse; raises IllegalMove, LostRace."""
    if until <= timezone.now():
        raise IllegalMove(f"{alert} cannot be snoozed until a moment that has passed.", todo="Choose a later moment.")
    _move(alert, AlertState.SNOOZED, snoozed_until=until)
    _note(alert, f"snoozed until {until.isoformat(timespec='minutes')}", actor=actor)
    events.record(AlertSnoozed(**_alert(alert), until=until.isoformat()), actor=actor)


@transaction.atomic
def end_snooze(alert: Alert) -> None:
    """Open an alert again whose snooze is over: nothing has resolved it meanwhile, so people are told once more."""
    _move(alert, AlertState.OPEN)
    _note(alert, "the snooze ended and nothing has resolved it", actor="clock")
    reopened = events.record(AlertReopened(**_alert(alert)), actor="clock")
    routing.tell(alert, About.STILL_OPEN, event=reopened)


def _move(alert: Alert, to: str, **values: object) -> None:
    if to not in MOVES[alert.state]:
        raise IllegalMove(
            f"{alert} is {alert.get_state_display().lower()} and cannot become {AlertState(to).label.lower()}."
        )
    changes: dict[str, object] = {"state": to, "snoozed_until": None, **values}
    if not Alert.objects.filter(pk=alert.pk, state=alert.state).update(**changes):
        raise LostRace(f"{alert} is no longer {alert.get_state_display().lower()}: read it again.")
    for name, value in changes.items():
        setattr(alert, name, value)


def _note(alert: Alert, text: str, *, event: Event | None = None, actor: str = "") -> None:
    AlertEntry.objects.create(alert=alert, event=event, actor=actor, text=text[:1000])
