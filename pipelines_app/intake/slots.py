"""The ledger of expected arrivals: opened ahead of time, late by the clock alone, filled by what comes."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import transaction

from pipelines_app import events, singly
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind, Source
from pipelines_app.errors import ArrivalRefused, IllegalMove
from pipelines_app.facts import PipelineResumed, SlotBecameLate, SlotFilled, SlotOpened, SlotWaived
from pipelines_app.models import Arrival, ArrivalState, Dataset, Event, Pipeline, Revision, Slot, SlotState
from pipelines_app.runs import planning

CLOCK = "clock"


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
    """Open a slot or move its moment; what has come already fills it. Call it within a transaction."""
    Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)  # what comes in waits for it, or is seen here
    slot = Slot.objects.select_for_update().filter(dataset=dataset, period=period).first()
    if slot is not None and (slot.state != SlotState.EXPECTED or slot.due_at == due_at):
        return slot
    fact = SlotOpened(dataset=dataset.name, period=period, due_at=due_at.isoformat())
    event = events.record(fact, actor=actor)
    if slot is None:
        slot = Slot.objects.create(dataset=dataset, period=period, due_at=due_at, event=event)
    else:
        slot.due_at, slot.event = due_at, event
        slot.save(update_fields=["due_at", "event"])
    came = Arrival.objects.filter(dataset=dataset, period=period).exclude(state=ArrivalState.DUPLICATE)
    first = came.order_by("id").first()
    if first is not None:
        _fill(slot, first, cause=event)
    return slot


def open_ahead(now: datetime) -> int:
    """Open the slots that fall due within the horizon; history from before the deadline was declared is not accused."""
    pipelines = Pipeline.objects.filter(paused_at=None, current__isnull=False).select_related("current")
    opened: list[str] = []

    def open_for(pipeline: Pipeline) -> None:
        for step in planning.compiled(pipeline.in_force.pk).steps:
            if step.source is not None and step.source.arrival is not None:
                since = _since(pipeline, step.dataset)
                opened.extend(_open_source(step.source, since=since, now=now))

    clocks = Slot.objects.filter(state=SlotState.EXPECTED, event__actor=CLOCK)
    singly.each(clocks.select_related("dataset__pipeline__current", "event"), _follow_revision)
    singly.each(pipelines, open_for)
    return len(opened)


def _open_source(source: Source, *, since: datetime, now: datetime) -> list[str]:
    due = dict(_due_between(source, since, now + timedelta(days=settings.SLOT_HORIZON_DAYS)))
    dataset = Dataset.objects.get(name=source.dataset)
    known = set(Slot.objects.filter(dataset=dataset, period__in=due).values_list("period", flat=True))
    missing = [period for period in due if period not in known]
    for period in missing:
        _open(dataset, period, due[period], actor=CLOCK)
    return missing


def _since(pipeline: Pipeline, dataset: str) -> datetime:
    """From when on a source's arrivals are expected: since its deadline was declared, or the pipeline resumed."""
    current = pipeline.in_force
    declared = _declared_since(current.pk, current.created_at, dataset)
    resumed = Event.objects.filter(kind=PipelineResumed.kind, pipeline=pipeline.name).order_by("-id").first()
    return declared if resumed is None else max(declared, resumed.at)


@lru_cache(maxsize=1024)
def _declared_since(revision: int, created_at: datetime, dataset: str) -> datetime:
    """When the unbroken chain of revisions that declare a deadline for a source began; revisions never change."""
    last = Revision.objects.get(pk=revision)
    chain = Revision.objects.filter(pipeline=last.pipeline_id, number__lt=last.number).order_by("-number")
    since = created_at
    for at, document in chain.values_list("created_at", "document").iterator(chunk_size=20):
        if "arrival" not in document.get("sources", {}).get(dataset, {}):
            break
        since = at
    return since


def _follow_revision(slot: Slot) -> None:
    """Keep a slot that the clock opened to what its pipeline declares by now: another moment, or none at all."""
    pipeline = slot.dataset.pipeline
    source = _declared(pipeline, slot.dataset.name)
    deadline = source.arrival if source is not None else None
    if (
        source is None
        or deadline is None
        or not periods.is_valid(source.period, slot.period)
        or not periods.is_expected(deadline, slot.period)
    ):
        revision = f"revision {pipeline.in_force.number}" if pipeline is not None else "any pipeline"
        with suppress(IllegalMove):  # it came just now
            waive(slot, reason=f"no longer expected by {revision}", actor=CLOCK)
        return
    due_at = periods.due_at(deadline, source.period, slot.period)
    if due_at != slot.due_at:
        _open(slot.dataset, slot.period, due_at, actor=CLOCK)


def _declared(pipeline: Pipeline | None, dataset: str) -> Source | None:
    if pipeline is None or pipeline.current_id is None:
        return None
    steps = planning.compiled(pipeline.current_id).steps
    return next((step.source for step in steps if step.dataset == dataset), None)


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
    return singly.each(overdue.order_by("due_at")[:500], _make_late)


def _make_late(slot: Slot) -> bool:
    as_it_was = Slot.objects.filter(pk=slot.pk, state=SlotState.EXPECTED, due_at=slot.due_at)
    if not as_it_was.update(state=SlotState.LATE):
        return False
    fact = SlotBecameLate(dataset=slot.dataset.name, period=slot.period, slot=slot.pk, due_at=slot.due_at.isoformat())
    events.record(fact, cause=slot.event)
    return True


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
