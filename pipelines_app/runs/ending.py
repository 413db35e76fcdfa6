"""How a run ends: its state is the worst of its steps, said in words."""

from collections.abc import Sequence

from pipelines_app.models import Arrival, ArrivalState, Event, Run, RunState, StepRun, StepState
from pipelines_app.runs import lifecycle

WORST_FIRST = [
    (StepState.FAILED, RunState.FAILED),
    (StepState.QUARANTINED, RunState.QUARANTINED),
    (StepState.WARNED, RunState.WARNED),
]


def finish_if_done(run: Run, *, cause: Event, known: Sequence[StepRun] | None = None) -> bool:
    """End the run if none of its steps (as known, or as stored) has anything left to do; says whether it ended."""
    steps = list(run.steps.select_related("dataset")) if known is None else known
    if any(step.state in lifecycle.UNFINISHED_STEPS for step in steps):
        return False
    state, because = verdict(steps)
    ended = lifecycle.move(run, state, cause=cause, because=because)
    outcome = ArrivalState.QUARANTINED if state == RunState.QUARANTINED else ArrivalState.FAILED
    Arrival.objects.filter(run=run, state=ArrivalState.PENDING).update(
        state=outcome, disposition=f"run {run.pk}: {because}"[:500], event=ended
    )
    return True


def verdict(steps: Sequence[StepRun]) -> tuple[str, str]:
    """The state of a run whose steps are all over, and why."""
    for step_state, run_state in WORST_FIRST:
        worst = [step for step in steps if step.state == step_state]
        if worst:
            return run_state, f"{worst[0].dataset.name}: {worst[0].error}" if worst[0].error else worst[0].dataset.name
    if not steps:
        return RunState.SUCCEEDED, "nothing to do yet: what it reads has not all come"
    return RunState.SUCCEEDED, ""
