"""After a step: which steps may start, which never will, and whether the run is over."""

from django.utils import timezone

from pipelines_app import events, wake
from pipelines_app.facts import StepEnded
from pipelines_app.models import Event, Run, RunState, StepRun, StepState
from pipelines_app.runs import ending, planning
from pipelines_app.transactions import joined

GOOD = frozenset({StepState.SUCCEEDED, StepState.WARNED, StepState.REUSED})
OVER = GOOD | {StepState.FAILED, StepState.QUARANTINED, StepState.SKIPPED, StepState.CANCELLED}


@joined
def advance(run_pk: int, *, cause: Event) -> None:
    """Ready the steps whose inputs are there, skip those that will never have them, end the run when all is over."""
    run = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("pipeline", "environment")
        .get(pk=run_pk)
    )
    if run.state != RunState.RUNNING:
        return
    steps = list(run.steps.select_related("dataset"))
    inputs = {step.dataset: step.inputs for step in planning.compiled_of(run).steps}
    by_name = {step.dataset.name: step for step in steps}
    for step in steps:
        if step.state == StepState.WAITING:
            _settle(step, [by_name[name] for name in inputs[step.dataset.name] if name in by_name], run, cause)
    if ending.finish_if_done(run, cause=cause, known=steps):
        planning.start_next(run.pipeline)


def _settle(step: StepRun, upstream: list[StepRun], run: Run, cause: Event) -> None:
    barred = [above for above in upstream if above.state in OVER - GOOD]
    if barred:
        step.state, step.finished_at = StepState.SKIPPED, timezone.now()
        because = f"{barred[0].dataset.name} was {barred[0].get_state_display().lower()}"
        step.error = because
        step.save(update_fields=["state", "finished_at", "error"])
        fact = StepEnded(
            run=run.pk, pipeline=run.pipeline.name, dataset=step.dataset.name, state=step.state, because=because
        )
        events.record(fact, cause=cause)
    elif all(above.state in GOOD for above in upstream):
        step.state, step.ready_at = StepState.READY, timezone.now()
        step.save(update_fields=["state", "ready_at"])
        wake.ring(wake.STEP, step.pk)
