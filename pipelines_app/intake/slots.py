"""The state machine of expected arrivals; the only file that writes `Slot.state`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from pipelines_app import events, locks, singly
from pipelines_app.access import audit
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.errors import ArrivalRefused, IllegalMove
from pipelines_app.facts import Fact
from pipelines_app.facts_expected import (
    SlotBecameLate,
    SlotFellDue,
    SlotFilled,
    SlotOpened,
    SlotSettled,
    SlotWaived,
    SlotWentMissing,
)
from pipelines_app.intake import foreseeing
from pipelines_app.models import Arrival, ArrivalState, Dataset, Event, Slot, SlotState
from pipelines_app.models.slots import OPEN, WANTING
from pipelines_app.prepared import Given, Prepared

CLOCK = "clock"
AT_ONCE = 500
MISSING_AFTER = timedelta(days=1)
MAY_MOVE = (SlotState.EXPECTED, SlotState.DUE)
SAID = ((SlotState.DUE, SlotFellDue), (SlotState.LATE, SlotBecameLate), (SlotState.MISSING, SlotWentMissing))
BECAME: dict[str, SlotState] = {
    ArrivalState.CONSUMED: SlotState.CONSUMED,
    ArrivalState.QUARANTINED: SlotState.QUARANTINED,
}
READ = (ArrivalState.CONSUMED, ArrivalState.QUARANTINED, ArrivalState.SUPERSEDED)


@dataclass(frozen=True, kw_only=True)
class Moments:
    """When an arrival usually comes, and when it is due, late and missing."""

    expected_at: datetime
    due_at: datetime
    late_at: datetime
    missing_at: datetime


def by(due_at: datetime) -> Moments:
    """The moments of a deadline of which nothing else is known."""
    return Moments(expected_at=due_at, due_at=due_at, late_at=due_at, missing_at=due_at + MISSING_AFTER)


@transaction.atomic
def announce(dataset: Dataset, *, period: str, due_at: datetime, actor: str) -> Slot:
    """Expect an arrival by a moment that somebody knows; an open slot of the period takes the new moment."""
    kind = PeriodKind(dataset.period_kind)
    if not dataset.is_source:
        raise ArrivalRefused(f"{dataset.name} is made by a pipeline: nothing arrives for it.")
    if not periods.is_valid(kind, period):
        raise ArrivalRefused(f"{period!r} is not a period of {dataset.name}, whose periods are by {kind}.")
    return put(dataset, period, by(due_at), actor=actor)


@transaction.atomic
def expect(dataset: Dataset, *, period: str, due_at: datetime, actor: str) -> tuple[Slot, bool]:
    """Announce an arrival, and say whether it was not expected before."""
    locks.hold(Dataset.objects.filter(pk=dataset.pk))
    is_known = Slot.objects.filter(dataset=dataset, period=period).exists()
    return announce(dataset, period=period, due_at=due_at, actor=actor), not is_known


def put(dataset: Dataset, period: str, moments: Moments, *, actor: str) -> Slot:
    """Open a slot or move its moments; what has come already fills it. Call it within a transaction."""
    locks.hold(Dataset.objects.filter(pk=dataset.pk))  # what comes in waits for it, or is seen here
    slot = locks.held(Slot.objects.filter(dataset=dataset, period=period)).first()
    if slot is not None and (slot.state not in MAY_MOVE or moments_of(slot) == moments):
        return slot
    due_at = moments.due_at.isoformat()
    event = events.record(SlotOpened(dataset=dataset.name, period=period, due_at=due_at), actor=actor)
    if slot is None:
        slot = Slot(dataset=dataset, period=period)
    for name, moment in vars(moments).items():
        setattr(slot, name, moment)
    slot.event, slot.state = event, SlotState.EXPECTED
    slot.risk_at = foreseeing.risk_at(dataset, period)
    slot.next_at = _next(slot, None)
    slot.save()
    came = _came(dataset, period)
    if came is not None:
        _fill(slot, came, cause=event)
    return slot


def _came(dataset: Dataset, period: str) -> Arrival | None:
    """What has come for a period already: the first that was not put aside for another, best one that was read."""
    aside = [ArrivalState.DUPLICATE, ArrivalState.SUPERSEDED]
    came = Arrival.objects.filter(dataset=dataset, period=period).exclude(state__in=aside).order_by("id")
    return came.exclude(state=ArrivalState.FAILED).first() or came.last()


def moments_of(slot: Slot) -> Moments:
    """The moments that a slot has now."""
    return Moments(expected_at=slot.expected_at, due_at=slot.due_at, late_at=slot.late_at, missing_at=slot.missing_at)


def _next(slot: Slot, since: datetime | None) -> datetime | None:
    """When the clock has something to say about an open slot, later than what it said last."""
    said = [slot.due_at, slot.late_at, slot.missing_at, *([slot.risk_at] if slot.risk_at is not None else [])]
    ahead = [moment for moment in said if since is None or moment > since]
    return min(ahead, default=None)


def pass_time(now: datetime) -> int:
    """Move the slots of which a moment has passed: due, late, missing, or a risk for what they feed; says how many."""
    waiting = Slot.objects.filter(next_at__lte=now).order_by("next_at")[:AT_ONCE]
    return singly.each(waiting, lambda slot: _pass(slot, now))


def _pass(seen: Slot, now: datetime) -> bool:
    held = locks.held(Slot.objects.select_related("dataset__pipeline", "event"))
    slot = held.filter(pk=seen.pk, next_at__lte=now, state__in=OPEN).first()
    if slot is None:
        return False
    if slot.risk_at is not None and slot.risk_at <= now:
        foreseeing.tell(slot, now)
    for fact in _facts_until(slot, now):
        events.record(fact, cause=slot.event)
    slot.state = state_at(slot, now)
    slot.next_at = _next(slot, now)
    slot.save(update_fields=["state", "next_at", "risk_at"])
    return True


def state_at(slot: Slot, now: datetime) -> SlotState:
    """What an open slot is at a moment, by the clock alone."""
    if now >= slot.missing_at:
        return SlotState.MISSING
    if now >= slot.late_at:
        return SlotState.LATE
    return SlotState.DUE if now >= slot.due_at else SlotState.EXPECTED


def _facts_until(slot: Slot, now: datetime) -> list[Fact]:
    """What has to be said of a slot on its way to where it is by now, in order."""
    reached = OPEN.index(state_at(slot, now))
    said: list[Fact] = []
    about = {"dataset": slot.dataset.name, "period": slot.period, "due_at": slot.due_at.isoformat()}
    for state, kind in SAID:
        passed = OPEN.index(SlotState(slot.state)) < OPEN.index(state) <= reached
        has_grace = state is not SlotState.DUE or slot.late_at > slot.due_at
        said += [kind(slot=slot.pk, **about)] if passed and has_grace else []
    return said


def next_due() -> datetime | None:
    """When the clock next has something to say about an expected arrival."""
    waiting = Slot.objects.filter(next_at__isnull=False).order_by("next_at")
    return waiting.values_list("next_at", flat=True).first()


_waiting = Prepared(
    lambda: locks.held(
        Slot.objects.filter(
            Q(state__in=[*OPEN, *WANTING]) | Q(state=SlotState.ARRIVED, arrival__state=ArrivalState.FAILED),
            dataset=Given("dataset"),
            period=Given("period"),
        )
    )
)


def fill(arrival: Arrival, *, cause: Event) -> None:
    """Let an arrival fill the slot that waits for it, or for something better than what came, if one does."""
    slot = _waiting.first(dataset=arrival.dataset_id, period=arrival.period)
    if slot is not None:
        _fill(slot, arrival, cause=cause)


def _fill(slot: Slot, arrival: Arrival, *, cause: Event) -> None:
    is_late = arrival.received_at > slot.late_at
    slot.late_seconds = (arrival.received_at - slot.due_at).total_seconds() if is_late else 0.0
    slot.state, slot.arrival, slot.next_at = BECAME.get(arrival.state, SlotState.ARRIVED), arrival, None
    slot.save(update_fields=["state", "arrival", "late_seconds", "next_at"])
    fact = SlotFilled(
        dataset=arrival.dataset.name,
        period=slot.period,
        slot=slot.pk,
        arrival=arrival.pk,
        late_seconds=slot.late_seconds,
    )
    events.record(fact, cause=cause)


@transaction.atomic
def settle(seen: Slot, state: str, *, run: int, cause: Event) -> bool:
    """Write down how what came was read; False where nothing that came was, or something newer waits to be read."""
    slot = locks.held(Slot.objects.select_related("arrival", "dataset")).get(pk=seen.pk)
    is_read = slot.arrival is not None and slot.arrival.state in READ
    if not is_read or slot.state not in (SlotState.ARRIVED, *WANTING):
        return False
    seen.state = slot.state = SlotState(state)
    slot.save(update_fields=["state"])
    fact = SlotSettled(dataset=slot.dataset.name, period=slot.period, slot=slot.pk, state=state, run=run)
    events.record(fact, cause=cause)
    return True


@transaction.atomic
def waive(slot: Slot, *, reason: str, actor: str) -> None:
    """Stop expecting an arrival, or something better than what came, for a reason that is kept.

    Raises IllegalMove if good data have come or it was waived before.
    """
    locks.hold(Dataset.objects.filter(pk=slot.dataset_id))  # before its slots, as whatever comes in does
    waiting = Slot.objects.filter(pk=slot.pk, state__in=[*OPEN, *WANTING])
    if not waiting.update(state=SlotState.WAIVED, reason=reason[:500], next_at=None):
        slot.refresh_from_db(fields=["state"])
        raise IllegalMove(f"{slot} is not expected any more: it is {slot.get_state_display().lower()}.")
    fact = SlotWaived(dataset=slot.dataset.name, period=slot.period, slot=slot.pk, reason=reason)
    events.record(fact, actor=actor)
    if actor != CLOCK:
        subject, change = f"{slot.dataset.name}/{slot.period}", {"reason": reason[:500]}
        audit.record(actor=actor, action="slot.waived", subject=subject, team=slot.dataset.team, change=change)
