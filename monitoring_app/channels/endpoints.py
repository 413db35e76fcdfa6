"""A team's outbound webhooks: added, changed, switched on and off. Secrets are shown once, addresses never again."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from monitoring_app.channels import webhook
from monitoring_app.channels.keeping import ChannelRefused
from monitoring_app.models import Channel, ChannelKind, Endpoint, Subscription
from pipelines_app import vault
from pipelines_app.access import audit, signatures
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Team

ROTATION = timedelta(hours=24)
MOST = 50


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an outbound webhook is told of: the team's alerts or not, and which kinds of events."""

    alerts: bool
    kinds: Iterable[str]


@transaction.atomic
def add(team: Team | None, *, url: str, name: str, wanted: Wanted, actor: str, owner: str = "") -> tuple[Channel, str]:
    """A webhook to an address, and the secret it signs with, which is shown this once; raises ChannelRefused."""
    if refusal := webhook.refused(url):
        raise ChannelRefused(refusal, todo="Give the address of a receiver that is open to the world over https.")
    if Channel.objects.filter(team=team, kind=ChannelKind.WEBHOOK).count() >= MOST:
        raise ChannelRefused(f"A team has up to {MOST} outbound webhooks.", todo="Use one of those there are.")
    secret, host = signatures.new_secret(), urlsplit(url).netloc[:255]
    channel = Channel.objects.create(
        team=team, kind=ChannelKind.WEBHOOK, name=name or host[:200], address=secrets.token_hex(12)
    )
    endpoint = Endpoint.objects.create(
        channel=channel, url=vault.seal(url), host=host, secret=vault.seal(secret), owner=owner
    )
    _subscribe(endpoint, wanted)
    audit.record(actor=actor, action="channel.added", subject=str(channel), team=team, change={"host": host})
    return channel, secret


@transaction.atomic
def change(channel: Channel, *, wanted: Wanted, actor: str) -> None:
    """Tell it of other things from now on."""
    before, after = told_of(channel.endpoint), sorted(wanted.kinds)
    _subscribe(channel.endpoint, wanted)
    audit.record(
        actor=actor,
        action="channel.changed",
        subject=str(channel),
        team=channel.team,
        change={"before": before, "after": after, "alerts": wanted.alerts},
    )


def told_of(endpoint: Endpoint) -> list[str]:
    """The kinds of events it is told of."""
    return sorted(endpoint.subscriptions.values_list("kind", flat=True))


def _subscribe(endpoint: Endpoint, wanted: Wanted) -> None:
    kinds = set(wanted.kinds)
    Endpoint.objects.filter(pk=endpoint.pk).update(alerts=wanted.alerts)
    endpoint.alerts = wanted.alerts
    endpoint.subscriptions.exclude(kind__in=kinds).delete()
    made = [Subscription(endpoint=endpoint, kind=kind) for kind in sorted(kinds)]
    Subscription.objects.bulk_create(made, ignore_conflicts=True)


@transaction.atomic
def rotate(channel: Channel, *, actor: str) -> str:
    """A new secret; for one more day messages carry a signature by the old one, too."""
    secret, endpoint = signatures.new_secret(), channel.endpoint
    endpoint.previous_secret, endpoint.previous_until = endpoint.secret, timezone.now() + ROTATION
    endpoint.secret = vault.seal(secret)
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
    audit.record(actor=actor, action="channel.rotated", subject=str(channel), team=channel.team)
    return secret


@transaction.atomic
def switch(channel: Channel, *, enabled: bool, actor: str) -> None:
    """Switch it on, whatever failed before, or off; raises IllegalMove if it is so already."""
    if not Channel.objects.filter(pk=channel.pk, enabled=not enabled).update(enabled=enabled):
        raise IllegalMove(f"{channel} is switched {'on' if enabled else 'off'} already.")
    channel.enabled = enabled
    if enabled:
        Endpoint.objects.filter(channel=channel).update(failing_since=None, closed_because="")
    change = {"before": not enabled, "after": enabled}
    audit.record(actor=actor, action="channel.switched", subject=str(channel), team=channel.team, change=change)
