"""The way of messages watched: what waits for too long is told by another channel, and the mail server is asked how it
is before anybody needs it.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, Min, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from monitoring_app.alerts import lifecycle, messages, routing
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import email
from monitoring_app.facts import MailServerFailed, MailServerMended, NotificationDelayed
from monitoring_app.models import Alert, AlertUrgency, Channel, Notification, NotificationState
from pipelines_app import events, locks, singly
from pipelines_app.models import Event

LONGEST = timedelta(minutes=10)
TRIES = 2  # a first failure is no news: the next attempt comes soon
MAIL = "mail_server"


def delayed(now: datetime) -> QuerySet[Notification]:
    """Messages that should have been delivered long ago: nobody sends them, or what was tried has failed."""
    waiting = Notification.objects.filter(state=NotificationState.PENDING, created_at__lte=now - LONGEST)
    told = Alert.objects.unresolved().filter(
        rule=routing.CHANNEL, subject=Concat(Value(f"{routing.CHANNEL}/"), Cast(OuterRef("channel"), CharField()))
    )
    return waiting.filter(Q(attempts__gte=TRIES) | Q(not_before__lte=now - LONGEST)).exclude(Exists(told))


def watch(now: datetime) -> int:
    """Tell of every channel whose messages wait for too long, by the others; says of how many."""
    channels = delayed(now).order_by().values("channel").annotate(first=Min("pk")).values_list("channel", "first")
    first = dict(channels[:50])
    return singly.each(first, lambda pk: _warn(pk, first[pk], now))


def _warn(pk: int, notification: int, now: datetime) -> bool:
    """A channel is held before its messages: whoever delivers one meanwhile closes what is opened here."""
    channel = locks.held(Channel.objects.select_related("team")).get(pk=pk)
    waits = delayed(now).filter(pk=notification).select_related("event", "alert__dataset").first()
    if waits is None:
        return False
    since = (now - waits.created_at).total_seconds()
    fact = NotificationDelayed(
        alert=waits.alert_id, notification=waits.pk, channel=channel.get_kind_display(), seconds=round(since)
    )
    problem = Problem(
        rule=routing.CHANNEL,
        subject=f"{routing.CHANNEL}/{pk}",
        title=f"{channel} does not deliver",
        what=f"The message “{waits.subject}” waits since {messages.length(since)}. {_because(waits)}",
        todo=f"Correct or switch off the channel, and read the message in the console: {waits.link}",
        severity=AlertUrgency.CRITICAL,
        team=channel.team,
    )
    lifecycle.open_alert(problem, cause=events.record(fact, cause=waits.event, actor="clock"), but=channel)
    return True


def _because(waits: Notification) -> str:
    if waits.attempts:
        return f"It was tried {waits.attempts} times: {waits.error}"
    return "Nobody has tried to send it: see on the health page whether workers are alive."


def probe(now: datetime) -> str:
    """Ask the mail server how it is, and open or close the platform's alert about it; says what is wrong."""
    fault = email.fault()
    known = Alert.objects.unresolved().of(MAIL, MAIL).exists()
    if bool(fault) != known:
        _say(fault)
    return fault


@transaction.atomic
def _say(fault: str) -> None:
    if not fault:
        lifecycle.resolve(MAIL, MAIL, because="the mail server answers", cause=_record(MailServerMended()))
        return
    problem = Problem(
        rule=MAIL,
        subject=MAIL,
        title="The mail server does not work",
        what=f"{fault} What people are told by e-mail waits, and is tried again.",
        todo="Mend the mail server, or name another one in EMAIL_URL.",
        severity=AlertUrgency.CRITICAL,
    )
    lifecycle.open_alert(problem, cause=_record(MailServerFailed(error=fault[:300])))


def _record(fact: MailServerFailed | MailServerMended) -> Event:
    return events.record(fact, actor="clock")
