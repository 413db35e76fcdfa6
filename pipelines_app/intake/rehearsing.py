"""A message to a webhook that goes the whole way and is then taken back: a test that changes nothing."""

import uuid
from datetime import datetime

from django.db import transaction

from pipelines_app.intake import proving, receiving, refusals, webhooks
from pipelines_app.intake.proving import Message
from pipelines_app.models import Webhook

SENDER = "a test"  # in the log of the webhook, where others have their address


def rehearse(webhook: Webhook, *, body: bytes, content_type: str, period: str, now: datetime) -> str:
    """Prove a body with the webhook's secret and take it in as the door does, up to the commit; the name it would have.

    It counts as one message of its minute. Raises what the sender of such a message would be answered, and notes it
    as the door does: SignatureInvalid, TooMany, ArrivalRefused.
    """
    message_id = f"test-{uuid.uuid4().hex}"
    headers = proving.prove(webhook, body, message_id=message_id, now=now)
    message = Message(headers=headers, body=body, content_type=content_type, period=period)
    with refusals.noted(webhook, bytes=len(body), address=SENDER, now=now):
        known = webhooks.admit(webhook, message, now=now)
        with transaction.atomic():
            arrival, _ = webhooks.take(webhook, message, message_id=known, address=SENDER)
            transaction.set_rollback(True)
    receiving.discard(arrival.path)
    return arrival.name
