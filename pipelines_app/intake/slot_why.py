"""Why an expected arrival is where it is, as a tree: what was expected since when, what came, what it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipelines_app.compiler import cadences
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.intake import foreseeing
from pipelines_app.models import Arrival, ArrivalState, Dataset, Run, RunState, Slot, SlotState, User
from pipelines_app.models.slots import OPEN
from pipelines_app.runs import planning

MOST_ARRIVALS = 20
HIDDEN = "a dataset that you may not see"
GOOD = (RunState.SUCCEEDED, RunState.WARNED)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that holds, does not hold, or (None) is neither; with the moment, the thing it is about, and parts."""

    text: str
    met: bool | None = None
    at: datetime | None = None
    about: str = ""  # arrival, run, event, dataset, pipeline
    key: str = ""
    parts: tuple["Condition", ...] = field(default=())


def why(slot: Slot, user: User) -> Condition:
    """The tree of one slot, as far as the person may see what it leads to."""
    arrivals = list(
        Arrival.objects.filter(dataset=slot.dataset, period=slot.period)
        .select_related("run__pipeline")
        .order_by("id")[:MOST_ARRIVALS]
    )
    return Condition(
        text=sentence(slot),
        met=slot.state in (SlotState.CONSUMED, SlotState.ARRIVED, SlotState.PARTIAL),
        parts=(_expected(slot), _came(slot, arrivals), *_read(arrivals), *_feeds(slot, user)),
    )


def sentence(slot: Slot) -> str:
    """How the slot stands, in a sentence."""
    said = {
        SlotState.EXPECTED: "It is expected: nothing has come, and nothing has to have come yet",
        SlotState.DUE: "It is due: its deadline has come, and its grace goes on",
        SlotState.LATE: "It is late: its deadline has passed and nothing has come",
        SlotState.MISSING: "It is missing: its deadline passed long ago and nothing has come",
        SlotState.ARRIVED: "It has come and waits to be read",
        SlotState.PARTIAL: "It was read, but for rows that were set aside",
        SlotState.QUARANTINED: "What came was quarantined: something better is waited for",
        SlotState.CONSUMED: "It has come and was read",
        SlotState.WAIVED: f"It is not expected any more: {slot.reason}",
    }
    return said[SlotState(slot.state)]


def declaration(dataset: Dataset) -> str:
    """The deadline that the current revision declares, in words; empty for none."""
    pipeline = dataset.pipeline
    if pipeline is None or pipeline.current_id is None:
        return ""
    steps = planning.compiled(pipeline.current_id).steps
    source = next((step.source for step in steps if step.dataset == dataset.name), None)
    if source is None or source.arrival is None:
        return ""
    return cadences.sentence(source.arrival, PeriodKind(dataset.period_kind))


def _expected(slot: Slot) -> Condition:
    declared = declaration(slot.dataset)
    moments = [
        Condition(text="Usually here by", at=slot.expected_at),
        Condition(text="Due", at=slot.due_at),
        Condition(text="Late from", at=slot.late_at),
        Condition(text="Missing from", at=slot.missing_at),
    ]
    who = "the clock opened it" if slot.event.actor == "clock" else f"{slot.event.actor} announced it"
    by = f", as declared: {declared}" if declared and slot.event.actor == "clock" else ""
    return Condition(
        text=f"Expected since {who}{by}",
        met=True,
        at=slot.event.at,
        about="event",
        key=str(slot.event_id),
        parts=tuple(moments),
    )


def _came(slot: Slot, arrivals: Sequence[Arrival]) -> Condition:
    if not arrivals:
        return Condition(text="Nothing has come for it", met=False if slot.state in OPEN else None)
    text = "A file has come" if len(arrivals) == 1 else f"{len(arrivals)} files have come"
    return Condition(text=text, met=True, parts=tuple(_arrival(arrival) for arrival in arrivals))


def _arrival(arrival: Arrival) -> Condition:
    became = arrival.disposition or f"it is {arrival.get_state_display().lower()}"
    good = {ArrivalState.CONSUMED: True, ArrivalState.QUARANTINED: False, ArrivalState.FAILED: False}
    met = good.get(ArrivalState(arrival.state))
    text = f"{arrival.name} came: {became}"
    return Condition(text=text, met=met, at=arrival.received_at, about="arrival", key=str(arrival.pk))


def _read(arrivals: Sequence[Arrival]) -> list[Condition]:
    runs = {arrival.run.pk: arrival.run for arrival in arrivals if arrival.run is not None}
    if runs:
        return [_run(run) for run in runs.values()]
    waiting = [arrival for arrival in arrivals if arrival.state == ArrivalState.PENDING]
    return [Condition(text="It waits for its pipeline to take it", met=False)] if waiting else []


def _run(run: Run) -> Condition:
    said = f"Run {run.pk} of {run.pipeline.name} {run.get_state_display().lower()}"
    met = True if run.state in GOOD else False if run.state in (RunState.FAILED, RunState.QUARANTINED) else None
    at = run.finished_at or run.started_at or run.created_at
    because = f": {run.reason}" if run.reason else ""
    return Condition(text=f"{said}{because}", met=met, at=at, about="run", key=str(run.pk))


def _feeds(slot: Slot, user: User) -> list[Condition]:
    """What is promised downstream, and until when what is expected here may come for it."""
    if slot.state not in OPEN:
        return []
    found = foreseeing.targets(slot.dataset, slot.period)
    seen = Dataset.objects.visible_to(user).filter(name__in=[one.dataset for one in found])
    shown = set(seen.values_list("name", flat=True)) if found else set()
    return [
        Condition(
            text=f"{one.dataset if one.dataset in shown else HIDDEN} can be in time if it comes by",
            met=None,
            at=one.last_call,
            about="dataset" if one.dataset in shown else "",
            key=one.dataset if one.dataset in shown else "",
            parts=(Condition(text="it is promised", at=one.due_at),),
        )
        for one in found
    ]
