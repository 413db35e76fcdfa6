"""Runs that wait: one per pipeline and period, into which further events merge; one at a time is started."""

from django.db import IntegrityError, transaction

from pipelines_app import events
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.errors import IllegalMove, PeriodInvalid
from pipelines_app.facts import RunMoved, RunRequested
from pipelines_app.models import Arrival, ArrivalState, Event, Pipeline, Run, RunState
from pipelines_app.runs import planning


@transaction.atomic
def put(pipeline: Pipeline, *, period: str, cause: Event) -> tuple[Run, bool]:
    """Have the pipeline run for a period because of an event; True if the event merged into a run already queued.

    An event while another run of the period is in flight queues a run of its own: nothing it brought is lost.
    """
    environment = mapping.production()
    asked = {"pipeline": pipeline, "environment": environment, "period": period, "state": RunState.QUEUED}
    waiting = Run.objects.select_for_update().filter(**asked).first()
    if waiting is None:
        try:
            with transaction.atomic():
                waiting = Run.objects.create(**asked, revision=pipeline.in_force, cause=cause)
        except IntegrityError:
            waiting = Run.objects.select_for_update().get(**asked)
        else:
            waiting.causes.add(cause)
            fact = RunMoved(run=waiting.pk, pipeline=pipeline.name, period=period, state=RunState.QUEUED)
            events.record(fact, cause=cause)
            planning.start_next(pipeline)
            return waiting, False
    waiting.causes.add(cause)
    return waiting, True


@transaction.atomic
def already_reads(pipeline: Pipeline, *, period: str, version: int, cause: Event) -> Run | None:
    """The run in flight for the period that has this very version pinned and planned every step that reads it.

    The event merges into it, for nothing more would be made of it.
    """
    reading = Run.objects.select_for_update(of=("self",)).filter(
        pipeline=pipeline, period=period, state=RunState.RUNNING, inputs__version=version
    )
    run = reading.select_related("pipeline").first()
    if run is None or not planning.plans_all_readers(run, version=version):
        return None
    run.causes.add(cause)
    return run


@transaction.atomic
def request(pipeline: Pipeline, *, period: str, actor: str) -> Run:
    """Run a pipeline because somebody asks: every step that can run does. Raises PeriodInvalid."""
    _refuse_odd_period(pipeline, period)
    return _ask(pipeline, period, actor)


def _ask(pipeline: Pipeline, period: str, actor: str) -> Run:
    event = events.record(RunRequested(pipeline=pipeline.name, period=period), actor=actor)
    return put(pipeline, period=period, cause=event)[0]


def _refuse_odd_period(pipeline: Pipeline, period: str) -> None:
    """What is asked for has to be a period of a step; none is one of the steps that have no periods."""
    if pipeline.current_id is None:
        return  # `put` says so
    kinds = {step.period for step in planning.compiled(pipeline.current_id).steps}
    if any(periods.is_valid(kind, period) for kind in kinds):
        return
    named = sorted(kind for kind in kinds if kind is not PeriodKind.NONE)
    if not named:
        message = f"{pipeline} does not run by period, and {period!r} was given."
        raise PeriodInvalid(message, todo="Leave the period empty.")
    examples = " or ".join(periods.EXAMPLES[kind] for kind in named)
    asked = f"{period!r} is not one" if period else "none was given"
    raise PeriodInvalid(
        f"{pipeline} runs by {' or '.join(named)}, and {asked}.", todo=f"Give the period as {examples}."
    )


@transaction.atomic
def retry(run: Run, *, actor: str) -> Run:
    """Run again what failed, was quarantined or was cancelled: with the same arrivals and the current revision."""
    if run.state not in {RunState.FAILED, RunState.QUARANTINED, RunState.CANCELLED}:
        raise IllegalMove(f"{run} is {run.get_state_display().lower()}: there is nothing to run again.")
    Arrival.objects.filter(run=run).exclude(state=ArrivalState.CONSUMED).update(
        state=ArrivalState.PENDING, disposition="", run=None
    )
    return _ask(run.pipeline, run.period, actor)
