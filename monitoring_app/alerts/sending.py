"""Sending: one claim per attempt, outside every transaction; at least once, with back-off, and never in silence."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.alerts import lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import registry
from monitoring_app.channels.message import Message, NotDelivered
from monitoring_app.facts import NotificationSent, NotificationUndelivered
from monitoring_app.models import AlertUrgency, Channel, Notification, NotificationState
from pipelines_app import events, failpoints
from pipelines_app.models import Event

ATTEMPTS = 8
LEASE = timedelta(minutes=2)  # longer than any sender can hang: every answer it waits for has a deadline of its own
RULE = "channel"


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
    notification = claim.notification
    message = Message(
        subject=notification.subject,
        body=notification.body,
        link=notification.link,
        key=f"notification-{notification.pk}",
    )
    failpoints.reach("before_alert_send")
    try:
        state = registry.send(notification.channel, message)
    except NotDelivered as failure:
        _failed(claim, failure)
    else:
        failpoints.reach("after_alert_send")
        _sent(claim, state)


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
def _sent(claim: Claim, state: str) -> None:
    """Mark what was sent, even if the lease was lost meanwhile: nobody is to send it once more."""
    notification = claim.notification
    pending = Notification.objects.filter(pk=notification.pk, state=NotificationState.PENDING)
    if not pending.update(state=state, done_at=timezone.now(), error=""):
        return
    channel = notification.channel
    alert = notification.alert
    fact = NotificationSent(
        alert=alert.pk,
        notification=notification.pk,
        channel=channel.get_kind_display(),
        state=state,
        dataset=alert.dataset.name if alert.dataset else "",
        pipeline=alert.pipeline,
    )
    event = events.record(fact, cause=notification.event)
    if state == NotificationState.DELIVERED:
        Channel.objects.filter(pk=channel.pk).update(last_ok_at=timezone.now(), last_error="")
        lifecycle.resolve(RULE, _subject(channel), because="a message was delivered by it", cause=event)


@transaction.atomic
def _failed(claim: Claim, failure: NotDelivered) -> None:
    """Wait longer before each attempt; after the last one say so where it will be seen."""
    notification, error = claim.notification, str(failure)[:500]
    Channel.objects.filter(pk=notification.channel_id).update(last_error=error)
    is_over = failure.for_good or claim.attempt >= ATTEMPTS
    held = Notification.objects.filter(pk=notification.pk, state=NotificationState.PENDING, attempts=claim.attempt)
    if not is_over:
        wait = max(backoff(claim.attempt), timedelta(seconds=min(failure.retry_after, 3600)))
        held.update(not_before=_from_now(wait), error=error)
    elif held.update(state=NotificationState.UNDELIVERED, done_at=timezone.now(), error=error):
        _warn(notification, error)


def backoff(attempt: int) -> timedelta:
    """How long to wait after an attempt: 1, 2, 4 … minutes."""
    return timedelta(minutes=2 ** (attempt - 1))


def _warn(notification: Notification, error: str) -> None:
    """Record that a message was not delivered, and tell its owner by another channel that this one does not work."""
    alert, channel = notification.alert, notification.channel
    fact = NotificationUndelivered(
        alert=alert.pk,
        notification=notification.pk,
        channel=channel.get_kind_display(),
        error=error,
        dataset=alert.dataset.name if alert.dataset else "",
        pipeline=alert.pipeline,
    )
    event = events.record(fact, cause=notification.event)
    _open_for(channel, notification, error, event)


def _open_for(channel: Channel, notification: Notification, error: str, event: Event) -> None:
    problem = Problem(
        rule=RULE,
        subject=_subject(channel),
        title=f"{channel} does not deliver",
        what=f"The message “{notification.subject}” was not delivered. {error}",
        todo=f"Correct or switch off the channel, and read the message in the console: {notification.link}",
        severity=AlertUrgency.CRITICAL,
        team=channel.team,
    )
    lifecycle.open_alert(problem, cause=event, but=channel)


def _subject(channel: Channel) -> str:
    return f"channel/{channel.pk}"


def due(now: datetime, limit: int = 200) -> Iterable[int]:
    """Messages whose bell was lost, whose sender died or whose back-off is over, oldest first."""
    waiting = Notification.objects.filter(state=NotificationState.PENDING, not_before__lte=now)
    return waiting.order_by("not_before").values_list("pk", flat=True)[:limit]


def rehearse(channel: Channel) -> str:
    """Send a test message now and say what became of it; raises NotDelivered, and the channel remembers either."""
    moment = timezone.now()
    message = Message(
        subject="[Test] Loopline can reach you",
        body=f"This is a test of {channel}. Nothing is wrong.",
        link=settings.PUBLIC_URL,
        key=f"test-{channel.pk}-{moment.timestamp():.0f}",
    )
    try:
        state = registry.send(channel, message)
    except NotDelivered as failure:
        Channel.objects.filter(pk=channel.pk).update(last_error=str(failure)[:500])
        raise
    if state == NotificationState.DELIVERED:
        Channel.objects.filter(pk=channel.pk).update(last_ok_at=moment, last_error="")
    return state
