"""Who hears of an alert: the team's channels, the addresses its pipeline names, and always somebody."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitoring_app.models import Alert, Channel, ChannelKind, Endpoint, Route
from pipelines_app.models import Pipeline, Team

CHANNEL = "channel"  # the rule of alerts about channels that do not deliver


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a pipeline's definition says about its alerts."""

    emails: tuple[str, ...] = ()
    slack: bool = True


def channels_of(alert: Alert, *, but: Channel | None = None, besides: Iterable[str] = ()) -> list[Channel]:
    """The channels that hear of an alert, one at least: the console, where there is no other. `besides`: addresses."""
    wishes = _wishes(alert.pipeline)
    of_team = Channel.objects.filter(team=alert.team_id, enabled=True, is_declared=False)
    of_team = of_team.exclude(kind=ChannelKind.WEBHOOK, endpoint__alerts=False)
    routed = _routed(alert, list(of_team))
    heard = {channel.pk: channel for channel in routed if wishes.slack or channel.kind != ChannelKind.SLACK}
    named = _declared(alert.team, [*wishes.emails, *filter(None, alert.owner.split(", ")), *_keepers(alert), *besides])
    heard |= {channel.pk: channel for channel in named if channel.enabled}
    if but is not None:
        heard.pop(but.pk, None)
    return list(heard.values()) or [console_of(alert.team)]


def _routed(alert: Alert, channels: list[Channel]) -> list[Channel]:
    """Those that a route of the team leads to; all of them where none fits. One that fails is told of to all."""
    routes = Route.objects.filter(team=alert.team_id) if alert.team_id is not None else Route.objects.none()
    led = {route.channel_id for route in routes if alert.rule != CHANNEL and route.fits(alert)}
    return [channel for channel in channels if channel.pk in led] or channels


def _declared(team: Team | None, emails: Iterable[str]) -> list[Channel]:
    own = [team.email] if team is not None and team.email else []
    return [
        Channel.objects.get_or_create(
            team=team, kind=ChannelKind.EMAIL, address=address, defaults={"name": address, "is_declared": True}
        )[0]
        for address in dict.fromkeys([*own, *emails])
    ]


def _keepers(alert: Alert) -> Iterable[str]:
    """Who made the outbound webhook that an alert is about: they are told by e-mail."""
    if alert.rule != CHANNEL:
        return []
    made = Endpoint.objects.filter(channel_id=int(alert.subject.removeprefix(f"{CHANNEL}/"))).exclude(owner="")
    return made.values_list("owner", flat=True)


def console_of(team: Team | None) -> Channel:
    """The team's channel of last resort: messages are kept and shown."""
    channel, _ = Channel.objects.get_or_create(
        team=team, kind=ChannelKind.CONSOLE, address="", defaults={"name": "Console", "is_declared": True}
    )
    return channel


def _wishes(pipeline: str) -> Wishes:
    found = Pipeline.objects.filter(name=pipeline).select_related("current").first() if pipeline else None
    if found is None or found.current is None:
        return Wishes()
    declared = found.current.document.get("alerts", {})
    return Wishes(emails=tuple(declared.get("emails", ())), slack=declared.get("slack", True))
