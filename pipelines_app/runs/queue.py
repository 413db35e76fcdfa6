"""Runs that wait: one per pipeline and period, into which further events merge; one at a time is started."""

from django.db import transaction
from django.db.models import Subquery
from django.utils import timezone

from pipelines_app import events
from pipelines_app.compiler import giving, periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.errors import IllegalMove, PeriodInvalid
from pipelines_app.facts import ArrivalAccepted, ArrivalReplayed, RunRequested, WaitEnded
from pipelines_app.models import (
    Arrival,
    ArrivalState,
    DatasetVersion,
    Event,
    Pipeline,
    Run,
    RunState,
    Waiting,
    WaitState,
)
from pipelines_app.runs import dispositions, given, inputs, lifecycle, limits, planning
from pipelines_app.runs.limits import Standing
from pipelines_app.transactions import joined

NOT_TAKEN = [ArrivalState.FAILED, ArrivalState.QUARANTINED]


BACKFILL_PRIORITY = -10  # after everything that is live


@joined
def put(pipeline: Pipeline, *, period: str, cause: Event, backfill: int | None = None) -> tuple[Run, bool]:
    """Have the pipeline run for a period because of an event; True if the event merged into a run already queued.

    An event while another run of the period is in flight queues a run of its own: nothing it brought is lost. Events
    that give different parameters never merge.
    """
    held, environment = planning.hold(pipeline), mapping.production()
    parameters = given.parameters_of(cause, held, period)
    key = giving.key(parameters)
    now = limits.standing(held, environment, period=period, key=key)
    if now.waiting is not None:
        return _merge(now.waiting, cause, backfill), True
    run = Run(
        pipeline=held,
        revision_id=held.revision_in_force,
        environment=environment,
        period=period,
        cause=cause,
        backfill_id=backfill,
        priority=0 if backfill is None else BACKFILL_PRIORITY,
        parameters=parameters,
        parameters_key=key,
    )
    enter(run, now)
    return run, False


def enter(run: Run, now: Standing) -> None:
    """Write a run for a pipeline that is held; where nothing is before it, it is queued and started in one go."""
    if now.any_waits or now.running_for_period or not limits.has_room(run.pipeline, run.environment, now):
        lifecycle.enter(run, at_once=False)
        planning.start_held(run.pipeline)
    else:
        planning.begin_at_once(run, cause=lifecycle.enter(run, at_once=True))


def _merge(waiting: int, cause: Event, backfill: int | None) -> Run:
    run = Run.objects.get(pk=waiting)
    run.causes.add(cause)
    if backfill is None and run.backfill_id is not None:
        Run.objects.filter(pk=run.pk).update(backfill=None, priority=0)  # what is live does not wait for it
    return run


@joined
def already_reads(pipeline: Pipeline, *, period: str, version: int, cause: Event) -> Run | None:
    """The run in flight for the period that reads this version, or a later one, by every step that reads the dataset.

    The event merges into it, for nothing more would be made of it: a later version holds what an earlier one brought,
    or what has replaced that.
    """
    key = giving.key(given.parameters_of(cause, planning.hold(pipeline), period))
    published = DatasetVersion.objects.filter(pk=version)
    reading = Run.objects.filter(
        pipeline=pipeline,
        period=period,
        state=RunState.RUNNING,
        inputs__version__dataset=Subquery(published.values("dataset")[:1]),
        inputs__version__number__gte=Subquery(published.values("number")[:1]),
        keeps_revision=False,
        parameters_key=key,
    )
    run = reading.select_related("pipeline").first()
    if run is None or not planning.plans_all_readers(run, version=version):
        return None
    run.causes.add(cause)
    return run


@joined
def request(pipeline: Pipeline, *, period: str, actor: str) -> Run:
    """Run a pipeline because somebody asks: every step that can run does. Raises PeriodInvalid."""
    _refuse_odd_period(pipeline, period)
    run = _ask(pipeline, period, actor)
    _end_waiting(run, actor)
    return run


def _end_waiting(run: Run, actor: str) -> None:
    """Who asks for a period that waits has decided: it runs with what is there, and what still comes makes it good."""
    wait = Waiting.objects.filter(pipeline=run.pipeline, period=run.period, state=WaitState.WAITING).first()
    if wait is None:
        return
    recipe = planning.compiled(run.revision_id)
    weighed = inputs.weigh(recipe, inputs.kind_of(recipe, run.period), run.period)
    because = f"run {run.pk} was asked for by {actor}"
    wait.state = WaitState.STARTED if weighed.is_whole else WaitState.PARTIAL
    wait.ended_at = timezone.now() if weighed.is_whole else None
    wait.run, wait.act_at, wait.reason = run, None, because[:500]
    wait.save(update_fields=["state", "ended_at", "run", "act_at", "reason"])
    dispositions.carry_over(wait, run)
    if wait.overdue:
        fact = WaitEnded(pipeline=run.pipeline.name, period=run.period, how=wait.state, because=because)
        events.record(fact, cause=run.cause)


def _ask(pipeline: Pipeline, period: str, actor: str, *, retry_of: Run | None = None) -> Run:
    again = retry_of.pk if retry_of is not None else None
    kept = retry_of.parameters if retry_of is not None else None
    fact = RunRequested(pipeline=pipeline.name, period=period, retry_of=again, parameters=kept)
    return put(pipeline, period=period, cause=events.record(fact, actor=actor))[0]


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


def retry(run: Run, *, actor: str) -> Run:
    """Run again, once, what failed, was quarantined or was cancelled: with its arrivals and the current revision.

    An arrival that a newer one has replaced meanwhile stays out. Raises IllegalMove if nothing is left to run again.
    """
    again = _retry(run, actor)
    if again is None:
        raise IllegalMove(
            f"Nothing of {run} is left to run again: for everything it was given, something newer came.",
            todo="Replay the arrival if the older content is the right one.",
        )
    return again


@transaction.atomic
def _retry(run: Run, actor: str) -> Run | None:
    planning.hold(run.pipeline)
    if run.state not in {RunState.FAILED, RunState.QUARANTINED, RunState.CANCELLED}:
        raise IllegalMove(f"{run} is {run.get_state_display().lower()}: there is nothing to run again.")
    _refuse_second(run)
    brought_back = [_bring_back(arrival, run) for arrival in run.arrivals.filter(state__in=NOT_TAKEN).order_by("id")]
    if not any(brought_back) and _was_for_arrivals_alone(run):
        return None
    again = _ask(run.pipeline, run.period, actor, retry_of=run)
    Run.objects.filter(pk=again.pk, again_of=None).exclude(pk=run.pk).update(again_of=run)
    return again


def _was_for_arrivals_alone(run: Run) -> bool:
    """Whether arrivals were all that the run was for, and none of them was consumed: without them it has no work."""
    others = run.causes.exclude(kind__in=[ArrivalAccepted.kind, ArrivalReplayed.kind])
    given = set(run.arrivals.values_list("state", flat=True))
    return bool(given) and ArrivalState.CONSUMED not in given and not others.exists()


def _refuse_second(run: Run) -> None:
    asked = Event.objects.filter(kind=RunRequested.kind, pipeline=run.pipeline.name, body__retry_of=run.pk)
    again = Run.objects.filter(causes__in=asked).first()
    if again is not None:
        raise IllegalMove(f"{run} was run again already, by run {again.pk}.", todo=f"See run {again.pk}.")


def _bring_back(arrival: Arrival, run: Run) -> bool:
    """Let an arrival wait again, unless a newer one for its place was or will be taken; says whether it waits."""
    newer = Arrival.objects.filter(dataset=arrival.dataset_id, period=arrival.period, pk__gt=arrival.pk)
    winner = newer.filter(state__in=[ArrivalState.CONSUMED, ArrivalState.PENDING]).order_by("-id").first()
    changes: dict[str, object] = {"state": ArrivalState.PENDING, "disposition": "", "run": None}
    if winner is not None and not planning.appends(run.pipeline, arrival.dataset.name):
        said = f"arrival {winner.pk} for the same period came after it"
        changes = {"state": ArrivalState.SUPERSEDED, "disposition": said}
    Arrival.objects.filter(pk=arrival.pk).update(**changes)
    return changes["state"] == ArrivalState.PENDING
