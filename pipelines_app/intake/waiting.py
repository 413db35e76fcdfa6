"""A row for every period of a pipeline that waits: opened by what comes, moved on by what comes and by the clock."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.utils import timezone

from pipelines_app import events, singly
from pipelines_app.clock import database_now
from pipelines_app.compiler import starting
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.definition import Start, Then
from pipelines_app.facts import WaitEnded, WaitOverdue
from pipelines_app.models import Disposition, Event, Outcome, Pipeline, Run, RunState, Waiting, WaitState
from pipelines_app.models.waiting import WaitingQuerySet
from pipelines_app.runs import dispositions, inputs, limits, planning, queue
from pipelines_app.runs.inputs import Condition, Weighed

AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Case:
    """One period of a pipeline as its policy sees it now."""

    pipeline: Pipeline
    recipe: Compiled
    period: str
    wait: Waiting | None
    weighed: Weighed
    moments: starting.Moments
    now: datetime

    @property
    def has_begun(self) -> bool:
        """Whether it has run with a part, be it by hand before its time; it is then never skipped or overdue."""
        return self.wait is not None and self.wait.state == WaitState.PARTIAL and not self.weighed.is_empty

    @property
    def takes_parts(self) -> bool:
        """Whether the policy lets it run with a part, so that each that comes makes it better at once."""
        return starting.tolerates(self.recipe.definition.start)

    @property
    def may_start(self) -> bool:
        """Whether its time has come."""
        return self.has_begun or self.moments.not_before is None or self.now >= self.moments.not_before

    @property
    def is_over(self) -> bool:
        return self.moments.at_latest is not None and self.now >= self.moments.at_latest

    @property
    def then(self) -> Then:
        return self.recipe.definition.start.then


def bring(pipeline: Pipeline, period: str, event: Event, *, now: datetime | None = None) -> Outcome:
    """Something has come for a period: start it if the policy of the pipeline says so, else keep the event with it."""
    held = planning.hold(pipeline)
    if held.current_id is None or _was_skipped(held, period):
        because = f"{held.name}: {period or 'it'} was skipped, and a person has to ask for it"
        return Outcome(kind=Disposition.IGNORED, text=f"ignored: {because}")
    case = _look(held, period, now)
    if (case.weighed.is_enough and case.may_start) or (case.has_begun and case.takes_parts):
        return _start(case, event)
    if case.is_over and case.then is Then.PARTIAL and not case.weighed.is_empty:
        return _start(case, event)
    wait = _keep(case, event)
    if case.is_over and not case.has_begun:
        return _over(case, wait, event)
    lacks = " and ".join(case.weighed.lacks) if not case.weighed.is_enough else _clock(case)
    return Outcome(kind=Disposition.WAITING, text=f"{held.name} waits for {lacks}")


def expect(pipeline: Pipeline, period: str, event: Event, *, now: datetime | None = None) -> Outcome:
    """Something should have come for a period: where the policy ends the waiting at a time, it waits from now on."""
    held = planning.hold(pipeline)
    if _was_skipped(held, period):
        return Outcome(kind=Disposition.IGNORED, text=f"ignored: {held.name} has skipped it")
    case = _look(held, period, now)
    if case.weighed.is_enough or case.wait is not None:
        return Outcome(kind=Disposition.IGNORED, text=f"ignored: {held.name} knows of it")
    wait = _keep(case, event)
    if case.is_over:
        return _over(case, wait, event)
    return Outcome(kind=Disposition.WAITING, text=f"{held.name} waits for {' and '.join(case.weighed.lacks)}")


def _look(pipeline: Pipeline, period: str, at: datetime | None) -> Case:
    recipe = planning.compiled(pipeline.revision_in_force)
    now = at or _now(recipe.definition.start)
    kind = inputs.kind_of(recipe, period)
    wait = Waiting.objects.open().filter(pipeline=pipeline, period=period).first()
    return Case(
        pipeline=pipeline,
        recipe=recipe,
        period=period,
        wait=wait,
        weighed=inputs.weigh(recipe, kind, period),
        moments=starting.moments(recipe.definition.start, kind, period, since=wait.since if wait else now),
        now=now,
    )


def _now(start: Start) -> datetime:
    """The moment; where the policy has times, by the clock that the sweep goes by, too."""
    return database_now() if start.not_before or start.at_latest else timezone.now()


def _was_skipped(pipeline: Pipeline, period: str) -> bool:
    """Whether a period was left out for good; one without a key comes round again."""
    return bool(period) and Waiting.objects.filter(pipeline=pipeline, period=period, state=WaitState.SKIPPED).exists()


def _clock(case: Case) -> str:
    moment, zone = case.moments.not_before, case.recipe.definition.start.timezone
    return f"{starting.wall(moment, zone)} {zone}" if moment is not None else "its time"


def _start(case: Case, event: Event) -> Outcome:
    """Have the period run, and with it everything that was kept for it."""
    run, merged = queue.put(case.pipeline, period=case.period, cause=event)
    outcome = taken(run, merged=merged)
    _close(case, run, event)
    part = "" if case.weighed.is_whole else f"; it lacks {' and '.join(case.weighed.lacks)}"
    return Outcome(kind=outcome.kind, text=f"{case.pipeline.name}: {outcome.text}{part}", run=outcome.run)


def taken(run: Run, *, merged: bool) -> Outcome:
    """What became of an event that was given to a run: consumed, or waiting until the run may start."""
    if merged:
        return Outcome(kind=Disposition.MERGED, text=f"merged into run {run.pk}", run=run.pk)
    if run.state == RunState.QUEUED:  # it may have been started since it was written
        run.refresh_from_db(fields=["state", "reason"])
    if run.state == RunState.FAILED and run.parameters:
        return Outcome(kind=Disposition.FAILED, text=f"failed: run {run.pk}: {run.reason}", run=run.pk)
    if run.state != RunState.QUEUED:
        return Outcome(kind=Disposition.CONSUMED, text=f"started run {run.pk}", run=run.pk)
    why = limits.obstacle(run.pipeline, run.environment)
    colon = "" if why.startswith("for ") else ":"
    return Outcome(kind=Disposition.WAITING, text=f"queued run {run.pk}, which waits{colon} {why}", run=run.pk)


def _close(case: Case, run: Run, event: Event) -> None:
    """End the waiting; where something is missing still, remember it, so that what comes makes it good."""
    remains = not case.weighed.is_whole and starting.tolerates(case.recipe.definition.start)
    wait = case.wait
    if wait is None and not remains:
        return
    if wait is None:
        wait = _keep(case, event)
    wait.state = WaitState.PARTIAL if remains else WaitState.STARTED
    wait.ended_at = None if remains else case.now
    wait.run, wait.act_at, wait.inputs = run, None, _written(case.weighed.conditions)
    wait.reason = f"run {run.pk} went on without {' and '.join(case.weighed.lacks)}"[:500] if remains else ""
    wait.save()
    if wait.overdue and event.kind != WaitEnded.kind:
        because = f"run {run.pk} was started"
        events.record(
            WaitEnded(pipeline=case.pipeline.name, period=case.period, how=wait.state, because=because), cause=event
        )
    dispositions.carry_over(wait, run)


def _keep(case: Case, event: Event) -> Waiting:
    """Write down what has come and what is missing, and keep the event with it."""
    wait = case.wait or Waiting(pipeline=case.pipeline, period=case.period, since=case.now)
    wait.needed, wait.inputs = case.weighed.needed, _written(case.weighed.conditions)
    wait.not_before, wait.at_latest = case.moments.not_before, case.moments.at_latest
    wait.then = case.then if case.moments.at_latest is not None else ""
    if wait.state == WaitState.WAITING:
        wait.act_at = _next(case, wait)
    wait.save()
    wait.events.add(event)
    return wait


def _next(case: Case, wait: Waiting) -> datetime | None:
    """When the clock has something to do: at the first moment if enough is there, else at the last."""
    if case.weighed.is_enough:
        return case.moments.not_before
    return None if wait.overdue else case.moments.at_latest


def _written(conditions: Sequence[Condition]) -> list[dict[str, object]]:
    return [{**asdict(one), "missing": list(one.missing)} for one in conditions]


def _over(case: Case, wait: Waiting, event: Event) -> Outcome:
    """The latest moment has passed, and not enough is there: skip the period, or wait on and say so."""
    lacks = " and ".join(case.weighed.lacks)
    at = starting.wall(case.moments.at_latest, case.recipe.definition.start.timezone) if case.moments.at_latest else ""
    name, period = case.pipeline.name, case.period
    if case.then is Then.SKIP:
        because = f"skipped at {at}: {lacks} had not come"
        wait.state, wait.ended_at, wait.act_at, wait.reason = WaitState.SKIPPED, case.now, None, because[:500]
        wait.save()
        fact = WaitEnded(pipeline=name, period=period, how=WaitState.SKIPPED, because=because)
        events.record(fact, cause=event)
        dispositions.skipped(wait, because=because)
        return Outcome(kind=Disposition.IGNORED, text=f"ignored: {name} is {because}")
    if not wait.overdue:
        wait.overdue, wait.act_at = True, None
        wait.save(update_fields=["overdue", "act_at"])
        events.record(WaitOverdue(pipeline=name, period=period, lacks=lacks), cause=event)
    return Outcome(kind=Disposition.WAITING, text=f"{name} waits for {lacks}, overdue since {at}")


def due(now: datetime) -> WaitingQuerySet:
    """What the clock has to move on, the longest due first."""
    return Waiting.objects.filter(state=WaitState.WAITING, act_at__lte=now).order_by("act_at")


def move_on(now: datetime) -> int:
    """Move on what waits for a moment that has come; one query where nothing does."""
    rows = list(due(now).values_list("pk", flat=True)[:AT_ONCE])
    return singly.each(rows, lambda pk: _move_on(pk, now))


def _move_on(pk: int, now: datetime) -> bool:
    wait = Waiting.objects.select_related("pipeline").get(pk=pk)
    held = planning.hold(wait.pipeline)
    if held.current_id is None or not due(now).filter(pk=pk).exists():
        return False  # somebody was faster
    case = _look(held, wait.period, now)
    event = wait.events.order_by("-id").first()
    if case.wait is None or event is None:
        return False
    enough = case.weighed.is_enough and case.may_start
    if enough or (case.is_over and case.then is Then.PARTIAL and not case.weighed.is_empty):
        because = "enough is there, and it is time" if enough else f"it lacks {' and '.join(case.weighed.lacks)}"
        how = WaitState.STARTED if enough else WaitState.PARTIAL
        fact = WaitEnded(pipeline=held.name, period=wait.period, how=how, because=because)
        _start(case, events.record(fact, cause=event))
    elif case.is_over:
        _over(case, case.wait, event)
    else:
        _keep(case, event)
    return True


def next_due() -> datetime | None:
    """When the clock next has something to do here."""
    waiting = Waiting.objects.filter(state=WaitState.WAITING, act_at__isnull=False).order_by("act_at")
    return waiting.values_list("act_at", flat=True).first()


def judge_again(pipeline: Pipeline, event: Event) -> list[Outcome]:
    """A revision may have another policy: what waits is judged by it."""
    waiting = Waiting.objects.filter(pipeline=pipeline, state=WaitState.WAITING).order_by("period")
    return [bring(pipeline, period, event) for period in list(waiting.values_list("period", flat=True))]
