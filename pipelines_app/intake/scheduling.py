"""The clock as a source of events: each moment of a schedule becomes one event, whatever stood still meanwhile."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Min

from pipelines_app import events, locks, singly
from pipelines_app.compiler import clocks
from pipelines_app.compiler.starters import CatchUp, Schedule
from pipelines_app.facts_outside import ScheduleTicked, TicksMissed
from pipelines_app.intake import readiness
from pipelines_app.models import Clock, Pipeline, Tick
from pipelines_app.runs import planning

ACTOR = "clock"
MOST_AT_ONCE = 500
MISSED_SECONDS = 120  # a tick that is told later than this was missed: nothing here ran when it came


def tick(now: datetime) -> int:
    """Turn every moment of a schedule that has come into an event; says for how many pipelines."""
    due = Clock.objects.filter(next_tick__lte=now).select_related("pipeline").order_by("next_tick")
    return singly.each(due[:MOST_AT_ONCE], lambda clock: _tick(clock, now))


def next_due() -> datetime | None:
    """When the next clock ticks."""
    soonest: datetime | None = Clock.objects.aggregate(at=Min("next_tick"))["at"]
    return soonest


def _tick(clock: Clock, now: datetime) -> bool:
    """The ticks of one pipeline up to now, by its own rule for those that were missed."""
    held = locks.held(Clock.objects.select_related("pipeline").filter(pk=clock.pk)).first()
    if held is None or held.next_tick > now:
        return False
    schedule = _declared(held.pipeline)
    if schedule is None:
        held.delete()
        return False
    _tell(held, schedule, now)
    return True


def _declared(pipeline: Pipeline) -> Schedule | None:
    return planning.compiled(pipeline.revision_in_force).definition.schedule


def _tell(clock: Clock, schedule: Schedule, now: datetime) -> None:
    first = clock.next_tick
    last = max(first, clocks.last_tick(schedule, now))
    told = _to_tell(schedule, first, last, now)
    if last > first or not told:
        fact = TicksMissed(
            pipeline=clock.pipeline.name,
            first=first.isoformat(),
            last=last.isoformat(),
            caught_up=len(told),
            rule=schedule.catch_up,
        )
        events.record(fact, actor=ACTOR)
    for at in told:
        _record(clock.pipeline, schedule, at)
    # A flood of missed ticks is told in turns: the clock stands at the next one that is still to be told.
    clock.next_tick = clocks.next_tick(schedule, told[-1] if _is_cut(schedule, told, last) else now)
    clock.save(update_fields=["next_tick"])


def _to_tell(schedule: Schedule, first: datetime, last: datetime, now: datetime) -> list[datetime]:
    if schedule.catch_up is CatchUp.ALL:
        return [first, *clocks.missed(schedule, first, last, MOST_AT_ONCE - 1)]
    on_time = (now - last).total_seconds() <= MISSED_SECONDS
    return [last] if on_time or schedule.catch_up is CatchUp.LATEST else []


def _is_cut(schedule: Schedule, told: list[datetime], last: datetime) -> bool:
    return schedule.catch_up is CatchUp.ALL and told[-1] < last


def _record(pipeline: Pipeline, schedule: Schedule, at: datetime) -> None:
    kind = readiness.driving_kind(planning.compiled(pipeline.revision_in_force))
    fact = ScheduleTicked(pipeline=pipeline.name, period=clocks.period_of(schedule, kind, at), tick=at.isoformat())
    try:
        with transaction.atomic():
            Tick.objects.create(pipeline=pipeline, at=at, event=events.record(fact, actor=ACTOR))
    except IntegrityError:
        return  # this moment was told before
