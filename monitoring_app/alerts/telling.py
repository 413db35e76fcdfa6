"""Telling people of an alert: one message per channel, written in the caller's transaction and sent when it is time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.alerts import impact, messages, routing, timing
from monitoring_app.alerts.impact import Impact
from monitoring_app.models import About, Alert, Channel, ChannelKind, Notification, NotificationState
from pipelines_app import wake
from pipelines_app.models import Event

NO_HOLD = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class News:
    """What became of an alert by an event; `but` is a channel that cannot be used; `hold` how long it can wait."""

    alert: Alert
    about: str
    event: Event
    because: str = ""
    but: Channel | None = None
    hold: timedelta = NO_HOLD


def tell(news: News) -> None:
    """Tell those whom it concerns, and how it goes on those of other teams who were told that it hits them."""
    alert = news.alert
    higher = timing.policy_of(alert).escalate_to if news.about == About.ESCALATED else ""
    found = routing.channels_of(alert, but=news.but, besides=[higher] if higher else [])
    channels = {channel.pk: channel for channel in found}
    if news.about != About.OPENED:
        guests = Channel.objects.filter(notifications__alert=alert, enabled=True).exclude(team=alert.team_id)
        channels |= {channel.pk: channel for channel in guests.distinct()}
    _write(news, channels.values())


def fold(alert: Alert, root: Alert, *, event: Event) -> None:
    """What waits to be told of an alert is told with its root; another team's channels hear of that one, once."""
    unsent = [NotificationState.PENDING, NotificationState.GATHERED]
    waiting = Notification.objects.filter(alert=alert, state__in=unsent, attempts=0)
    waiting.update(state=NotificationState.FOLDED, done_at=timezone.now(), error=f"told with alert {root.pk}")
    if alert.team_id is None or alert.team_id == root.team_id:
        return
    heard = set(Channel.objects.filter(notifications__alert=root).values_list("pk", flat=True))
    new = [channel for channel in routing.channels_of(alert) if channel.pk not in heard]
    if root.notifications.exists():
        _write(News(alert=root, about=About.OPENED, event=event), new)


def unsay(alert: Alert) -> set[int]:
    """Take back what waits to be told of an alert that is over before its time came; says on which channels."""
    waiting = Notification.objects.filter(
        alert=alert, state=NotificationState.PENDING, attempts=0, not_before__gt=Now()
    ).exclude(about=About.RESOLVED)
    told = Notification.objects.filter(alert=alert).exclude(pk__in=waiting.values("pk"))
    spared = set(waiting.values_list("channel", flat=True)) - set(told.values_list("channel", flat=True))
    waiting.update(state=NotificationState.FOLDED, done_at=timezone.now(), error="it was over before it was told")
    return spared


def for_programs(alert: Alert, hit: Impact) -> dict[str, object]:
    """What a message says, as named things."""
    return {
        "severity": alert.severity,
        "state": alert.state,
        "since": alert.first_at.isoformat(),
        "what": alert.what,
        "how_bad": alert.how_bad,
        "cause": alert.cause,
        "todo": alert.todo,
        "hit": {"datasets": hit.datasets, "unnamed": hit.unnamed, "promises": hit.promises, "teams": hit.teams},
    }


def _write(news: News, channels: Collection[Channel]) -> None:
    now, alert = timezone.now(), news.alert
    storming = {channel.pk for channel in channels if timing.is_storm(channel, now)}
    # What goes into a digest is one line there: in a storm nobody is asked who is hit.
    is_read = news.about != About.RESOLVED and any(channel.pk not in storming for channel in channels)
    hit = impact.of(alert) if is_read else impact.NOBODY
    public_url = settings.PUBLIC_URL
    written = messages.write(alert, news.about, public_url=public_url, because=news.because, hit=hit.lines())
    maintained = timing.maintained_until(alert, now)
    spared = unsay(alert) if news.about == About.RESOLVED else set()
    rows, ready = [], []
    for channel in channels:
        if channel.pk in spared:
            continue
        held = filter(None, [maintained, timing.quiet_until(channel, alert.severity, now)])
        wait = max([news.hold, *(until - now for until in held)])
        is_storm = channel.pk in storming
        notification = Notification(
            alert=alert,
            channel=channel,
            event=news.event,
            about=news.about,
            subject=written.subject,
            body=written.body,
            link=written.link,
            told=for_programs(alert, hit) if channel.kind == ChannelKind.WEBHOOK else {},
            state=NotificationState.GATHERED if is_storm else NotificationState.PENDING,
            not_before=ExpressionWrapper(Now() + wait, output_field=DateTimeField()),
        )
        rows.append(notification)
        if not wait and not is_storm:
            ready.append(notification)
    Notification.objects.bulk_create(rows)
    wake.ring(wake.NOTIFICATION, *(notification.pk for notification in ready))
