"""What becomes of an arrival is written back into the slot that expected it."""

from pipelines_app import events
from pipelines_app.compiler import convention
from pipelines_app.facts import DataQuarantined, DatasetPublished, Fact, StepReused
from pipelines_app.intake import slots
from pipelines_app.models import DatasetVersion, Event, Run, Slot, SlotState
from pipelines_app.prepared import Given, Prepared

NOTHING = "ignored: nothing was expected there"


def _is_made(fact: Fact) -> bool:
    """Whether it is about a dataset that a step makes: only what arrives is expected."""
    layer = convention.in_force().by_name.get(str(getattr(fact, "dataset", "")).partition(".")[0])
    return layer is not None and not layer.sources


_expecting = Prepared(
    lambda: Slot.objects.select_related("arrival", "dataset").filter(
        dataset__name=Given("dataset"), period=Given("period")
    )
)


@events.hears(DatasetPublished, DataQuarantined, StepReused, ignores=_is_made)
def hear(event: Event, fact: Fact) -> str:
    """Settle the slot of what was read; the answer is the event's disposition in words."""
    match fact:
        case DatasetPublished(dataset=dataset, period=period, run=run):
            slot = _expecting.first(dataset=dataset, period=period)
            return _settle(slot, _become(fact) if slot is not None else "", run, event)
        case DataQuarantined(dataset=dataset, period=period, run=run):
            return _settle(_expecting.first(dataset=dataset, period=period), SlotState.QUARANTINED, run, event)
        case StepReused(dataset=dataset, run=run):
            period = Run.objects.values_list("period", flat=True).get(pk=run)
            return _settle(_expecting.first(dataset=dataset, period=period), SlotState.CONSUMED, run, event)
    return NOTHING


def _become(fact: DatasetPublished) -> str:
    """What a slot is once its arrival is published: whole, or without the rows that were set aside."""
    aside = DatasetVersion.objects.filter(pk=fact.version, rejected__gt=0).exists()
    return SlotState.PARTIAL if aside else SlotState.CONSUMED


def _settle(slot: Slot | None, state: str, run: int, event: Event) -> str:
    if slot is None:
        return NOTHING
    if not slots.settle(slot, state, run=run, cause=event):
        return f"ignored: {slot} is {slot.get_state_display().lower()}"
    return f"{slot} is {slot.get_state_display().lower()}"
