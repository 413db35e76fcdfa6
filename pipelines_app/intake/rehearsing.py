"""A message to a webhook that goes the whole way and is then taken back: a test that changes nothing."""

import uuid
from datetime import datetime

from django.db import transaction

from pipelines_app.intake import proving, receiving, webhooks
from pipelines_app.intake.proving import Message
from pipelines_app.models import Webhook


def rehearse(webhook: Webhook, *, body: bytes, content_type: str, period: str, now: datetime) -> str:
    """Prove a body with the webhook's secret and take it in up to the commit; the name it would have had.

    Raises what the sender of such a message would be answered: SignatureInvalid, ArrivalRefused.
    """
    message_id = f"test-{uuid.uuid4().hex}"
    headers = proving.prove(webhook, body, message_id=message_id, now=now)
    message = Message(headers=headers, body=body, content_type=content_type, period=period)
    with transaction.atomic():
        known = proving.verify(webhook, message, now=now)
        arrival, _ = webhooks.take(webhook, message, message_id=known)
        transaction.set_rollback(True)
    receiving.discard(arrival.path)
    return arrival.name
