"""The state machine of runs; the only file that writes `Run.state`."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from pipelines_app import events
from pipelines_app.errors import IllegalMove, LostRace
from pipelines_app.facts import RunMoved
from pipelines_app.models import Arrival, ArrivalState, Event, Run, RunState, StepState

MOVES: dict[str, frozenset[str]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.RUNNING: frozenset(
        {RunState.SUCCEEDED, RunState.WARNED, RunState.QUARANTINED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.SUCCEEDED: frozenset(),
    RunState.WARNED: frozenset(),
    RunState.QUARANTINED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}
LIVE = frozenset({RunState.QUEUED, RunState.RUNNING})
UNFINISHED_STEPS = [StepState.WAITING, StepState.READY, StepState.RUNNING]


@transaction.atomic
def move(run: Run, to: str, *, cause: Event, because: str = "", now: datetime | None = None) -> Event:
    """Move a run and record the fact, both or neither.

    Raises IllegalMove if the table of moves has no such move, LostRace if somebody else moved the run first.
    """
    if to not in MOVES[run.state]:
        raise IllegalMove(f"{run} is {run.get_state_display().lower()} and cannot become {RunState(to).label.lower()}.")
    moment = now or timezone.now()
    changes: dict[str, object] = {"state": to, "reason": because[:500]}
    if to == RunState.RUNNING:
        changes["started_at"] = moment
    elif to not in LIVE:
        changes["finished_at"] = moment
    if not Run.objects.filter(pk=run.pk, state=run.state).update(**changes):
        raise LostRace(f"{run} is no longer {run.get_state_display().lower()}: read it again.")
    for name, value in changes.items():
        setattr(run, name, value)
    fact = RunMoved(run=run.pk, pipeline=run.pipeline.name, period=run.period, state=to, because=because)
    return events.record(fact, cause=cause)


@transaction.atomic
def cancel(run: Run, *, actor: str, because: str) -> None:
    """Stop a run for good: its steps are fenced off at once, the running query is killed at its next heartbeat.

    What it consumed is kept and can be replayed.
    """
    begun = events.record(
        RunMoved(run=run.pk, pipeline=run.pipeline.name, period=run.period, state="cancelling", because=because),
        actor=actor,
    )
    move(run, RunState.CANCELLED, cause=begun, because=because)
    run.steps.filter(state__in=UNFINISHED_STEPS).update(state=StepState.CANCELLED, finished_at=timezone.now())
    Arrival.objects.filter(run=run, state=ArrivalState.PENDING).update(
        state=ArrivalState.FAILED, disposition=f"run {run.pk} was cancelled: {because}"[:500]
    )
