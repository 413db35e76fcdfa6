"""Outbound webhooks: JSON, signed by the Standard Webhooks specification, to an address that a team gave."""

import ipaddress
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings

from monitoring_app.channels import posting
from monitoring_app.channels.message import Message, NotDelivered, Taken
from monitoring_app.channels.posting import Letter
from monitoring_app.models import Channel, Endpoint, NotificationState
from pipelines_app import vault
from pipelines_app.access import signatures

SECONDS = 10
PORTS = (None, 443, 8443)
LONGEST = 2000
GONE = 410


def send(channel: Channel, message: Message) -> Taken:
    """Post the message; 2xx is taken, 410 is never to be tried again, anything else (a redirect too) is an error."""
    endpoint = channel.endpoint
    now, body = datetime.now(tz=UTC), payload(message)
    url, live = _opened(endpoint, now)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Loopline",
        **signatures.headers(live, message_id=message.key, at=now, body=body),
    }
    letter = Letter(
        url=url, body=body, headers=headers, to=endpoint.host, seconds=SECONDS, loopback=False, inside=is_inside(url)
    )
    answer = posting.post(letter)
    if 200 <= answer.status < 300:
        return Taken(state=NotificationState.DELIVERED, said=str(answer))
    gone = answer.status == GONE
    raise NotDelivered(
        f"{endpoint.host} answered {answer}", retry_after=answer.retry_after, for_good=gone, is_gone=gone
    )


def _opened(endpoint: Endpoint, now: datetime) -> tuple[str, list[str]]:
    """The address and the secrets that are live; raises NotDelivered where the address may no longer be posted to."""
    try:
        url, live = vault.open_sealed(endpoint.url), list(_live(endpoint, now))
    except InvalidToken as error:
        raise NotDelivered("The webhook was encrypted with a key that is gone.", for_good=True) from error
    if refusal := refused(url):
        raise NotDelivered(refusal, for_good=True)
    return url, live


def _live(endpoint: Endpoint, now: datetime) -> Iterable[str]:
    yield vault.open_sealed(endpoint.secret)
    if endpoint.previous_secret and endpoint.previous_until and endpoint.previous_until > now:
        yield vault.open_sealed(endpoint.previous_secret)


def payload(message: Message) -> bytes:
    """The body of a message: the same bytes at every attempt."""
    told = {"type": message.kind, "timestamp": message.at.isoformat(), "data": dict(message.told)}
    return json.dumps(told, separators=(",", ":"), default=str).encode()


def is_inside(url: str) -> bool:
    """Whether the settings let this very origin be reached, wherever it is."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" in settings.WEBHOOK_INSIDE


def refused(url: str) -> str:
    """Why an address may not be posted to, or nothing if it may. What its name resolves to is looked at when it is."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return f"A webhook's address has up to {LONGEST:,} plain characters, without spaces."
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return "That is not a web address."
    if parts.username is not None or parts.fragment or not host:
        return "A webhook's address names a host, and neither a user nor a fragment."
    if is_inside(url):
        return ""
    if parts.scheme != "https" or port not in PORTS:
        return "A webhook's address begins with https:// and has the port 443 or 8443."
    return _not_public(host)


def _not_public(host: str) -> str:
    try:
        is_public = ipaddress.ip_address(host).is_global
    except ValueError:
        is_public = "." in host and not host.replace(".", "").isdecimal() and not host.startswith("0x")
    return "" if is_public else "Only public addresses are posted to, and those inside that the settings name."
