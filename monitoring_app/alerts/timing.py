"""When people are told: after a problem has lasted, after maintenance, outside quiet hours. And how often at most."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from monitoring_app.models import Alert, AlertUrgency, Channel, ChannelKind, Maintenance, Notification, Policy

OF_PEOPLE = (ChannelKind.EMAIL, ChannelKind.SLACK, ChannelKind.BOT)
MOST_A_MINUTE = 20  # messages about alerts to one channel of people; what is beyond comes as one digest
MINUTE = timedelta(minutes=1)
FLAPS = 3  # times closed within an hour: what opens once more comes and goes
FLAPPING = timedelta(hours=1)
CALM = timedelta(minutes=15)  # for which what comes and goes has to be good


def policy_of(alert: Alert) -> Policy:
    """How the alerts of its team behave."""
    found = Policy.objects.filter(team=alert.team_id).first() if alert.team_id is not None else None
    return found or Policy()


def maintained_until(alert: Alert, now: datetime) -> datetime | None:
    """Until when its team has said that something is being worked on, or nothing."""
    if alert.team_id is None:
        return None
    about = Q(dataset=None) | (Q(dataset=alert.dataset_id) if alert.dataset_id is not None else Q(pk__in=[]))
    ends = Maintenance.objects.at(now).filter(about, team=alert.team_id).values_list("ends_at", flat=True)
    return max(ends, default=None)


def quiet_until(channel: Channel, severity: str, now: datetime) -> datetime | None:
    """Until when a channel hears of nothing that is not critical, or nothing."""
    if channel.quiet_from is None or channel.quiet_to is None or severity == AlertUrgency.CRITICAL:
        return None
    return end_of_quiet(now, channel.quiet_from, channel.quiet_to, channel.quiet_zone)


def end_of_quiet(now: datetime, begins: time, ends: time, zone: str) -> datetime | None:
    """When the quiet hours end in which a moment lies, or nothing; they may go over midnight. Pure."""
    local = now.astimezone(ZoneInfo(zone))
    clock = local.time().replace(tzinfo=None)
    is_over_midnight = begins >= ends
    within = (clock >= begins or clock < ends) if is_over_midnight else begins <= clock < ends
    if not within:
        return None
    day = local.date() + timedelta(days=1 if is_over_midnight and clock >= begins else 0)
    return datetime.combine(day, ends, ZoneInfo(zone))


def is_storm(channel: Channel, now: datetime) -> bool:
    """Whether a channel of people was told as much within a minute as they can read."""
    if channel.kind not in OF_PEOPLE:
        return False
    newest = Notification.objects.filter(channel=channel, alert__isnull=False).order_by("-id")
    last = newest.values_list("created_at", flat=True)[MOST_A_MINUTE - 1 : MOST_A_MINUTE]
    return any(at > now - MINUTE for at in last)
