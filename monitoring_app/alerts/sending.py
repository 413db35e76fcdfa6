"""Sending: one claim per attempt, outside every transaction; at least once, with back-off, and never in silence."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.alerts import closing, letters, lifecycle, patience, routing
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import endpoints, keeping, registry
from monitoring_app.channels.message import NotDelivered, Taken
from monitoring_app.facts import NotificationSent, NotificationUndelivered
from monitoring_app.models import Alert, AlertUrgency, Attempt, Channel, ChannelKind, Notification, NotificationState
from pipelines_app import events, failpoints, locks, wake
from pipelines_app.access import audit
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Event

LEASE = timedelta(minutes=2)  # longer than any sender can hang: every answer it waits for has a deadline of its own
KEPT = timedelta(days=30)
RULE = routing.CHANNEL
LONGEST_ASKED = 3600  # seconds for which the other side may ask us to wait


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to make one attempt; `attempt` is its fencing token."""

    notification: Notification
    attempt: int


def send(pk: int) -> None:
    """Make one attempt to send one message, unless it is sent, somebody else has it, or its back-off is not over."""
    claim = _claim(pk)
    if claim is None:
        return
    failpoints.reach("before_alert_send")
    began = time.monotonic()
    try:
        taken = registry.send(claim.notification.channel, letters.message(claim.notification))
    except NotDelivered as failure:
        _failed(claim, failure, seconds=time.monotonic() - began)
    else:
        failpoints.reach("after_alert_send")
        _sent(claim, taken, seconds=time.monotonic() - began)


def _from_now(length: timedelta) -> Combinable:
    return ExpressionWrapper(Now() + length, output_field=DateTimeField())


def _claim(pk: int) -> Claim | None:
    waiting = Notification.objects.filter(pk=pk, state=NotificationState.PENDING, not_before__lte=Now())
    if not waiting.update(not_before=_from_now(LEASE), attempts=F("attempts") + 1):
        return None
    about = ("alert__dataset", "alert__team", "channel__team", "event")
    notification = Notification.objects.select_related(*about).get(pk=pk)
    return Claim(notification=notification, attempt=notification.attempts)


@transaction.atomic
def _sent(claim: Claim, taken: Taken, *, seconds: float = 0.0) -> None:
    """Mark what was sent, even if the lease was lost meanwhile: nobody is to send it once more."""
    notification, channel = claim.notification, _held(claim.notification.channel)
    _note(notification, delivered=True, answer=taken.said, seconds=seconds)
    pending = Notification.objects.filter(pk=notification.pk, state=NotificationState.PENDING)
    if not pending.update(state=taken.state, done_at=timezone.now(), error="", thread=taken.thread):
        return
    event = notification.event
    if notification.alert is not None:
        fact = NotificationSent(**_about(notification), channel=channel.get_kind_display(), state=taken.state)
        event = events.record(fact, cause=event)
    if taken.state == NotificationState.DELIVERED:
        Channel.objects.filter(pk=channel.pk).update(last_ok_at=timezone.now(), last_error="")
        closing.works(channel)
        lifecycle.resolve(RULE, _subject(channel), because="a message was delivered by it", cause=event)


@transaction.atomic
def _failed(claim: Claim, failure: NotDelivered, *, seconds: float = 0.0) -> None:
    """Wait longer before each attempt; after the last one say so where it will be seen."""
    notification, channel, error = claim.notification, _held(claim.notification.channel), str(failure)[:500]
    Channel.objects.filter(pk=channel.pk).update(last_error=error)
    _note(notification, delivered=False, answer=error, seconds=seconds)
    held = Notification.objects.filter(pk=notification.pk, state=NotificationState.PENDING, attempts=claim.attempt)
    wait = patience.before_next(channel.kind, claim.attempt, key=notification.pk)
    is_closed = closing.fails(notification, is_gone=failure.is_gone, now=timezone.now())
    if wait is None or failure.for_good or is_closed:
        if held.update(state=NotificationState.UNDELIVERED, done_at=timezone.now(), error=error):
            _warn(notification, error)
        return
    wait = max(wait, timedelta(seconds=min(failure.retry_after, LONGEST_ASKED)))
    held.update(not_before=_from_now(wait), error=error)


def _held(channel: Channel) -> Channel:
    """The channel, before its messages: everybody takes the two in this order."""
    return locks.held(Channel.objects.select_related("team")).get(pk=channel.pk)


def _note(notification: Notification, *, delivered: bool, answer: str, seconds: float) -> None:
    Attempt.objects.create(
        notification=notification, delivered=delivered, answer=answer[:500], seconds=round(seconds, 3)
    )


class _Fields(TypedDict):
    alert: int | None
    notification: int
    dataset: str
    pipeline: str


def _about(notification: Notification) -> _Fields:
    """The fields by which a fact names a message and what it is about."""
    alert = notification.alert
    if alert is None:
        dataset, pipeline = notification.event.dataset, notification.event.pipeline
    else:
        dataset, pipeline = alert.dataset.name if alert.dataset else "", alert.pipeline
    return {
        "alert": alert.pk if alert is not None else None,
        "notification": notification.pk,
        "dataset": dataset,
        "pipeline": pipeline,
    }


def _warn(notification: Notification, error: str) -> None:
    """Record that a message was not delivered, and tell its owner by another channel that this one does not work."""
    channel = notification.channel
    fact = NotificationUndelivered(**_about(notification), channel=channel.get_kind_display(), error=error)
    event = events.record(fact, cause=notification.event)
    _open_for(channel, notification, error, event)


def _open_for(channel: Channel, notification: Notification, error: str, event: Event) -> None:
    closed = closing.reason(channel)
    problem = Problem(
        rule=RULE,
        subject=_subject(channel),
        title=f"{channel} {'was switched off' if closed else 'does not deliver'}",
        what=f"The message “{notification.subject}” was not delivered. {error} {closed}".strip(),
        todo=f"Correct or switch off the channel, and read the message in the console: {notification.link}",
        severity=AlertUrgency.CRITICAL,
        team=channel.team,
    )
    lifecycle.open_alert(problem, cause=event, but=channel)


def _subject(channel: Channel) -> str:
    return f"channel/{channel.pk}"


@transaction.atomic
def again(notification: Notification, *, actor: str) -> None:
    """Send a message once more, under the same id, from the first attempt; raises IllegalMove while it waits."""
    over = Notification.objects.filter(pk=notification.pk).exclude(state=NotificationState.PENDING)
    if not over.update(state=NotificationState.PENDING, attempts=0, not_before=Now(), done_at=None, error=""):
        raise IllegalMove("The message is about to be sent already.")
    channel = notification.channel
    audit.record(actor=actor, action="message.sent_again", subject=str(notification)[:300], team=channel.team)
    wake.ring(wake.NOTIFICATION, notification.pk)


def forget_old(now: datetime, limit: int = 5000) -> int:
    """Remove messages about events a month after they were written; those about alerts stay with them."""
    old = Notification.objects.filter(alert=None, created_at__lt=now - KEPT).exclude(state=NotificationState.PENDING)
    return Notification.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def due(now: datetime, limit: int = 200) -> Iterable[int]:
    """Messages whose bell was lost, whose sender died or whose back-off is over, oldest first."""
    waiting = Notification.objects.filter(state=NotificationState.PENDING, not_before__lte=now)
    return waiting.order_by("not_before").values_list("pk", flat=True)[:limit]


def rehearse(channel: Channel, *, actor: str) -> Taken:
    """Send a test message now and say what became of it; raises NotDelivered, and the channel remembers either."""
    moment = timezone.now()
    try:
        taken = registry.send(channel, letters.test(channel, moment))
    except NotDelivered as failure:
        Channel.objects.filter(pk=channel.pk).update(last_error=str(failure)[:500])
        raise
    if taken.state == NotificationState.DELIVERED:
        Channel.objects.filter(pk=channel.pk).update(last_ok_at=moment, last_error="")
        _close(channel, because="a test was delivered by it", actor=actor)
    return taken


@transaction.atomic
def switch(channel: Channel, *, enabled: bool, actor: str) -> None:
    """Switch a channel on or off; what was told of one that is off is over. Raises IllegalMove."""
    verb = endpoints.switch if channel.kind == ChannelKind.WEBHOOK else keeping.switch
    verb(channel, enabled=enabled, actor=actor)
    if not enabled:
        _close(channel, because="it was switched off", actor=actor)


@transaction.atomic
def _close(channel: Channel, *, because: str, actor: str) -> None:
    """Close what is said of a channel that it does not deliver, by what a person did."""
    alert = locks.held(Alert.objects.unresolved().of(RULE, _subject(_held(channel)))).first()
    if alert is not None:
        lifecycle.end(alert, because=because, actor=actor)
