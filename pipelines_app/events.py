"""Record a fact; deliver it once to each consumer that hears its kind."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string

from pipelines_app import failpoints, wake
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import KINDS, DeliveryReleased, DeliveryStuck, Fact
from pipelines_app.models import Delivery, DeliveryState, Event

logger = logging.getLogger(__name__)

Hear = Callable[[Event, Fact], str]


class Consumer(Protocol):
    """Takes an event and its fact, writes rows, and says in words what became of the event there."""

    hears: frozenset[str]
    ignores: Callable[[Fact], bool]

    def __call__(self, event: Event, fact: Fact) -> str: ...


def _nothing(fact: Fact) -> bool:
    return False


def hears(*kinds: type[Fact], ignores: Callable[[Fact], bool] = _nothing) -> Callable[[Hear], Consumer]:
    """Declare which kinds of fact a consumer is told of, and which of those mean nothing to it and need no delivery."""

    def declare(hear: Hear) -> Consumer:
        consumer = cast(Consumer, hear)
        consumer.hears = frozenset(kind.kind for kind in kinds)
        consumer.ignores = ignores
        return consumer

    return declare


@cache
def _consumer(path: str) -> Consumer:
    return cast(Consumer, import_string(path))


def consumers() -> dict[str, Consumer]:
    """The consumers named in the settings, by name."""
    return {name: _consumer(path) for name, path in settings.EVENT_CONSUMERS.items()}


def record(fact: Fact, *, cause: Event | None = None, actor: str = "") -> Event:
    """Append an event and one delivery per consumer in the caller's transaction, and ring the bell after commit.

    Every event has a cause or an actor who began the chain (`user:ana`, `token:…`, `webhook:…`, `clock`, `platform`).
    """
    body = asdict(fact)
    event = Event(kind=fact.kind, cause=cause, actor=actor, body=body)
    event.pipeline, event.dataset = body.get("pipeline", ""), body.get("dataset", "")
    event.period, event.run = body.get("period", ""), body.get("run")
    with transaction.atomic(savepoint=False):
        event.save(force_insert=True)
        heard_by = [
            name for name, consumer in consumers().items() if fact.kind in consumer.hears and not consumer.ignores(fact)
        ]
        deliveries = Delivery.objects.bulk_create([Delivery(event=event, consumer=name) for name in heard_by])
        for delivery in deliveries:
            wake.ring(wake.DELIVERY, delivery.pk)
    return event


def fact_of(event: Event) -> Fact:
    """The fact that an event stored."""
    return KINDS[event.kind].read(event.body)


def deliver(pk: int) -> None:
    """Hand one event to one consumer: its effect and the mark `done` are committed together, or neither is."""
    try:
        _hand_over(pk)
    except Exception as error:
        logger.exception("delivery failed", extra={"delivery": pk})
        _blame(pk, error)


@transaction.atomic
def _hand_over(pk: int) -> None:
    pending = Delivery.objects.filter(pk=pk, state=DeliveryState.PENDING).select_related("event")
    delivery = pending.select_for_update(of=("self",), skip_locked=True).first()
    if delivery is None:
        return
    delivery.outcome = consumers()[delivery.consumer](delivery.event, fact_of(delivery.event))[:500]
    delivery.state = DeliveryState.DONE
    delivery.attempts += 1
    delivery.error = ""
    delivery.done_at = timezone.now()
    delivery.save(update_fields=["outcome", "state", "attempts", "error", "done_at"])
    failpoints.reach("before_delivery_commit")


@transaction.atomic
def _blame(pk: int, error: Exception) -> None:
    delivery = Delivery.objects.select_for_update().select_related("event").get(pk=pk)
    if delivery.state != DeliveryState.PENDING:
        return
    delivery.attempts += 1
    delivery.error = f"{type(error).__name__}: {error}"
    delivery.not_before = ExpressionWrapper(Now() + backoff(delivery.attempts), output_field=DateTimeField())
    if delivery.attempts >= settings.DELIVERY_ATTEMPTS:
        delivery.state = DeliveryState.STUCK
        if delivery.event.kind != DeliveryStuck.kind:  # else a broken consumer would hear of itself without end
            stuck = DeliveryStuck(event=delivery.event_id, consumer=delivery.consumer, error=delivery.error)
            record(stuck, cause=delivery.event)
    delivery.save(update_fields=["attempts", "error", "not_before", "state"])


def backoff(attempts: int) -> timedelta:
    """How long to wait before the next attempt: 1, 2, 4 … seconds, an hour at most."""
    return timedelta(seconds=min(3600, 2 ** (attempts - 1)))


@transaction.atomic
def release(delivery: Delivery, *, actor: str) -> None:
    """Try a stuck delivery again, from the first attempt; raises IllegalMove if it is not stuck."""
    again = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.STUCK)
    if not again.update(state=DeliveryState.PENDING, attempts=0):
        raise IllegalMove(f"{delivery} cannot be tried again: it is not stuck.")
    record(DeliveryReleased(event=delivery.event_id, consumer=delivery.consumer), actor=actor)
    wake.ring(wake.DELIVERY, delivery.pk)


def due(now: datetime, limit: int = 200) -> Iterable[int]:
    """Deliveries whose bell was lost or whose back-off is over, oldest first."""
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, not_before__lte=now)
    return waiting.order_by("not_before").values_list("pk", flat=True)[:limit]
