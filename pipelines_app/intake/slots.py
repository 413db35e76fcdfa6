"""The ledger of expected arrivals: opened ahead of time, late by the clock alone, filled by what comes."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pipelines_app import events
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind, Source
from pipelines_app.errors import ArrivalRefused, IllegalMove
from pipelines_app.facts import SlotBecameLate, SlotFilled, SlotOpened, SlotWaived
from pipelines_app.models import Arrival, Dataset, Event, Pipeline, Slot, SlotState
from pipelines_app.runs import planning


@transaction.atomic
def announce(dataset: Dataset, *, period: str, due_at: datetime, actor: str) -> Slot:
    """Expect an arrival by a moment that somebody knows; an open slot of the period takes the new moment."""
    kind = PeriodKind(dataset.period_kind)
    if not dataset.is_source:
        raise ArrivalRefused(f"{dataset.name} is made by a pipeline: nothing arrives for it.")
    if not periods.is_valid(kind, period):
        raise ArrivalRefused(f"{period!r} is not a period of {dataset.name}, whose periods are by {kind}.")
    return _open(dataset, period, due_at, actor=actor)


def _open(dataset: Dataset, period: str, due_at: datetime, *, actor: str) -> Slot:
    slot = Slot.objects.select_for_update().filter(dataset=dataset, period=period).first()
    if slot is not None and (slot.state != SlotState.EXPECTED or slot.due_at == due_at):
        return slot
    fact = SlotOpened(dataset=dataset.name, period=period, due_at=due_at.isoformat())
    event = events.record(fact, actor=actor)
    if slot is None:
        return Slot.objects.create(dataset=dataset, period=period, due_at=due_at, event=event)
    Slot.objects.filter(pk=slot.pk).update(due_at=due_at, event=event)
    slot.due_at = due_at
    return slot


def open_ahead(now: datetime) -> int:
    """Open the slots that fall due within the horizon; history from before the definition is not accused."""
    opened = 0
    pipelines = Pipeline.objects.filter(paused_at=None, current__isnull=False).select_related("current")
    for pipeline in pipelines:
        for step in planning.compiled(pipeline.current_id or 0).steps:
            if step.source is not None and step.source.arrival is not None:
                opened += _open_source(step.source, since=pipeline.created_at, now=now)
    return opened


def _open_source(source: Source, *, since: datetime, now: datetime) -> int:
    due = dict(_due_between(source, since, now + timedelta(days=settings.SLOT_HORIZON_DAYS)))
    dataset = Dataset.objects.get(name=source.dataset)
    known = set(Slot.objects.filter(dataset=dataset, period__in=due).values_list("period", flat=True))
    for period in due.keys() - known:
        with transaction.atomic():
            slot = _open(dataset, period, due[period], actor="clock")
            came = Arrival.objects.filter(dataset=dataset, period=period).order_by("id").first()
            if came is not None:
                _fill(slot, came, cause=slot.event)
    return len(due.keys() - known)


def _due_between(source: Source, since: datetime, until: datetime) -> Iterator[tuple[str, datetime]]:
    """The periods whose deadline lies in the range, with their deadlines."""
    deadline = source.arrival
    if deadline is None or source.period is PeriodKind.NONE:
        return
    earliest = since - timedelta(days=deadline.days_after + 32)
    key = periods.key_of(source.period, max(earliest, until - timedelta(days=60 + deadline.days_after)))
    while (due := periods.due_at(deadline, source.period, key)) <= until:
        if due > since and periods.is_expected(deadline, key):
            yield key, due
        key = periods.following(source.period, key)


def mark_late(now: datetime) -> int:
    """Move the slots whose deadline has passed with nothing there; says how many."""
    overdue = Slot.objects.filter(state=SlotState.EXPECTED, due_at__lte=now).select_related("dataset", "event")
    moved = 0
    for slot in overdue.order_by("due_at")[:500]:
        with transaction.atomic():
            if not Slot.objects.filter(pk=slot.pk, state=SlotState.EXPECTED).update(state=SlotState.LATE):
                continue
            fact = SlotBecameLate(
                dataset=slot.dataset.name, period=slot.period, slot=slot.pk, due_at=slot.due_at.isoformat()
            )
            events.record(fact, cause=slot.event)
            moved += 1
    return moved


def next_due() -> datetime | None:
    """When the next expected arrival falls due."""
    waiting = Slot.objects.filter(state=SlotState.EXPECTED).order_by("due_at")
    return waiting.values_list("due_at", flat=True).first()


def fill(arrival: Arrival, *, cause: Event) -> None:
    """Let an arrival fill the slot that waits for it, if one does."""
    slot = Slot.objects.open().select_for_update().filter(dataset=arrival.dataset, period=arrival.period).first()
    if slot is not None:
        _fill(slot, arrival, cause=cause)


def _fill(slot: Slot, arrival: Arrival, *, cause: Event) -> None:
    late = max(0.0, (arrival.received_at - slot.due_at).total_seconds())
    slot.state = SlotState.ARRIVED_LATE if late else SlotState.ARRIVED
    slot.arrival = arrival
    slot.save(update_fields=["state", "arrival"])
    fact = SlotFilled(
        dataset=arrival.dataset.name,
        period=slot.period,
        slot=slot.pk,
        arrival=arrival.pk,
        late_seconds=late,
    )
    events.record(fact, cause=cause)


@transaction.atomic
def waive(slot: Slot, *, reason: str, actor: str) -> None:
    """Stop expecting an arrival, for a reason that is kept; raises IllegalMove if it has come or was waived."""
    if not Slot.objects.open().filter(pk=slot.pk).update(state=SlotState.WAIVED, reason=reason[:500]):
        raise IllegalMove(f"{slot} is not expected any more: it is {slot.get_state_display().lower()}.")
    fact = SlotWaived(dataset=slot.dataset.name, period=slot.period, slot=slot.pk, reason=reason)
    events.record(fact, actor=actor)


def late_by(slot: Slot, now: datetime | None = None) -> timedelta:
    """How long ago the deadline was."""
    return (now or timezone.now()) - slot.due_at
