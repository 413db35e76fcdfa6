"""Who sent a message: the proof that its webhook asks for, and the id that its sender gave it."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings

from pipelines_app import vault
from pipelines_app.access import signatures
from pipelines_app.errors import SignatureInvalid
from pipelines_app.models import SignatureKind, Webhook

LONGEST_ID = 200


@dataclass(frozen=True, kw_only=True)
class Message:
    """One request to a webhook. `name` and `period` come from its query, for bodies that cannot say them.

    `own` stands for the id that its sender gave it, where there is none.
    """

    headers: Mapping[str, str]
    body: bytes
    content_type: str
    name: str = ""
    period: str = ""
    own: str = field(default_factory=lambda: f"own-{uuid.uuid4().hex}")

    def header(self, name: str) -> str:
        """A header by its name in lower case; empty if there is none."""
        return next((value for key, value in self.headers.items() if key.lower() == name), "")


def verify(webhook: Webhook, message: Message, *, now: datetime) -> str:
    """The id of a message whose proof holds, empty where its sender gave none; raises SignatureInvalid otherwise."""
    message_id = CHECKS[webhook.signature](message, live_secrets(webhook, now), now)
    if len(message_id) > LONGEST_ID:
        raise SignatureInvalid(
            f"The message's id has {len(message_id):,} characters.", todo=f"Use up to {LONGEST_ID} for an id."
        )
    return message_id


def live_secrets(webhook: Webhook, now: datetime) -> list[str]:
    """The secrets that hold now: the newest first, and the one before it until its day is over."""
    live = [vault.open_sealed(webhook.secret)]
    if webhook.previous_secret and webhook.previous_until and webhook.previous_until > now:
        live.append(vault.open_sealed(webhook.previous_secret))
    return live


def _standard(message: Message, live: list[str], now: datetime) -> str:
    message_id, stamp = message.header("webhook-id"), message.header("webhook-timestamp")
    given = message.header("webhook-signature")
    if not (message_id and stamp and given):
        raise SignatureInvalid(
            "The message is not signed.", todo="Send the headers webhook-id, webhook-timestamp and webhook-signature."
        )
    at = _moment(stamp)
    if abs((now - at).total_seconds()) > settings.WEBHOOK_TOLERANCE_SECONDS:
        raise SignatureInvalid(
            f"The message was signed at {at:%Y-%m-%d %H:%M:%S} UTC, which is too far from now.",
            todo="Sign it when you send it, and keep the sender's clock right.",
        )
    expected = [signatures.standard(secret, message_id=message_id, at=at, body=message.body) for secret in live]
    if not any(signatures.fits(one, expected) for one in given.split()[:20]):
        raise _unfit()
    return message_id


def _moment(stamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(stamp), tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SignatureInvalid(f"webhook-timestamp {stamp[:40]!r} is not seconds since 1970.") from error


def _github(message: Message, live: list[str], now: datetime) -> str:
    given = message.header("x-hub-signature-256")
    if not given:
        raise SignatureInvalid("The message is not signed.", todo="Send the header X-Hub-Signature-256.")
    if not signatures.fits(given, [signatures.github(secret, message.body) for secret in live]):
        raise _unfit()
    return message.header("x-github-delivery")


def _bearer(message: Message, live: list[str], now: datetime) -> str:
    scheme, _, given = message.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise SignatureInvalid("There is no token.", todo="Send the header Authorization: Bearer <secret>.")
    if not signatures.fits(given.strip(), live):
        raise SignatureInvalid("The token is not this webhook's.", todo="Send this webhook's secret.")
    return message.header("idempotency-key") or message.header("webhook-id")


def _unfit() -> SignatureInvalid:
    return SignatureInvalid(
        "The signature does not fit the message.", todo="Sign the very bytes that are sent, with this webhook's secret."
    )


CHECKS: dict[str, Callable[[Message, list[str], datetime], str]] = {
    SignatureKind.STANDARD: _standard,
    SignatureKind.GITHUB: _github,
    SignatureKind.BEARER: _bearer,
}


def prove(webhook: Webhook, body: bytes, *, message_id: str, now: datetime) -> dict[str, str]:
    """The headers by which a sender that knows the newest secret proves a body."""
    secret = vault.open_sealed(webhook.secret)
    if webhook.signature == SignatureKind.GITHUB:
        return {"x-hub-signature-256": signatures.github(secret, body), "x-github-delivery": message_id}
    if webhook.signature == SignatureKind.BEARER:
        return {"authorization": f"Bearer {secret}", "idempotency-key": message_id}
    return signatures.headers([secret], message_id=message_id, at=now, body=body)
