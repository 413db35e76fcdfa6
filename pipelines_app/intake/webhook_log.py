"""The last messages to a webhook, taken and refused, in one list: what was answered, why, how large, from where."""

from dataclasses import dataclass
from datetime import datetime

from pipelines_app.intake.webhooks import CALLS_SHOWN
from pipelines_app.models import Arrival, Webhook, WebhookCall, WebhookRefusal


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One message, or several refusals that are alike; `arrival` is what an accepted one became."""

    at: datetime
    status: int
    reason: str
    bytes: int | None
    address: str
    message_id: str = ""
    times: int = 1
    arrival: Arrival | None = None
    repeats: int = 0


def last(webhook: Webhook) -> list[Delivery]:
    """The last fifty, the newest first; two queries."""
    calls = WebhookCall.objects.filter(webhook=webhook).select_related("arrival").order_by("-pk")[:CALLS_SHOWN]
    refusals = WebhookRefusal.objects.filter(webhook=webhook).order_by("-at", "-pk")[:CALLS_SHOWN]
    both = [*map(_taken, calls), *map(_refused, refusals)]
    return sorted(both, key=lambda one: one.at, reverse=True)[:CALLS_SHOWN]


def _taken(call: WebhookCall) -> Delivery:
    return Delivery(
        at=call.at,
        status=201,
        reason=call.arrival.disposition,
        bytes=call.arrival.bytes,
        address=call.address,
        message_id=call.message_id,
        arrival=call.arrival,
        repeats=call.repeats,
    )


def _refused(refusal: WebhookRefusal) -> Delivery:
    return Delivery(
        at=refusal.at,
        status=refusal.status,
        reason=refusal.reason,
        bytes=refusal.bytes,
        address=refusal.address,
        times=refusal.times,
    )
