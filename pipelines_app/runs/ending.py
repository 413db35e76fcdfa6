"""How a run ends: its state is the worst of its steps, said in words."""

from collections.abc import Sequence

from pipelines_app.models import Arrival, ArrivalState, Event, Run, RunState, StepRun, StepState
from pipelines_app.prepared import Change, Given, Prepared
from pipelines_app.runs import lifecycle

WORST_FIRST = {
    StepState.FAILED: RunState.FAILED,
    StepState.QUARANTINED: RunState.QUARANTINED,
    StepState.WARNED: RunState.WARNED,
}
NOTHING = "nothing to do yet: what it reads has not all come"

_worse = Prepared(
    lambda: (
        StepRun.objects.filter(run=Given("run"), state__in=list(WORST_FIRST))
        .select_related("dataset")
        .defer("dataset__columns", "dataset__description")
        .order_by("position")
    )
)


_left = Change(
    lambda: Arrival.objects.filter(run=Given("run"), state=ArrivalState.PENDING),
    **{name: Given(name) for name in ("state", "disposition", "event")},
)


def finish(run: Run, *, cause: Event) -> None:
    """End a run none of whose steps has anything left to do."""
    _end(run, *verdict(_worse.all(run=run.pk)), cause=cause)


def finish_empty(run: Run, *, cause: Event) -> None:
    """End a run that has no steps."""
    _end(run, RunState.SUCCEEDED, NOTHING, cause=cause)


def finish_unfit(run: Run, *, because: str, cause: Event) -> None:
    """End a run whose parameters the revision in force does not take; what it was given is kept, and can be retried."""
    _end(run, RunState.FAILED, f"its parameters do not fit the revision: {because}", cause=cause)


def _end(run: Run, state: str, because: str, *, cause: Event) -> None:
    ended = lifecycle.move(run, state, cause=cause, because=because)
    outcome = ArrivalState.QUARANTINED if state == RunState.QUARANTINED else ArrivalState.FAILED
    _left.make(run=run.pk, state=outcome, disposition=f"run {run.pk}: {because}"[:500], event=ended.pk)


def verdict(steps: Sequence[StepRun]) -> tuple[str, str]:
    """The state of a run whose steps are all over, and why; `steps` are those that did not just go well, in order."""
    for step_state, run_state in WORST_FIRST.items():
        worst = [step for step in steps if step.state == step_state]
        if worst:
            return run_state, f"{worst[0].dataset.name}: {worst[0].error}" if worst[0].error else worst[0].dataset.name
    return RunState.SUCCEEDED, ""
