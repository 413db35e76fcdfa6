"""After a step: which steps may start, which never will, and whether the run is over."""

from collections.abc import Collection, Sequence
from functools import cache

from django.db import connection
from django.utils import timezone

from pipelines_app import events, prepared
from pipelines_app.facts import StepEnded
from pipelines_app.models import Event, Run, RunState, StepRun, StepState
from pipelines_app.runs import ending, hands, planning
from pipelines_app.transactions import joined

GOOD = frozenset({StepState.SUCCEEDED, StepState.WARNED, StepState.REUSED})
OVER = GOOD | {StepState.FAILED, StepState.QUARANTINED, StepState.SKIPPED, StepState.CANCELLED}

# What a step costs must not depend on how many steps its run has: its readers count it off, and nobody else is read.
COUNT_OFF = """
    UPDATE pipelines_app_steprun
    SET missing = missing - 1,
        state = CASE WHEN missing = 1 THEN 'ready' ELSE state END,
        ready_at = CASE WHEN missing = 1 THEN %s ELSE ready_at END
    WHERE run_id = %s AND state = 'waiting' AND missing > 0 AND dataset_id IN ("""
COUNTED = ") RETURNING id, state"
LEFT = """
    SELECT EXISTS (SELECT 1 FROM pipelines_app_steprun WHERE run_id = %(run)s AND state IN ('ready', 'running')),
           EXISTS (SELECT 1 FROM pipelines_app_steprun WHERE run_id = %(run)s AND state = 'waiting')
"""


@joined
def advance(run: Run, step: StepRun, state: str, *, cause: Event) -> None:
    """Go on after a step that ended in this state, in a run that this transaction holds.

    Ready the steps whose inputs are there, skip those that will never have them, end the run when all is over.
    """
    if run.state != RunState.RUNNING:
        return
    if state in GOOD:
        go_on(run, count_off(run, step), cause=cause)
    else:
        _skip_below(run, step.dataset_id, f"{step.dataset.name} was {StepState(state).label.lower()}", cause)
        _end_if_over(run, cause)


def go_on(run: Run, ready: Sequence[int], *, cause: Event) -> None:
    """Have these steps done, which became ready; where there are none, the run may be over."""
    hands.go_on(ready)
    if not ready:
        _end_if_over(run, cause)


def count_off(run: Run, step: StepRun) -> list[int]:
    """One input more is there for the steps that read what a step has made; gives those that became ready."""
    readers = planning.readers(run.revision_id).get(step.dataset_id, ())
    if not readers:
        return []
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with prepared.cursor() as cursor:
        cursor.execute(_counting_off(len(readers)), [now, run.pk, *readers])
        return [pk for pk, state in cursor.fetchall() if state == StepState.READY]


@cache
def _counting_off(count: int) -> str:
    return COUNT_OFF + ", ".join(["%s"] * count) + COUNTED


def _skip_below(run: Run, dataset: int, because: str, cause: Event) -> None:
    """Skip every step that waits for a dataset that will not be made, and those that wait for theirs."""
    readers = planning.readers(run.revision_id).get(dataset, ())
    if not readers:
        return
    waiting = run.steps.filter(dataset__in=readers, state=StepState.WAITING).select_related("dataset")
    _skip(run, list(waiting), because, cause)


def _skip(run: Run, steps: Collection[StepRun], because: str, cause: Event) -> None:
    if not steps:
        return
    ended = {"state": StepState.SKIPPED, "finished_at": timezone.now(), "error": because}
    StepRun.objects.filter(pk__in=[step.pk for step in steps]).update(**ended)
    facts = [
        StepEnded(
            run=run.pk,
            pipeline=run.pipeline.name,
            dataset=step.dataset.name,
            state=StepState.SKIPPED,
            because=because,
        )
        for step in steps
    ]
    events.record_all(facts, cause=cause)
    for step in steps:
        _skip_below(run, step.dataset_id, f"{step.dataset.name} was {StepState.SKIPPED.label.lower()}", cause)


def _end_if_over(run: Run, cause: Event) -> None:
    with prepared.cursor() as cursor:
        cursor.execute(LEFT, {"run": run.pk})
        goes_on, waits = cursor.fetchone()
    if goes_on or (waits and _settle_all(run, cause)):
        return
    # Whoever ends a run holds its pipeline: what is known of its runs is weighed under that lock, see the alerts.
    held = planning.hold(run.pipeline)
    run.pipeline = held
    ending.finish(run, cause=cause)
    planning.start_held(held)


def _settle_all(run: Run, cause: Event) -> bool:
    """Where steps wait and none goes on nobody has counted for them (an earlier release did not): look at each.

    Says whether any became ready.
    """
    inputs = {step.dataset: step.inputs for step in planning.compiled_of(run).steps}
    steps = {step.dataset.name: step for step in run.steps.select_related("dataset")}
    ready = []
    for step in steps.values():
        above = [steps[name] for name in inputs[step.dataset.name] if name in steps]
        barred = [one for one in above if one.state in OVER - GOOD]
        if step.state != StepState.WAITING:
            continue
        if barred:
            step.state = StepState.SKIPPED
            _skip(run, [step], f"{barred[0].dataset.name} was {barred[0].get_state_display().lower()}", cause)
        elif all(one.state in GOOD for one in above):
            ready.append(step.pk)
    StepRun.objects.filter(pk__in=ready, state=StepState.WAITING).update(
        state=StepState.READY, ready_at=timezone.now(), missing=0
    )
    hands.go_on(ready)
    return bool(ready)
