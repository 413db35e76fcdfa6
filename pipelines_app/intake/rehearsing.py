"""A message to a webhook that goes the whole way and is then taken back: a test that changes nothing."""

import uuid
from datetime import datetime

from django.db import transaction

from pipelines_app import vault
from pipelines_app.intake import receiving, webhooks
from pipelines_app.intake.webhooks import Message
from pipelines_app.models import Webhook


def rehearse(webhook: Webhook, *, body: bytes, content_type: str, period: str, now: datetime) -> str:
    """Sign a body with the webhook's secret and take it in up to the commit; the name it would have had.

    Raises what the sender of such a message would be answered: SignatureInvalid, ArrivalRefused.
    """
    message_id = f"test-{uuid.uuid4().hex}"
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhooks.sign(vault.open_sealed(webhook.secret), message_id=message_id, at=now, body=body),
    }
    message = Message(headers=headers, body=body, content_type=content_type, period=period)
    with transaction.atomic():
        arrival, _ = webhooks.receive(webhook, message, now=now)
        transaction.set_rollback(True)
    receiving.discard(arrival.path)
    return arrival.name
