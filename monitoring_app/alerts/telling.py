"""Telling people of an alert: one message per channel, written in the caller's transaction and sent when it is time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.alerts import messages, routing
from monitoring_app.models import About, Alert, Channel, Notification, NotificationState
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
    channels = {channel.pk: channel for channel in routing.channels_of(alert, but=news.but)}
    if news.about != About.OPENED:
        guests = Channel.objects.filter(notifications__alert=alert, enabled=True).exclude(team=alert.team_id)
        channels |= {channel.pk: channel for channel in guests.distinct()}
    _write(news, channels.values())


def fold(alert: Alert, root: Alert, *, event: Event) -> None:
    """What waits to be told of an alert is told with its root; another team's channels hear of that one, once."""
    waiting = Notification.objects.filter(alert=alert, state=NotificationState.PENDING, attempts=0)
    waiting.update(state=NotificationState.FOLDED, done_at=timezone.now(), error=f"told with alert {root.pk}")
    if alert.team_id is None or alert.team_id == root.team_id:
        return
    heard = set(Channel.objects.filter(notifications__alert=root).values_list("pk", flat=True))
    new = [channel for channel in routing.channels_of(alert) if channel.pk not in heard]
    if root.notifications.exists():
        _write(News(alert=root, about=About.OPENED, event=event), new)


def _write(news: News, channels: Iterable[Channel]) -> None:
    written = messages.write(news.alert, news.about, public_url=settings.PUBLIC_URL, because=news.because)
    for channel in channels:
        notification = Notification.objects.create(
            alert=news.alert,
            channel=channel,
            event=news.event,
            about=news.about,
            subject=written.subject,
            body=written.body,
            link=written.link,
            not_before=ExpressionWrapper(Now() + news.hold, output_field=DateTimeField()),
        )
        if not news.hold:
            wake.ring(wake.NOTIFICATION, notification.pk)
