"""How a run ends: its state is the worst of its steps, said in words."""

from collections.abc import Sequence

from pipelines_app.facts import StepReused
from pipelines_app.models import Arrival, ArrivalState, Event, Run, RunState, StepRun, StepState
from pipelines_app.prepared import Change, Given, Prepared
from pipelines_app.runs import lifecycle

WORST_FIRST = {
    StepState.FAILED: RunState.FAILED,
    StepState.QUARANTINED: RunState.QUARANTINED,
    StepState.WARNED: RunState.WARNED,
}
NOTHING = "nothing to do yet: what it reads has not all come"
THERE = "nothing to do: all that it makes is there already, made in the same way from the same data"

_worse = Prepared(
    lambda: (
        StepRun.objects.filter(run=Given("run"), state__in=list(WORST_FIRST))
        .select_related("dataset")
        .defer("dataset__columns", "dataset__description")
        .order_by("position")
    )
)
_busy = Prepared(lambda: StepRun.objects.filter(run=Given("run")).exclude(state=StepState.REUSED).only("pk")[:1])
_left = Change(
    lambda: Arrival.objects.filter(run=Given("run"), state=ArrivalState.PENDING),
    **{name: Given(name) for name in ("state", "disposition", "event")},
)


def finish(run: Run, *, cause: Event) -> None:
    """End a run none of whose steps has anything left to do."""
    # Whether every step was idle is only asked where the last one was.
    if cause.kind == StepReused.kind and not _busy.all(run=run.pk):
        _end_idle(run, THERE, cause=cause)
    else:
        _end(run, *verdict(_worse.all(run=run.pk)), cause=cause)


def finish_empty(run: Run, *, cause: Event) -> None:
    """End a run that has no steps."""
    _end_idle(run, NOTHING, cause=cause)


def finish_unfit(run: Run, *, because: str, cause: Event) -> None:
    """End a run whose parameters the revision in force does not take; what it was given is kept, and can be retried."""
    _end(run, RunState.FAILED, f"its parameters do not fit the revision: {because}", cause=cause)


def _end_idle(run: Run, because: str, *, cause: Event) -> None:
    ended = lifecycle.end_idle(run, cause=cause, because=because)
    _leave(run, ArrivalState.FAILED, because, event=ended)


def _end(run: Run, state: str, because: str, *, cause: Event) -> None:
    ended = lifecycle.move(run, state, cause=cause, because=because)
    outcome = ArrivalState.QUARANTINED if state == RunState.QUARANTINED else ArrivalState.FAILED
    _leave(run, outcome, because, event=ended)


def _leave(run: Run, outcome: str, because: str, *, event: Event) -> None:
    """Say of what the run was given, and did not take in, what became of it."""
    _left.make(run=run.pk, state=outcome, disposition=f"run {run.pk}: {because}"[:500], event=event.pk)


def verdict(steps: Sequence[StepRun]) -> tuple[str, str]:
    """The state of a run whose steps are all over, and why; `steps` are those that did not just go well, in order."""
    for step_state, run_state in WORST_FIRST.items():
        worst = [step for step in steps if step.state == step_state]
        if worst:
            return run_state, f"{worst[0].dataset.name}: {worst[0].error}" if worst[0].error else worst[0].dataset.name
    return RunState.SUCCEEDED, ""
