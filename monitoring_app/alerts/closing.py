"""Outbound webhooks that do not work: since when, and when the platform switches them off by itself."""

from datetime import datetime, timedelta

from monitoring_app.models import Channel, ChannelKind, Endpoint, Notification, NotificationState
from pipelines_app.access import audit

LONGEST = timedelta(days=5)
GONE = "It answered 410: it wants nothing any more."
WEARY = "Nothing could be delivered to it for five days."


def works(channel: Channel) -> None:
    """Forget what failed before a message was delivered."""
    Endpoint.objects.filter(channel=channel, failing_since__isnull=False).update(failing_since=None)


def fails(notification: Notification, *, is_gone: bool, now: datetime) -> bool:
    """Count one failure of a message's channel; True if that was enough, and the channel was switched off."""
    channel = notification.channel
    if channel.kind != ChannelKind.WEBHOOK:
        return False
    Endpoint.objects.filter(channel=channel, failing_since=None).update(failing_since=now)
    since = Endpoint.objects.values_list("failing_since", flat=True).get(channel=channel)
    if is_gone:
        _close(channel, GONE, but=notification, now=now)
    elif since is not None and now - since >= LONGEST:
        _close(channel, WEARY, but=notification, now=now)
    else:
        return False
    return True


def _close(channel: Channel, because: str, *, but: Notification, now: datetime) -> None:
    """Switch a channel off and give up what waits for it; `but` is the message whose sender does that itself."""
    if not Channel.objects.filter(pk=channel.pk, enabled=True).update(enabled=False):
        return
    Endpoint.objects.filter(channel=channel).update(closed_because=because)
    waiting = Notification.objects.filter(channel=channel, state=NotificationState.PENDING).exclude(pk=but.pk)
    waiting.update(state=NotificationState.UNDELIVERED, done_at=now, error=because)
    audit.record(
        actor="platform",
        action="channel.switched",
        subject=str(channel),
        team=channel.team,
        change={"before": True, "after": False, "because": because},
    )


def reason(channel: Channel) -> str:
    """Why the platform switched a channel off, or nothing."""
    found = Endpoint.objects.filter(channel=channel).values_list("closed_because", flat=True).first()
    return f"{found} It was switched off." if found else ""
