"""The state machine of alerts; the only file that writes `Alert.state`."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypedDict

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from monitoring_app.alerts import grouping, measures, messages, telling, timing
from monitoring_app.alerts.grouping import Place
from monitoring_app.alerts.measures import Measured
from monitoring_app.alerts.telling import News
from monitoring_app.facts import (
    AlertAcknowledged,
    AlertFolded,
    AlertOpened,
    AlertReopened,
    AlertRepeated,
    AlertResolved,
    AlertSnoozed,
    AlertStood,
)
from monitoring_app.models import About, Alert, AlertEntry, AlertState, Channel, Policy
from monitoring_app.models.alert import AlertQuerySet
from pipelines_app import events, locks
from pipelines_app.access import discretion
from pipelines_app.errors import IllegalMove, LostRace
from pipelines_app.models import Dataset, Event, Pipeline, Team

COUNTED = (
    *("count", "last_at", "period", "title", "what", "todo", "run", "event", "severity", "clears_at", "owner"),
    *("how_bad", "began_at"),
)
MOVES: dict[str, frozenset[str]] = {
    AlertState.OPEN: frozenset({AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.RESOLVED}),
    AlertState.ACKNOWLEDGED: frozenset({AlertState.OPEN, AlertState.SNOOZED, AlertState.RESOLVED}),
    AlertState.SNOOZED: frozenset({AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.RESOLVED}),
    AlertState.RESOLVED: frozenset({AlertState.OPEN}),  # closed by a person, and the next result is bad
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong, with what, how badly, and what can be done; (rule, subject) says which alert it is.

    `is_news` says that what was told of it so far was of another kind: people are told again, unless it is snoozed.
    `how_bad` is what was found and the usual; where nothing is said, it is looked up.
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
    how_bad: str = ""
    began_at: datetime | None = None
    owner: str = ""


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
    closed = locks.held(Alert.objects.unconfirmed().of(problem.rule, problem.subject)).last()
    if closed is not None and closed.resolved_at is not None and closed.resolved_at < cause.at:
        return _reopen(closed, problem, cause=cause, but=but)
    policy = timing.policy_of(Alert(team=problem.team))
    standing = locks.held(Alert.objects.unresolved().of(problem.rule, problem.subject)).first()
    alert, opened = _made(problem, policy, cause) if standing is None else (standing, False)
    _note(alert, problem.what, event=cause)
    if not opened:
        _count(alert, problem, cause=cause, but=but)
        return alert
    fact = AlertOpened(**_alert(alert), **_place(alert), severity=alert.severity, title=alert.title)
    told = events.record(fact, cause=cause)
    _look_back(alert)
    place = grouping.place(alert)
    if not put(alert, place, event=told):
        hold = max(_hold(place), timedelta(minutes=policy.pending))
        telling.tell(News(alert=alert, about=About.OPENED, event=told, but=but, hold=hold))
    return alert


def _made(problem: Problem, policy: Policy, cause: Event) -> tuple[Alert, bool]:
    """A new alert; or the one that somebody else opened at this moment."""
    alert = Alert(
        rule=problem.rule,
        subject=problem.subject,
        title=problem.title[:300],
        what=problem.what,
        todo=problem.todo,
        severity=problem.severity,
        team=problem.team,
        dataset=problem.dataset,
        pipeline=problem.pipeline,
        run=problem.run,
        period=problem.period,
        owner=problem.owner,
        event=cause,
        first_at=cause.at,
        last_at=cause.at,
        escalates_at=_after(cause, policy.escalate),
        reminds_at=_after(cause, policy.remind),
        opened_at=timezone.now(),
    )
    _measure(alert, problem)
    try:
        with transaction.atomic():
            alert.save(force_insert=True)
    except IntegrityError:
        return locks.held(Alert.objects.unresolved()).get(rule=problem.rule, subject=problem.subject), False
    return alert, True


def _after(cause: Event, minutes: int) -> datetime | None:
    return cause.at + timedelta(minutes=minutes) if minutes else None


def _measure(alert: Alert, problem: Problem) -> None:
    """Keep what was found, what is usual, and since when it is so."""
    found = Measured() if problem.how_bad and problem.began_at else measures.of(alert)
    alert.how_bad = (problem.how_bad or found.how_bad)[: measures.LONGEST]
    alert.began_at = alert.began_at or problem.began_at or found.began_at


def _look_back(alert: Alert) -> None:
    """Say of what was closed several times within the hour that it comes and goes: it is closed once it is calm."""
    closed = Alert.objects.of(alert.rule, alert.subject).filter(resolved_at__gt=alert.first_at - timing.FLAPPING)
    if closed.count() >= timing.FLAPS:
        alert.flaps = True
        alert.save(update_fields=["flaps"])
        _note(alert, "it comes and goes: it stays open until it has been good for a quarter of an hour", actor="clock")


def _reopen(alert: Alert, problem: Problem, *, cause: Event, but: Channel | None) -> Alert:
    """Open again what a person closed, for the next result is bad still."""
    _move(alert, AlertState.OPEN, resolved_at=None, awaits_check=False)
    _note(alert, f"opened again, for it is still wrong: {problem.what}", event=cause)
    _count(alert, replace(problem, is_news=False), cause=cause, but=but)
    reopened = events.record(AlertReopened(**_alert(alert)), cause=cause)
    if alert.root_id is None:
        telling.tell(News(alert=alert, about=About.STILL_OPEN, event=reopened, but=but))
    return alert


def put(alert: Alert, place: Place, *, event: Event) -> bool:
    """Put an alert where it belongs; True if it is told of by another one from now on.

    It holds no other alert: one that is resolved meanwhile is seen by the next sweep.
    """
    root = place.root
    if root is None:
        if place.cause != alert.cause:
            alert.cause, alert.cause_key = place.cause[:300], place.key
            alert.save(update_fields=["cause", "cause_key"])
        return False
    alert.root, alert.cause = root, f"alert {root.pk}: {messages.named_to(alert, root)}"[:300]
    alert.save(update_fields=["root", "cause"])
    _note(alert, f"it follows from alert {root.pk}, which tells of it: {messages.named_to(alert, root)}", actor="clock")
    _note(root, f"{messages.named_to(root, alert)} follows from it", actor="clock")
    folded = events.record(AlertFolded(**_alert(alert), root=root.pk), cause=event, actor="clock")
    telling.fold(alert, root, event=folded)
    return True


def stand(alert: Alert) -> None:
    """Let an alert stand by itself whose root is over while nothing has mended it: people hear of it now."""
    root = alert.root
    if root is None:
        return
    alert.root, alert.cause = None, f"it followed from alert {root.pk}, which is over"
    alert.save(update_fields=["root", "cause"])
    _note(alert, f"alert {root.pk} is over, and this is still wrong", actor="clock")
    stood = events.record(AlertStood(**_alert(alert), root=root.pk), actor="clock")
    telling.tell(News(alert=alert, about=About.OPENED, event=stood))


def _hold(place: Place) -> timedelta:
    """How long to wait for the root of what is made from other things."""
    return timedelta(seconds=settings.ALERT_HOLD_SECONDS if place.is_made else 0)


def _discreet(problem: Problem) -> Problem:
    """What is wrong with something that everybody sees may come from what is one team's alone."""
    if problem.dataset is not None and problem.dataset.restricted:
        return problem
    if problem.dataset is None and Pipeline.objects.filter(name=problem.pipeline, restricted=True).exists():
        return problem
    title, what, todo, how_bad = discretion.all_in_public([problem.title, problem.what, problem.todo, problem.how_bad])
    return replace(problem, title=title, what=what, todo=todo, how_bad=how_bad)


def _count(alert: Alert, problem: Problem, *, cause: Event, but: Channel | None) -> None:
    """One more report of an open problem: it takes the newest words, and is news only if it is worse."""
    is_worse = alert.is_worsened_by(problem.severity)
    alert.count += 1
    alert.clears_at = None  # it is bad again
    alert.last_at = max(alert.last_at, cause.at)
    alert.period = max(alert.period, problem.period)
    is_newest = cause.pk > alert.event_id
    if is_newest:
        alert.title, alert.what, alert.todo = problem.title[:300], problem.what, problem.todo
        alert.run, alert.event, alert.owner = problem.run, cause, problem.owner
        _measure(alert, problem)
    if is_worse:
        alert.severity = problem.severity
    alert.save(update_fields=COUNTED)
    if is_worse and alert.state != AlertState.OPEN:
        _move(alert, AlertState.OPEN)
    fact = AlertRepeated(**_alert(alert), **_place(alert), severity=alert.severity, count=alert.count)
    repeated = events.record(fact, cause=cause)
    if alert.root_id is not None:
        return
    if is_worse:
        telling.tell(News(alert=alert, about=About.WORSE, event=repeated, but=but))
    elif problem.is_news and is_newest and alert.state != AlertState.SNOOZED:
        telling.tell(News(alert=alert, about=About.CHANGED, event=repeated, but=but))


@transaction.atomic
def resolve(rule: str, subject: str, *, because: str, cause: Event) -> Alert | None:
    """Close the open alert of a rule and subject, if there is one, because an event showed that the problem is gone."""
    confirm(Alert.objects.of(rule, subject), because=because, cause=cause)
    alert = locks.held(Alert.objects.unresolved().of(rule, subject)).first()
    return end(alert, because=because, cause=cause) if alert is not None else None


def confirm(alerts: AlertQuerySet, *, because: str, cause: Event) -> None:
    """Note under those of these alerts that a person closed that a result agrees."""
    for alert in locks.held(alerts.unconfirmed()):
        Alert.objects.filter(pk=alert.pk).update(awaits_check=False)
        _note(alert, f"confirmed: {because}", event=cause)


@transaction.atomic
def end(alert: Alert, *, because: str, cause: Event | None = None, actor: str = "") -> Alert:
    """Resolve an alert, by an event or by hand, and tell so; raises IllegalMove, LostRace.

    Where the team wants it, or it comes and goes, what an event mended is closed only once it has stayed good.
    """
    calm = _calm(alert) if cause is not None else timedelta(0)
    if cause is None or not calm:
        return _close(alert, because=because, cause=cause, actor=actor)
    if alert.clears_at is None:
        alert.clears_at, alert.clears_because = cause.at + calm, because[:1000]
        alert.save(update_fields=["clears_at", "clears_because"])
        _note(alert, f"{because}; closed if it stays so until {alert.clears_at:%H:%M} UTC", event=cause)
    return alert


def _calm(alert: Alert) -> timedelta:
    """How long it has to be good."""
    wanted = timedelta(minutes=timing.policy_of(alert).keep)
    return max(wanted, timing.CALM) if alert.flaps else wanted


@transaction.atomic
def clear(alert: Alert) -> None:
    """Close what has stayed good for long enough."""
    _close(alert, because=f"{alert.clears_because}, and it stayed so", actor="clock")


def _close(alert: Alert, *, because: str, cause: Event | None = None, actor: str = "") -> Alert:
    is_word = cause is None and actor != "clock" and alert.rule not in (*grouping.ALONE, grouping.REPORTED)
    at = cause.at if cause else timezone.now()
    ends = {"clears_at": None, "escalates_at": None, "reminds_at": None}
    _move(alert, AlertState.RESOLVED, resolved_at=at, awaits_check=is_word, **ends)
    _note(alert, because, event=cause, actor=actor)
    fact = AlertResolved(**_alert(alert), **_place(alert), because=because)
    resolved = events.record(fact, cause=cause, actor=actor)
    if alert.root_id is None:
        telling.tell(News(alert=alert, about=About.RESOLVED, event=resolved, because=because))
    return alert


@transaction.atomic
def acknowledge(alert: Alert, *, actor: str, note: str = "") -> None:
    """Say that somebody takes care of it; raises IllegalMove, LostRace."""
    first = alert.acknowledged_at or timezone.now()
    taken = {"acknowledged_by": actor, "acknowledged_at": first, "note": note or alert.note}
    _move(alert, AlertState.ACKNOWLEDGED, escalates_at=None, **taken)
    _note(alert, f"acknowledged{': ' + note if note else ''}", actor=actor)
    events.record(AlertAcknowledged(**_alert(alert)), actor=actor)


@transaction.atomic
def snooze(alert: Alert, *, until: datetime | None, actor: str) -> None:
    """Keep an alert quiet until a moment (none: for good), unless it gets worse; raises IllegalMove, LostRace."""
    if until is not None and until <= timezone.now():
        raise IllegalMove(f"{alert} cannot be snoozed until a moment that has passed.", todo="Choose a later moment.")
    _move(alert, AlertState.SNOOZED, snoozed_until=until, escalates_at=None)
    _note(alert, f"snoozed until {until.isoformat(timespec='minutes') if until else 'it gets worse'}", actor=actor)
    events.record(AlertSnoozed(**_alert(alert), until=until.isoformat() if until else ""), actor=actor)


@transaction.atomic
def remind(alert: Alert, about: str, now: datetime) -> None:
    """Tell again of an open alert: nobody takes care of it (ESCALATED), or it is still open."""
    policy = timing.policy_of(alert)
    if about == About.ESCALATED:
        alert.escalates_at = None
    else:
        alert.reminds_at = now + timedelta(minutes=policy.remind) if policy.remind else None
    alert.save(update_fields=["escalates_at", "reminds_at"])
    said = "nobody took care of it: told again" if about == About.ESCALATED else "it is still open: people are reminded"
    _note(alert, said, actor="clock")
    fact = AlertRepeated(**_alert(alert), **_place(alert), severity=alert.severity, count=alert.count)
    telling.tell(News(alert=alert, about=about, event=events.record(fact, actor="clock")))


@transaction.atomic
def end_snooze(alert: Alert) -> None:
    """Open an alert again whose snooze is over: nothing has resolved it meanwhile, so people are told once more."""
    _move(alert, AlertState.OPEN)
    _note(alert, "the snooze ended and nothing has resolved it", actor="clock")
    reopened = events.record(AlertReopened(**_alert(alert)), actor="clock")
    if alert.root_id is None:
        telling.tell(News(alert=alert, about=About.STILL_OPEN, event=reopened))


@transaction.atomic
def worsen(alert: Alert, severity: str, *, because: str) -> None:
    """Take the severity of something worse that follows from it, and tell so."""
    if not alert.is_worsened_by(severity) or alert.state == AlertState.RESOLVED:
        return
    alert.severity = severity
    alert.save(update_fields=["severity"])
    _note(alert, because, actor="clock")
    if alert.state != AlertState.OPEN:
        _move(alert, AlertState.OPEN)
    fact = AlertRepeated(**_alert(alert), **_place(alert), severity=severity, count=alert.count)
    telling.tell(News(alert=alert, about=About.WORSE, event=events.record(fact, actor="clock")))


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
