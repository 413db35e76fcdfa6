"""Signed messages from suppliers, by the Standard Webhooks specification (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from pipelines_app import vault
from pipelines_app.compiler.definition import Format
from pipelines_app.errors import ArrivalRefused, KeyReused, NotFound, SignatureInvalid
from pipelines_app.intake import accepting, receiving
from pipelines_app.intake.accepting import Envelope
from pipelines_app.models import Arrival, Dataset, Door, Webhook, WebhookCall, WebhookRefusal

PREFIX = "whsec_"
ROTATION = timedelta(hours=24)
REFUSALS_KEPT = 50


@dataclass(frozen=True, kw_only=True)
class Message:
    """One request to a webhook. `name` and `period` come from its query, for bodies that cannot say them."""

    headers: Mapping[str, str]
    body: bytes
    content_type: str
    name: str = ""
    period: str = ""


def create(dataset: Dataset) -> tuple[Webhook, str]:
    """A new address for a dataset, and its secret, which is shown this once."""
    secret = _new_secret()
    webhook = Webhook.objects.create(public_id=secrets.token_hex(12), dataset=dataset, secret=vault.seal(secret))
    return webhook, secret


def rotate(webhook: Webhook) -> str:
    """A new secret; the old one is accepted for one more day."""
    secret = _new_secret()
    webhook.previous_secret, webhook.previous_until = webhook.secret, timezone.now() + ROTATION
    webhook.secret = vault.seal(secret)
    webhook.save(update_fields=["secret", "previous_secret", "previous_until"])
    return secret


def _new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def find(public_id: str) -> Webhook:
    """The webhook of an address; raises NotFound."""
    webhook = Webhook.objects.filter(public_id=public_id, disabled_at=None).select_related("dataset__pipeline").first()
    if webhook is None:
        raise NotFound("There is no webhook at this address.")
    return webhook


def sign(secret: str, *, message_id: str, at: datetime, body: bytes) -> str:
    """The signature header of a message: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%s.%d." % (message_id.encode(), int(at.timestamp())) + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verify(webhook: Webhook, message: Message, *, now: datetime) -> str:
    """The id of a message whose signature holds; raises SignatureInvalid otherwise."""
    headers = {name.lower(): value for name, value in message.headers.items()}
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
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
    for secret in _live_secrets(webhook, now):
        expected = sign(secret, message_id=message_id, at=at, body=message.body)
        if any(hmac.compare_digest(expected.encode(), one.encode()) for one in given.split()):
            return message_id
    raise SignatureInvalid(
        "The signature does not fit the message.", todo="Sign the very bytes that are sent, with this webhook's secret."
    )


def _moment(stamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(stamp), tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SignatureInvalid(f"webhook-timestamp {stamp[:40]!r} is not seconds since 1970.") from error


def _live_secrets(webhook: Webhook, now: datetime) -> list[str]:
    live = [vault.open_sealed(webhook.secret)]
    if webhook.previous_secret and webhook.previous_until and webhook.previous_until > now:
        live.append(vault.open_sealed(webhook.previous_secret))
    return live


def receive(webhook: Webhook, message: Message, *, now: datetime) -> tuple[Arrival, bool]:
    """Take a signed message in as an arrival; True if the same message had come before.

    Raises SignatureInvalid, KeyReused (the id again with another body), ArrivalRefused.
    """
    message_id = verify(webhook, message, now=now)[:200]
    digest = hashlib.sha256(message.body).hexdigest()
    before = _before(webhook, message_id, digest)
    if before is not None:
        return before, True
    body, name, period = _unfold(webhook, message, message_id)
    received = receiving.receive([body], max_bytes=settings.WEBHOOK_MAX_BYTES)
    envelope = Envelope(
        dataset=webhook.dataset, door=Door.WEBHOOK, name=name, sender=f"webhook:{webhook.public_id}", period=period
    )
    try:
        with transaction.atomic():
            arrival = accepting.accept(envelope, received)
            WebhookCall.objects.create(webhook=webhook, message_id=message_id, digest=digest, arrival=arrival)
    except IntegrityError:
        receiving.discard(received.place)
        before = _before(webhook, message_id, digest)
        if before is None:
            raise
        return before, True
    except ArrivalRefused:
        receiving.discard(received.place)
        raise
    return arrival, False


def _before(webhook: Webhook, message_id: str, digest: str) -> Arrival | None:
    call = WebhookCall.objects.filter(webhook=webhook, message_id=message_id).select_related("arrival").first()
    if call is None:
        return None
    if call.digest != digest:
        raise KeyReused(
            f"The message {message_id!r} came before with another body.", todo="Give each message its own id."
        )
    return call.arrival


def _unfold(webhook: Webhook, message: Message, message_id: str) -> tuple[bytes, str, str]:
    """The bytes to keep, a name for them and their period: records become JSON lines, a file body stays as it is."""
    source = accepting.source_of(webhook.dataset)
    name = message.name or f"{message_id}.{source.format}"
    is_json = message.content_type.partition(";")[0].strip().lower() == "application/json"
    if not is_json:
        return message.body, name, message.period
    payload = _json(message.body)
    if isinstance(payload, dict) and "records" in payload:
        records, period = payload["records"], str(payload.get("period") or message.period)
    else:
        records, period = payload, message.period
    records = records if isinstance(records, list) else [records]
    if source.format is not Format.JSONL:
        raise ArrivalRefused(
            f"{source.dataset} takes {source.format} files, and JSON records came.",
            todo=f"Send the file itself with its own content type, or declare the source's format as {Format.JSONL}.",
        )
    if not all(isinstance(record, dict) for record in records):
        raise ArrivalRefused("Every record has to be a JSON object.", todo='Send {"period": …, "records": [{…}, …]}.')
    lines = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)
    return lines.encode(), name, period


def _json(body: bytes) -> object:
    try:
        return json.loads(body, object_pairs_hook=_no_twins)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ArrivalRefused(
            f"The body is not JSON: {error}.", todo="Send JSON, or the file itself with its own content type."
        ) from error


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = next(name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1)
        raise ArrivalRefused(f"The key {twice!r} is there twice in one object.", todo="Send each key once.")
    return fields


def refused(webhook: Webhook, *, status: int, reason: str, address: str) -> None:
    """Keep a refusal for the console; the oldest beyond the last fifty go."""
    WebhookRefusal.objects.create(webhook=webhook, status=status, reason=reason[:300], address=address[:64])
    keep = WebhookRefusal.objects.filter(webhook=webhook).order_by("-id").values_list("pk", flat=True)[:REFUSALS_KEPT]
    WebhookRefusal.objects.filter(webhook=webhook).exclude(pk__in=list(keep)).delete()
