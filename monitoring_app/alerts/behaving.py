"""How a team's alerts behave, said by its people and written down: patience, maintenance, quiet hours."""

from dataclasses import asdict, dataclass
from datetime import datetime, time
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.alerts.timing import MINUTE
from monitoring_app.channels.keeping import ChannelRefused
from monitoring_app.models import (
    MOST_MINUTES,
    AlertUrgency,
    Channel,
    Maintenance,
    Notification,
    NotificationState,
    Policy,
    Route,
)
from pipelines_app.access import audit
from pipelines_app.errors import IllegalMove, LooplineError
from pipelines_app.models import Dataset, Team


class NotSo(LooplineError):
    """Alerts cannot behave as it was asked for."""

    code = "not_so"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Manner:
    """Minutes, zero for never: how long before it is told, before it is closed, until told again, between reminders.

    `report`: whether the team gets the weekly report of its promises.
    """

    pending: int = 0
    keep: int = 0
    escalate: int = 0
    escalate_to: str = ""
    remind: int = 0
    report: bool = True


@dataclass(frozen=True, kw_only=True)
class Window:
    """From when until when something is worked on, and why; of one dataset or of all of a team."""

    begins_at: datetime
    ends_at: datetime
    reason: str
    dataset: Dataset | None = None


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """The hours, by the clocks of a zone, in which a channel hears of nothing that is not critical."""

    begins: time
    ends: time
    zone: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which alerts a channel hears of: about such datasets, in a layer, of rules that begin so, at least so severe."""

    pattern: str = ""
    layer: str = ""
    rule: str = ""
    severity: str = AlertUrgency.INFO


@transaction.atomic
def behave(team: Team, manner: Manner, *, actor: str) -> Policy:
    """Have the team's alerts behave so from the next one on; raises NotSo."""
    minutes = (manner.pending, manner.keep, manner.escalate, manner.remind)
    if any(not 0 <= one <= MOST_MINUTES for one in minutes):
        raise NotSo(f"Minutes lie between 0 and {MOST_MINUTES:,}, which is a week.")
    if manner.escalate_to:
        try:
            validate_email(manner.escalate_to)
        except ValidationError as error:
            raise NotSo(
                f"{manner.escalate_to!r} is no e-mail address.", todo="Write it as name@example.com."
            ) from error
    before = Policy.objects.filter(team=team).values(*asdict(Manner())).first()
    policy, _ = Policy.objects.update_or_create(team=team, defaults=asdict(manner))
    change = {"before": before or {}, "after": asdict(manner)}
    audit.record(actor=actor, action="alerts.policy", subject=team.name, team=team, change=change)
    return policy


@transaction.atomic
def maintain(team: Team, window: Window, *, actor: str) -> Maintenance:
    """Tell nobody of the team's alerts for a time; what is still wrong is told when it ends. Raises NotSo."""
    if window.ends_at <= max(window.begins_at, timezone.now()):
        raise NotSo("Maintenance ends after it begins, and in the future.")
    if not window.reason.strip():
        raise NotSo("Maintenance needs a reason: the others read it.")
    if window.dataset is not None and window.dataset.team_id != team.pk:
        raise NotSo(f"{window.dataset} is not the team's.", todo="Name a dataset of the team, or none for all.")
    made = Maintenance.objects.create(
        team=team,
        dataset=window.dataset,
        begins_at=window.begins_at,
        ends_at=window.ends_at,
        reason=window.reason.strip()[:500],
        made_by=actor,
    )
    change = {"from": window.begins_at.isoformat(), "to": window.ends_at.isoformat(), "reason": made.reason}
    audit.record(actor=actor, action="alerts.maintenance", subject=str(made), team=team, change=change)
    return made


@transaction.atomic
def end_maintenance(window: Maintenance, *, actor: str) -> None:
    """End it now, and send what was kept back; raises IllegalMove if it is over."""
    now = timezone.now()
    if not Maintenance.objects.filter(pk=window.pk, ends_at__gt=now).exists():
        raise IllegalMove("The maintenance is over already.")
    kept = Notification.objects.filter(state=NotificationState.PENDING, attempts=0, alert__team=window.team_id)
    until_then = (window.ends_at - MINUTE, window.ends_at + MINUTE)  # not what waits for the end of quiet hours
    kept.filter(not_before__gt=now, not_before__range=until_then).update(not_before=Now())
    if window.begins_at < now:
        Maintenance.objects.filter(pk=window.pk).update(ends_at=now)
    else:
        Maintenance.objects.filter(pk=window.pk).delete()
    audit.record(actor=actor, action="alerts.maintenance_ended", subject=str(window), team=window.team)


@transaction.atomic
def route(channel: Channel, wish: Wish, *, actor: str) -> Route:
    """Have a channel hear of such alerts, and of others only where no route of the team fits; raises NotSo."""
    if channel.team is None:
        raise NotSo("The platform's own channels hear of everything.")
    if any(len(text) > limit for text, limit in ((wish.pattern, 130), (wish.layer, 63), (wish.rule, 210))):
        raise NotSo("A pattern has up to 130 characters, a layer 63, a rule 210.")
    made, is_new = Route.objects.get_or_create(team=channel.team, channel=channel, **asdict(wish))
    if not is_new:
        raise NotSo("There is such a route already.")
    change = {"channel": str(channel)}
    audit.record(actor=actor, action="alerts.routed", subject=str(made), team=channel.team, change=change)
    return made


@transaction.atomic
def unroute(route: Route, *, actor: str) -> None:
    """Take a route away."""
    audit.record(actor=actor, action="alerts.unrouted", subject=str(route), team=route.team)
    route.delete()


@transaction.atomic
def hush(channel: Channel, quiet: Quiet | None, *, actor: str) -> None:
    """Give a channel quiet hours, or none; what is critical is told at any time. Raises ChannelRefused."""
    if quiet is not None and quiet.zone not in available_timezones():
        raise ChannelRefused(f"{quiet.zone!r} is no time zone.", todo="Write it as Europe/Zurich.")
    if quiet is not None and quiet.begins == quiet.ends:
        raise ChannelRefused("Quiet hours end at another time than they begin.")
    channel.quiet_from = quiet.begins if quiet else None
    channel.quiet_to = quiet.ends if quiet else None
    channel.quiet_zone = quiet.zone if quiet else ""
    channel.save(update_fields=["quiet_from", "quiet_to", "quiet_zone"])
    said = f"{quiet.begins:%H:%M} to {quiet.ends:%H:%M} {quiet.zone}" if quiet else "none"
    audit.record(
        actor=actor, action="channel.quiet", subject=str(channel), team=channel.team, change={"quiet hours": said}
    )
