"""What a channel is given to send: a stored message in, the same words and things at every attempt out."""

from datetime import datetime

from django.conf import settings

from monitoring_app.channels.message import Message
from monitoring_app.models import About, Alert, Channel, ChannelKind, Notification


def message(notification: Notification) -> Message:
    """A stored message as it is sent; nothing in it changes between two attempts."""
    alert = notification.alert
    return Message(
        subject=notification.subject,
        body=notification.body,
        link=notification.link,
        key=f"notification-{notification.pk}",
        kind=f"alert.{notification.about}" if alert is not None else notification.event.kind,
        at=notification.event.at,
        told=_of_alert(alert, notification) if alert is not None else _of_event(notification),
        thread=_thread(notification),
        ends=notification.about == About.RESOLVED,
    )


def _thread(notification: Notification) -> str:
    """What the channel answered to the first message about the same alert, where it has threads."""
    if notification.alert_id is None or notification.channel.kind != ChannelKind.BOT:
        return ""
    before = Notification.objects.filter(alert=notification.alert_id, channel=notification.channel_id)
    return before.exclude(thread="").order_by("pk").values_list("thread", flat=True).first() or ""


def _of_alert(alert: Alert, notification: Notification) -> dict[str, object]:
    return {
        "alert": alert.pk,
        "rule": alert.rule,
        "subject": alert.subject,
        "team": alert.team.name if alert.team else "",
        "dataset": alert.dataset.name if alert.dataset else "",
        "pipeline": alert.pipeline,
        "title": notification.subject,
        "text": notification.body,
        "link": notification.link,
        **notification.told,
    }


def _of_event(notification: Notification) -> dict[str, object]:
    event = notification.event
    return {**event.body, "event": event.pk, "cause": event.cause_id, "link": notification.link}


def test(channel: Channel, moment: datetime) -> Message:
    """A message that says that nothing is wrong."""
    return Message(
        subject="[Test] Loopline can reach you",
        body=f"This is a test of {channel}. Nothing is wrong.",
        link=settings.PUBLIC_URL,
        key=f"test-{channel.pk}-{moment.timestamp():.0f}",
        at=moment,
        told={"text": f"This is a test of {channel}. Nothing is wrong.", "link": settings.PUBLIC_URL},
    )
