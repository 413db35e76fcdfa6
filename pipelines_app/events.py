"""Record a fact; deliver it once to each consumer that hears its kind."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Protocol, cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string

from pipelines_app import facts_expected as _facts_expected  # noqa: F401 its kinds register themselves on import
from pipelines_app import facts_outside as _facts_outside  # noqa: F401 its kinds register themselves on import
from pipelines_app import failpoints, prepared, wake
from pipelines_app.boundary import contained
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import KINDS, DeliveryReleased, DeliveryStuck, Fact
from pipelines_app.models import Delivery, DeliveryState, Disposition, Event, Outcome
from pipelines_app.prepared import Given, Prepared
from pipelines_app.transactions import is_passing

logger = logging.getLogger(__name__)
LATER_RELEASE = timedelta(days=1)
Hear = Callable[[Event, Fact], Outcome | str]

# Written out, because every step of every run passes here several times.
INSERT_EVENTS = """
    INSERT INTO pipelines_app_event (kind, at, actor, cause_id, pipeline, dataset, period, run, body) VALUES """
EVENT = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
INSERT_DELIVERIES = """
    INSERT INTO pipelines_app_delivery (
        event_id, consumer, state, attempts, error, outcome, disposition, run, done_at
    ) VALUES """
DELIVERY = "(%s, %s, 'pending', 0, '', '', '', NULL, NULL)"
DELIVERED = "(%s, %s, 'done', 1, '', %s, %s, %s, %s)"
DONE = """
    UPDATE pipelines_app_delivery
    SET outcome = %s, disposition = %s, run = %s, state = 'done', attempts = attempts + 1, error = '', done_at = %s
    WHERE id = %s
"""


class Consumer(Protocol):
    """Takes an event and its fact, writes rows, and says what became of the event there.

    Words alone mean that it was made use of, unless they begin with `ignored`.
    """

    hears: frozenset[str]
    ignores: Callable[[Fact], bool]
    starts: bool
    at_once: bool

    def __call__(self, event: Event, fact: Fact) -> Outcome | str: ...


def _nothing(fact: Fact) -> bool:
    return False


def hears(
    *kinds: type[Fact], ignores: Callable[[Fact], bool] = _nothing, starts: bool = False, at_once: bool = False
) -> Callable[[Hear], Consumer]:
    """Declare which kinds of fact a consumer is told of, and which of those mean nothing to it and need no delivery.

    `starts` says that what it is told of may start runs; `at_once`, that it is told in the very transaction that
    records the fact: all it does is write a row of its own, which waits for nobody and can only fail with all the rest.
    """

    def declare(hear: Hear) -> Consumer:
        consumer = cast(Consumer, hear)
        consumer.hears = frozenset(kind.kind for kind in kinds)
        consumer.ignores = ignores
        consumer.starts = starts
        consumer.at_once = at_once
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
    return record_all([fact], cause=cause, actor=actor)[0]


def record_all(facts: Sequence[Fact], *, cause: Event | None = None, actor: str = "") -> list[Event]:
    """The same for facts that happened together, of one cause and in this order."""
    return _record([(fact, _event(fact, cause, actor)) for fact in facts])


def record_of_many(facts: Sequence[tuple[Fact, str]]) -> list[Event]:
    """The same for facts that have nothing to do with each other, each with the actor who began its chain."""
    return _record([(fact, _event(fact, None, actor)) for fact, actor in facts])


def _record(said: Sequence[tuple[Fact, Event]]) -> list[Event]:
    recorded = [event for _, event in said]
    with transaction.atomic(savepoint=False):
        _append(recorded)
        heard_by = [(fact, event, name) for fact, event in said for name in hearers(fact)]
        if heard_by:
            _hand_out(heard_by)
    return recorded


def _hand_out(heard_by: Sequence[tuple[Fact, Event, str]]) -> None:
    """Write the deliveries, with what became of those that were made at once; ring for the others."""
    known, values = consumers(), list[Any]()
    for fact, event, name in heard_by:
        values += [event.pk, name]
        if known[name].at_once:
            told = Outcome.of(known[name](event, fact))
            now = connection.ops.adapt_datetimefield_value(timezone.now())
            values += [told.text[:500], told.kind, told.run, now]
    with prepared.cursor() as cursor:
        cursor.execute(_handing_out(tuple(known[name].at_once for _, _, name in heard_by)), values)
        for (pk,), (_, _, name) in zip(cursor.fetchall(), heard_by, strict=True):
            if not known[name].at_once:
                ring(name, [pk])


@lru_cache(maxsize=256)
def _handing_out(at_once: tuple[bool, ...]) -> str:
    return INSERT_DELIVERIES + ", ".join(DELIVERED if done else DELIVERY for done in at_once) + " RETURNING id"


def hearers(fact: Fact) -> list[str]:
    """The consumers that are told of a fact."""
    return [
        name for name, consumer in consumers().items() if fact.kind in consumer.hears and not consumer.ignores(fact)
    ]


def ring(consumer: str, deliveries: Iterable[int]) -> None:
    """Have events handed to a consumer once the caller's transaction is committed."""
    wake.ring(wake.START if consumers()[consumer].starts else wake.DELIVERY, *deliveries)


def body_of(fact: Fact) -> dict[str, Any]:
    """The fields of a fact, as its event keeps them."""
    return dict(vars(fact))


def _event(fact: Fact, cause: Event | None, actor: str) -> Event:
    body = body_of(fact)
    event = Event(kind=fact.kind, cause=cause, actor=actor, body=body)
    event.pipeline, event.dataset = body.get("pipeline", ""), body.get("dataset", "")
    event.period, event.run = body.get("period", ""), body.get("run")
    return event


def _append(events: Sequence[Event]) -> None:
    rows = [
        (
            event.kind,
            connection.ops.adapt_datetimefield_value(event.at),
            event.actor,
            event.cause_id,
            event.pipeline,
            event.dataset,
            event.period,
            event.run,
            json.dumps(event.body),
        )
        for event in events
    ]
    with prepared.cursor() as cursor:
        cursor.execute(_insertion(len(rows)), [value for values in rows for value in values])
        found = cursor.fetchall()
    for event, (pk,) in zip(events, found, strict=True):
        event.pk = pk
        event._state.adding, event._state.db = False, connection.alias


@cache
def _insertion(count: int) -> str:
    return INSERT_EVENTS + ", ".join([EVENT] * count) + " RETURNING id"


def fact_of(event: Event) -> Fact:
    """The fact that an event stored."""
    return KINDS[event.kind].read(event.body)


def deliver(pk: int) -> None:
    """Hand one event to one consumer: its effect and the mark `done` are committed together, or neither is."""
    with contained("delivery failed", delivery=pk) as unit:
        _hand_over(pk)
    if unit.error is not None:
        _blame(pk, unit.error)


# By its key alone: asked for what is pending, too, PostgreSQL goes through the whole queue while that is short or was.
_told_of = Prepared(
    lambda: (
        Delivery.objects.filter(pk=Given("pk"))
        .select_related("event")
        .select_for_update(of=("self",), skip_locked=True)
    )
)


@transaction.atomic
def _hand_over(pk: int) -> None:
    delivery = _told_of.first(pk=pk)
    if (
        delivery is None
        or delivery.state != DeliveryState.PENDING
        or (_is_of_later_release(delivery) and _leaves(delivery))
    ):
        return
    told = Outcome.of(consumers()[delivery.consumer](delivery.event, fact_of(delivery.event)))
    with prepared.cursor() as cursor:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        cursor.execute(DONE, [told.text[:500], told.kind, told.run, now, pk])
    failpoints.reach("before_delivery_commit")


def _is_of_later_release(delivery: Delivery) -> bool:
    return delivery.event.kind not in KINDS or delivery.consumer not in consumers()


def _leaves(delivery: Delivery) -> bool:
    """Put back what a worker of a later release will understand; False once none has come for a day.

    For as long as a release is rolled out, workers of the one before run beside it.
    """
    age = timezone.now() - delivery.event.at
    if age > LATER_RELEASE:
        return False
    logger.warning("%s is left to a later release", delivery, extra={"delivery": delivery.pk})
    wait = min(max(age / 10, timedelta(seconds=5)), timedelta(minutes=1))
    Delivery.objects.filter(pk=delivery.pk).update(
        error=f"this release knows no {delivery.event.kind} for {delivery.consumer}: it is left to a later one",
        not_before=ExpressionWrapper(Now() + wait, output_field=DateTimeField()),
    )
    return True


@transaction.atomic
def _blame(pk: int, error: Exception) -> None:
    delivery = Delivery.objects.select_for_update().select_related("event").get(pk=pk)
    if delivery.state != DeliveryState.PENDING:
        return
    if not is_passing(error):  # else it is no fault of the event, and tried for as long as it takes
        delivery.attempts += 1
    delivery.error = f"{type(error).__name__}: {error}"
    delivery.not_before = ExpressionWrapper(Now() + backoff(max(1, delivery.attempts)), output_field=DateTimeField())
    if delivery.attempts >= settings.DELIVERY_ATTEMPTS:
        delivery.state, delivery.disposition = DeliveryState.STUCK, Disposition.FAILED
        if delivery.event.kind != DeliveryStuck.kind:  # else a broken consumer would hear of itself without end
            stuck = DeliveryStuck(event=delivery.event_id, consumer=delivery.consumer, error=delivery.error)
            record(stuck, cause=delivery.event)
    delivery.save(update_fields=["attempts", "error", "not_before", "state", "disposition"])


def backoff(attempts: int) -> timedelta:
    """How long to wait before the next attempt: 1, 2, 4 … seconds, an hour at most."""
    return timedelta(seconds=min(3600, 2 ** (attempts - 1)))


@transaction.atomic
def release(delivery: Delivery, *, actor: str) -> None:
    """Try a stuck delivery again, from the first attempt; raises IllegalMove if it is not stuck."""
    again = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.STUCK)
    if not again.update(state=DeliveryState.PENDING, attempts=0, disposition=""):
        raise IllegalMove(f"{delivery} cannot be tried again: it is not stuck.")
    record(DeliveryReleased(event=delivery.event_id, consumer=delivery.consumer), actor=actor)
    wake.ring(wake.DELIVERY, delivery.pk)


def due(now: datetime, limit: int = 200) -> Iterable[int]:
    """Deliveries whose bell was lost or whose back-off is over, oldest first."""
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, not_before__lte=now)
    return waiting.order_by("not_before").values_list("pk", flat=True)[:limit]
