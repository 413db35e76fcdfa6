"""The state machine of runs; the only file that writes `Run.state`."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from pipelines_app import events, prepared
from pipelines_app.errors import IllegalMove, LostRace
from pipelines_app.facts import ArrivalAccepted, ArrivalReplayed, RunMoved, StepEnded
from pipelines_app.models import Arrival, ArrivalState, Event, Run, RunState, StepState
from pipelines_app.models.arrivals import ArrivalQuerySet
from pipelines_app.models.runs import RunQuerySet
from pipelines_app.prepared import Change, Given, add
from pipelines_app.runs import dispositions
from pipelines_app.transactions import joined

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
CAUSED = "INSERT INTO pipelines_app_run_causes (run_id, event_id) VALUES (%s, %s)"


@joined
def enter(run: Run, *, at_once: bool) -> Event:
    """Write a new run and its cause: queued, or running at once. Gives the event of its last move."""
    walk = [RunState.QUEUED]
    if at_once:
        walk.append(RunState.RUNNING)
        run.state, run.started_at = RunState.RUNNING, timezone.now()
    add([run])
    with prepared.cursor() as cursor:
        cursor.execute(CAUSED, [run.pk, run.cause_id])
    return events.record_all([replace(_moved(run), state=state) for state in walk], cause=run.cause)[-1]


@joined
def move(run: Run, to: str, *, cause: Event, because: str = "", now: datetime | None = None) -> Event:
    """Move a run and record the fact, both or neither.

    Raises IllegalMove if the table of moves has no such move, LostRace if somebody else moved the run first.
    """
    _write(run, to, because, now or timezone.now())
    return events.record(_moved(run), cause=cause)


@joined
def end_idle(run: Run, *, cause: Event, because: str) -> Event:
    """End a run that found nothing to do; raises as `move` does."""
    run.idle = True
    return move(run, RunState.SUCCEEDED, cause=cause, because=because)


def _as_known() -> RunQuerySet:
    return Run.objects.filter(pk=Given("pk"), state=Given("known"))


_CHANGED = {"state": Given("to"), "reason": Given("because"), "revision": Given("revision")}
_started = Change(_as_known, **_CHANGED, started_at=Given("moment"))
_finished = Change(_as_known, **_CHANGED, finished_at=Given("moment"), idle=Given("idle"))


def _write(run: Run, to: str, because: str, moment: datetime) -> None:
    if to not in MOVES[run.state]:
        raise IllegalMove(f"{run} is {run.get_state_display().lower()} and cannot become {RunState(to).label.lower()}.")
    moved, reason = _started if to == RunState.RUNNING else _finished, because[:500]
    ended = {} if to == RunState.RUNNING else {"idle": run.idle}
    known = {"pk": run.pk, "known": run.state}
    if not moved.make(**known, to=to, because=reason, revision=run.revision_id, moment=moment, **ended):
        raise LostRace(f"{run} is no longer {run.get_state_display().lower()}: read it again.")
    run.state, run.reason = to, reason
    setattr(run, "started_at" if to == RunState.RUNNING else "finished_at", moment)


def _moved(run: Run) -> RunMoved:
    return RunMoved(
        run=run.pk,
        pipeline=run.pipeline.name,
        period=run.period,
        state=run.state,
        because=run.reason,
        backfill=run.backfill_id,
    )


@transaction.atomic
def cancel(run: Run, *, actor: str, because: str) -> None:
    """Stop a run for good: its steps are fenced off at once, the running query is killed at its next heartbeat.

    What it was given is kept, and a retry brings it back.
    """
    waited = run.state == RunState.QUEUED
    _write(run, RunState.CANCELLED, because, timezone.now())
    event = events.record(_moved(run), actor=actor)
    if waited:
        dispositions.dropped(run, because=because)
    _cancel_steps(run, because, cause=event)
    given = Arrival.objects.filter(run=run)
    if waited and not run.again_from:
        given |= _meant_for(run)
    given.filter(state=ArrivalState.PENDING).update(
        run=run,
        state=ArrivalState.FAILED,
        disposition=f"run {run.pk} was cancelled: {because}"[:500],
        event=event,
    )


def _cancel_steps(run: Run, because: str, *, cause: Event) -> None:
    """End every step that is not over, each with an event of its own; none ends otherwise, for the run is held."""
    unfinished = run.steps.filter(state__in=UNFINISHED_STEPS)
    facts = [
        StepEnded(run=run.pk, pipeline=run.pipeline.name, dataset=name, state=StepState.CANCELLED, because=because)
        for name in unfinished.values_list("dataset__name", flat=True)
    ]
    if facts:
        unfinished.update(state=StepState.CANCELLED, finished_at=timezone.now())
        events.record_all(facts, cause=cause)


def _meant_for(run: Run) -> ArrivalQuerySet:
    """What a queued run would have taken. What has come in since, and nobody was told of yet, starts its own run."""
    waiting = Arrival.objects.filter(
        dataset__pipeline=run.pipeline, period=run.period, parameters_key=run.parameters_key, run=None
    )
    untold = Q(event__kind__in=[ArrivalAccepted.kind, ArrivalReplayed.kind]) & ~Q(event__in=run.causes.all())
    return waiting.exclude(untold)
