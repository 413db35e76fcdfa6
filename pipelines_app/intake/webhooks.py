"""Messages from suppliers: each has one effect and one answer, and is answered after it is committed."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from pipelines_app import idempotency, lake, vault
from pipelines_app.access import signatures
from pipelines_app.errors import ArrivalRefused, IllegalMove, KeyReused, NotFound, SignatureInvalid, TooLarge
from pipelines_app.intake import accepting, gathering, limiting, proving, receiving, unfolding
from pipelines_app.intake.accepting import Envelope
from pipelines_app.intake.proving import Message
from pipelines_app.intake.receiving import Received
from pipelines_app.intake.storing import Coming
from pipelines_app.models import Arrival, Dataset, Door, KeptMessage, SignatureKind, Webhook, WebhookCall
from pipelines_app.prepared import Given, Prepared

ROTATION = timedelta(hours=24)
CALLS_LIVE = timedelta(days=30)
CALLS_SHOWN = 50
AT_ONCE = 5000
MOST_FORGOTTEN = 500_000  # in one go: more than may come in the hour between two
SMALL_BYTES = 64 << 10  # kept in the database, with one commit; a file of its own costs two more waits for the disk
KNOWN_AT_ONCE = 10_000


# Asked for every message, and so compiled once.
_open = Prepared(
    lambda: Webhook.objects.filter(public_id=Given("public_id"), disabled_at=None).select_related("dataset__pipeline")
)
_same = Prepared(
    lambda: WebhookCall.objects.filter(webhook=Given("webhook"), message_id=Given("message_id")).select_related(
        "arrival"
    )
)


def create(
    dataset: Dataset, *, signature: str = SignatureKind.STANDARD, per_minute: int | None = None
) -> tuple[Webhook, str]:
    """A new address for a dataset, and its secret, which is shown this once."""
    secret = _new_secret(signature)
    webhook = Webhook.objects.create(
        public_id=secrets.token_hex(12),
        dataset=dataset,
        signature=signature,
        secret=vault.seal(secret),
        per_minute=per_minute,
    )
    return webhook, secret


def _new_secret(signature: str) -> str:
    return signatures.new_secret() if signature == SignatureKind.STANDARD else signatures.new_token()


def rotate(webhook: Webhook) -> str:
    """A new secret; the old one is accepted for one more day."""
    secret = _new_secret(webhook.signature)
    webhook.previous_secret, webhook.previous_until = webhook.secret, timezone.now() + ROTATION
    webhook.secret = vault.seal(secret)
    webhook.save(update_fields=["secret", "previous_secret", "previous_until"])
    return secret


def switch(webhook: Webhook, *, enabled: bool) -> None:
    """Close an address, or open it again; raises IllegalMove if it is so already."""
    moved = Webhook.objects.filter(pk=webhook.pk, disabled_at__isnull=not enabled)
    webhook.disabled_at = None if enabled else timezone.now()
    if not moved.update(disabled_at=webhook.disabled_at):
        raise IllegalMove(f"The address is {'open' if enabled else 'closed'} already.")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many messages in a minute, and how large one may be; none: as the platform's settings say."""

    per_minute: int | None
    max_bytes: int | None


def limit(webhook: Webhook, limits: Limits) -> dict[str, dict[str, int | None]]:
    """Take more or fewer messages, larger or smaller ones, from now on; gives what was and what is, for the audit."""
    before = {"per_minute": webhook.per_minute, "max_bytes": webhook.max_bytes}
    webhook.per_minute, webhook.max_bytes = limits.per_minute, limits.max_bytes
    webhook.save(update_fields=["per_minute", "max_bytes"])
    return {"before": before, "after": asdict(limits)}


_known: dict[str, Webhook] = {}  # by address, as last read: what is judged by them is judged again when it is written


def known(public_id: str) -> Webhook:
    """The webhook of an address, perhaps as it was a while ago: for `take_quickly` alone; raises NotFound."""
    return _known.get(public_id) or find(public_id)


def find(public_id: str) -> Webhook:
    """The webhook of an address; raises NotFound."""
    _known.pop(public_id, None)
    webhook = _open.first(public_id=public_id)
    if webhook is None:
        raise NotFound("There is no webhook at this address.")
    if len(_known) >= KNOWN_AT_ONCE:
        _known.clear()
    _known[public_id] = webhook
    return webhook


def take_quickly(webhook: Webhook, message: Message, *, now: datetime, address: str = "") -> Arrival | None:
    """Take in a small message that meets nothing unusual, together with all that come at the same time.

    Nothing for every other, of which nothing is written then: `receive` takes it, or says what is wrong with it.
    """
    try:
        message_id = proving.verify(webhook, message, now=now)
        coming = _coming(webhook, message, message_id, address)
    except (SignatureInvalid, ArrivalRefused):  # the webhook may be known as it was: nobody is refused for that
        return None
    if coming is None or not limiting.admit_known(webhook, now=now):
        return None
    if gathering.take(coming):
        return coming.arrival
    limiting.uncount(webhook, now=now)
    return None


def _coming(webhook: Webhook, message: Message, message_id: str, address: str) -> Coming | None:
    """The rows that a message is going to be; nothing for one that is a file in the lake."""
    envelope, body = _unfold(webhook, message, message_id)
    if max(len(body), len(message.body)) > SMALL_BYTES:  # no webhook's own limit is below that
        return None
    received = _small(body)
    return Coming(
        webhook=webhook,
        call=_call(webhook, message, message_id, address),
        arrival=accepting.drafted(envelope, received),
        kept=KeptMessage(place=received.place, content=body),
    )


def receive(webhook: Webhook, message: Message, *, now: datetime, address: str = "") -> tuple[Arrival, bool]:
    """Take a message in as an arrival; True if the same message had come before.

    Raises SignatureInvalid, TooMany, KeyReused (the id again with another body), ArrivalRefused.
    """
    return take(webhook, message, message_id=admit(webhook, message, now=now), address=address)


def admit(webhook: Webhook, message: Message, *, now: datetime) -> str:
    """Let a message in whose sender is proved, as one of so many in a minute: its id, empty if it has none."""
    message_id = proving.verify(webhook, message, now=now)
    most = limiting.size_of(webhook)
    if len(message.body) > most:
        raise TooLarge(f"This webhook takes up to {most:,} bytes.", todo="Send less at once, or upload a file.")
    limiting.admit(webhook, now=now)
    return message_id


def take(webhook: Webhook, message: Message, *, message_id: str, address: str = "") -> tuple[Arrival, bool]:
    """Take in a message whose sender is known; one without an id is a message of its own."""
    call = _call(webhook, message, message_id, address)
    before = _before(call)
    if before is not None:
        return before, True
    envelope, body = _unfold(webhook, message, message_id)
    is_small = len(body) <= SMALL_BYTES
    received = _small(body) if is_small else receiving.receive([body], max_bytes=settings.WEBHOOK_MAX_BYTES)
    try:
        with transaction.atomic():
            if is_small:
                KeptMessage.objects.create(place=received.place, content=body)
            call.arrival = accepting.accept(envelope, received)
            call.save(force_insert=True)
    except IntegrityError:
        receiving.discard(received.place)
        before = _before(call)
        if before is None:
            raise
        return before, True
    except ArrivalRefused:
        receiving.discard(received.place)
        raise
    return call.arrival, False


def _call(webhook: Webhook, message: Message, message_id: str, address: str) -> WebhookCall:
    return WebhookCall(
        webhook=webhook,
        message_id=message_id or message.own,
        digest=_digest(message),
        address=address[:64],
    )


def _small(body: bytes) -> Received:
    return Received(place=lake.message_place(), bytes=len(body), sha256=hashlib.sha256(body).hexdigest())


def _digest(message: Message) -> str:
    """What makes two messages the same: the body, and what its address says of it."""
    body = hashlib.sha256(message.body).hexdigest()
    return idempotency.digest(body, message.name, message.period) if message.name or message.period else body


def _before(call: WebhookCall) -> Arrival | None:
    """What became of the same message when it came before; raises KeyReused for another one under its id."""
    found = _same.first(webhook=call.webhook_id, message_id=call.message_id)
    if found is None:
        return None
    if found.digest != call.digest:
        raise KeyReused(
            f"The message {call.message_id!r} came before with another body.", todo="Give each message its own id."
        )
    WebhookCall.objects.filter(pk=found.pk).update(repeats=F("repeats") + 1)
    return found.arrival


def _unfold(webhook: Webhook, message: Message, message_id: str) -> tuple[Envelope, bytes]:
    """What is known of a message, and the bytes to keep: records become JSON lines, a file stays as it is."""
    source = accepting.source_of(webhook.dataset)
    body, period, name = message.body, message.period, message.name
    parameters: Mapping[str, object] = {}
    if unfolding.is_json(message.content_type):
        unfolded = unfolding.records(message.body, source, period=message.period)
        body, period, name = unfolded.body, unfolded.period, unfolded.name or name
        parameters = unfolded.parameters
    envelope = Envelope(
        dataset=webhook.dataset,
        door=Door.WEBHOOK,
        name=name or f"{message_id or 'message'}.{source.format}",
        sender=f"webhook:{webhook.public_id}",
        period=period,
        parameters=parameters,
    )
    return envelope, body


def forget_old_calls(now: datetime) -> int:
    """Remove what was accepted a month ago, but for the last fifty of each webhook; their ids are free again."""
    old = WebhookCall.objects.filter(at__lt=now - CALLS_LIVE)
    went = 0
    for webhook in old.order_by().values_list("webhook", flat=True).distinct():
        newest = WebhookCall.objects.filter(webhook=webhook).order_by("-id").values_list("pk", flat=True)
        kept = newest[CALLS_SHOWN - 1 : CALLS_SHOWN].first()
        if kept is not None:
            of_it = old.filter(webhook=webhook, pk__lt=kept).order_by("pk").values_list("pk", flat=True)
            while went < MOST_FORGOTTEN and (batch := list(of_it[:AT_ONCE])):
                went += WebhookCall.objects.filter(pk__in=batch).delete()[0]
    return went
