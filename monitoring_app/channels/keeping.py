"""A team's channels: added, switched on and off. A secret goes in and is never given out again."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from monitoring_app.channels import bot, slack
from monitoring_app.models import Channel, ChannelKind
from pipelines_app import vault
from pipelines_app.access import audit
from pipelines_app.errors import LooplineError
from pipelines_app.models import Team


class ChannelRefused(LooplineError):
    """A channel cannot be kept as it was asked for."""

    code = "channel_refused"
    status = 422


@transaction.atomic
def add_email(team: Team | None, *, address: str, name: str = "", actor: str) -> Channel:
    """Tell an address of everything that concerns the team; one that only some pipelines named so far hears all."""
    try:
        validate_email(address)
    except ValidationError as error:
        raise ChannelRefused(f"{address!r} is not an e-mail address.", todo="Write it as name@example.com.") from error
    values = {"name": name or address, "is_declared": False, "enabled": True}
    channel, _ = Channel.objects.update_or_create(team=team, kind=ChannelKind.EMAIL, address=address, defaults=values)
    audit.record(actor=actor, action="channel.added", subject=str(channel), team=team)
    return channel


@transaction.atomic
def add_slack(team: Team | None, *, url: str, name: str, actor: str) -> Channel:
    """Tell a Slack channel of everything that concerns the team; raises ChannelRefused for other addresses."""
    if refusal := slack.refused(url):
        raise ChannelRefused(refusal, todo="Copy the address of an incoming webhook from Slack.")
    channel = Channel.objects.create(team=team, kind=ChannelKind.SLACK, name=name, secret=vault.seal(url))
    audit.record(actor=actor, action="channel.added", subject=str(channel), team=team)
    return channel


@transaction.atomic
def add_bot(team: Team | None, *, token: str, place: str, name: str, actor: str) -> Channel:
    """Tell a Slack channel through an app, in threads; raises ChannelRefused for what is no token or no channel."""
    if refusal := bot.refused(token, place):
        raise ChannelRefused(refusal, todo="In Slack: the app's OAuth page, and About in the channel's details.")
    values = {"name": name or place, "secret": vault.seal(token), "enabled": True, "is_declared": False}
    channel, _ = Channel.objects.update_or_create(team=team, kind=ChannelKind.BOT, address=place, defaults=values)
    audit.record(actor=actor, action="channel.added", subject=str(channel), team=team)
    return channel


@transaction.atomic
def switch(channel: Channel, *, enabled: bool, actor: str) -> None:
    """Switch a channel on or off; messages that wait are still sent."""
    change = {"before": channel.enabled, "after": enabled}
    channel.enabled = enabled
    channel.save(update_fields=["enabled"])
    audit.record(actor=actor, action="channel.switched", subject=str(channel), team=channel.team, change=change)
