"""What a backfill publishes reaches its readers once: a period's when the period is over, a whole dataset's at the end.

Pipelines that read a whole dataset, or make a longer period of it, run once when every period is done; and each after
those it reads from, so that none runs twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from pipelines_app import events, locks, singly
from pipelines_app.compiler import starting
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.facts import DatasetPublished, Fact, RunMoved
from pipelines_app.intake import lacking, waiting
from pipelines_app.models import (
    Backfill,
    BackfillEffect,
    Dataset,
    Delivery,
    DeliveryState,
    Disposition,
    Event,
    Outcome,
    Pipeline,
    Run,
    RunState,
    Trigger,
    TriggerKind,
)
from pipelines_app.runs import backfilling, dispositions, lifecycle, planning, queue


def held_back(fact: DatasetPublished) -> Outcome | None:
    """What becomes of a publication within a backfill: what it starts is started once for many. None for a live one."""
    if fact.backfill is None:
        return None
    dataset = Dataset.objects.select_related("pipeline").get(name=fact.dataset)
    if not _readers(dataset) and not _makes_more(dataset, fact.period):
        return Outcome(kind=Disposition.IGNORED, text=f"ignored: no pipeline starts when {fact.dataset} is published")
    text = f"waits: what reads it runs once for all that backfill {fact.backfill} makes of it"
    return Outcome(kind=Disposition.WAITING, text=text)


def _readers(dataset: Dataset) -> list[Pipeline]:
    triggers = Trigger.objects.filter(kind=TriggerKind.DATASET, dataset=dataset).select_related("pipeline")
    return [trigger.pipeline for trigger in triggers.order_by("pipeline") if trigger.pipeline.current_id is not None]


def _makes_more(dataset: Dataset, period: str) -> bool:
    """Whether the pipeline itself makes something of the dataset that is not made with its period."""
    return dataset.pipeline is not None and bool(
        _later(planning.compiled(dataset.pipeline.current_id or 0), dataset, period)
    )


def _later(recipe: Compiled, dataset: Dataset, period: str) -> list[str]:
    """The runs of a pipeline that what was made of a period leads to, beside that of the period itself."""
    if not period:
        return []
    longer = [one for one in lacking.touched(recipe, dataset, period) or [] if one != period]
    return longer + ([""] if planning.whole_steps(recipe) else [])


def _is_live(fact: Fact) -> bool:
    return isinstance(fact, RunMoved) and (fact.backfill is None or fact.state in lifecycle.LIVE)


@events.hears(RunMoved, ignores=_is_live)
def hear(event: Event, fact: Fact) -> Outcome:
    """A run of a backfill is over: start what reads its period, remember what has to wait, and go on."""
    if not isinstance(fact, RunMoved) or fact.backfill is None:
        return Outcome(kind=Disposition.IGNORED, text="ignored: not a run of a backfill")
    backfill = Backfill.objects.select_related("pipeline", "event").get(pk=fact.backfill)
    run = Run.objects.select_related("pipeline").get(pk=fact.run)
    began = _pass_on(backfill, run)
    backfilling.feed(backfill)
    settle(backfill, but=event)
    text = f"{began:,} started that read its period" if began else "nothing more to start now"
    return Outcome(kind=Disposition.CONSUMED, text=f"backfill {backfill.pk}: {text}")


def _pass_on(backfill: Backfill, run: Run) -> int:
    """Start the readers of the period that a run has made, and write down those that read more; says how many began."""
    published = Event.objects.filter(run=run.pk, kind=DatasetPublished.kind).order_by("id")
    at_once: dict[int, list[Event]] = defaultdict(list)
    readers: dict[int, Pipeline] = {}
    own: Event | None = None
    for one in published:
        dataset = Dataset.objects.select_related("pipeline").get(name=one.dataset)
        for reader in _readers(dataset):
            recipe = planning.compiled(reader.current_id or 0)
            if one.period and lacking.touched(recipe, dataset, one.period) == [one.period]:
                readers[reader.pk] = reader
                at_once[reader.pk].append(one)
            else:
                BackfillEffect.objects.get_or_create(backfill=backfill, pipeline=reader, event=one)
        own = one if _makes_more(dataset, one.period) else own
    if own is not None:
        BackfillEffect.objects.get_or_create(backfill=backfill, pipeline=run.pipeline, event=own)
    _hold(backfill, *at_once)  # with all that is fed and settled next
    for pk in sorted(at_once):
        _start(readers[pk], run.period, at_once[pk], backfill)
    return len(at_once)


def _hold(backfill: Backfill, *more: int) -> set[int]:
    """Hold every pipeline that this backfill may start by now, and then itself; gives those that are held."""
    left = backfill.effects.filter(run=None).values_list("pipeline", flat=True)
    pipelines = {backfill.pipeline_id, *left, *more}
    locks.hold(Pipeline.objects.filter(pk__in=pipelines), Backfill.objects.filter(pk=backfill.pk))
    return pipelines


def _start(pipeline: Pipeline, period: str, causes: Sequence[Event], backfill: Backfill) -> Run | None:
    """Have a pipeline run once for all of these."""
    recipe = planning.compiled(pipeline.current_id or 0)
    wanted = recipe.definition.start.inputs
    if starting.holds_back(recipe) and period:
        outcome = waiting.bring(pipeline, period, causes[-1])
        run = Run.objects.filter(pk=outcome.run).first() if outcome.run else None
    elif wanted and not any(one.dataset in wanted or one.pipeline == pipeline.name for one in causes):
        return None
    else:
        run, _ = queue.put(pipeline, period=period, cause=causes[0], backfill=backfill.pk)
    if run is not None:
        run.refresh_from_db()
        run.causes.add(*causes)
        if run.state != RunState.QUEUED:
            dispositions.consumed(run)
    return run


@transaction.atomic
def settle(backfill: Backfill, *, but: Event | None = None) -> None:
    """Once every period is over, run what reads whole datasets, each after those that it reads from."""
    pipelines = _hold(backfill)
    held = Backfill.objects.select_related("pipeline").get(pk=backfill.pk)
    if held.ended_at is None or held.settled_at is not None or _is_under_way(held, but):
        return
    left = held.effects.filter(run=None).select_related("pipeline", "event").order_by("event")
    groups: dict[Pipeline, list[BackfillEffect]] = defaultdict(list)
    for effect in left:
        groups[effect.pipeline].append(effect)
    for pipeline in [one for one in _first(groups) if one.pk in pipelines]:  # another one has its turn at the next look
        _release(pipeline, groups[pipeline], held)
    if not groups:
        Backfill.objects.filter(pk=held.pk).update(settled_at=timezone.now())
        _let_go(held)


def _is_under_way(backfill: Backfill, but: Event | None) -> bool:
    runs = Run.objects.filter(backfill=backfill)
    if runs.filter(state__in=lifecycle.LIVE).exists():
        return True
    told = Delivery.objects.filter(state=DeliveryState.PENDING, event__run__in=runs.values("pk"))
    return told.exclude(event=but).exists() if but is not None else told.exists()


def _first(groups: Iterable[Pipeline]) -> list[Pipeline]:
    """Those of the pipelines that read nothing from the others, directly or through any in between."""
    reads: dict[int, set[int]] = defaultdict(set)
    pairs = Trigger.objects.filter(kind=TriggerKind.DATASET).values_list("pipeline", "dataset__pipeline")
    for reader, maker in pairs:
        if maker is not None and maker != reader:
            reads[reader].add(maker)
    waiting_ones = {pipeline.pk: pipeline for pipeline in groups}
    free = [one for pk, one in waiting_ones.items() if not _above(pk, reads).intersection(waiting_ones)]
    return sorted(free or waiting_ones.values(), key=lambda one: one.pk)  # all of a circle at once


def _above(pk: int, reads: dict[int, set[int]]) -> set[int]:
    found: set[int] = set()
    frontier = set(reads[pk])
    while frontier:
        found |= frontier
        frontier = {above for one in frontier for above in reads[one]} - found
    return found - {pk}


def _release(pipeline: Pipeline, effects: Sequence[BackfillEffect], backfill: Backfill) -> None:
    """Run a pipeline once for each of its periods that the effects are about."""
    recipe = planning.compiled(pipeline.current_id or 0)
    about: dict[str, list[Event]] = defaultdict(list)
    for effect in effects:
        for period in _periods(pipeline, recipe, effect.event):
            about[period].append(effect.event)
    run: Run | None = None
    for period in sorted(about):
        run = _start(pipeline, period, about[period], backfill) or run
    done = BackfillEffect.objects.filter(pk__in=[effect.pk for effect in effects])
    if run is None:
        done.delete()
        return
    done.update(run=run)


def _periods(pipeline: Pipeline, recipe: Compiled, event: Event) -> list[str]:
    dataset = Dataset.objects.get(name=event.dataset)
    if dataset.pipeline_id == pipeline.pk:
        return _later(recipe, dataset, event.period)
    about = lacking.touched(recipe, dataset, event.period)
    if about is None:
        about = [one for kind in starting.kinds(recipe) for one in lacking.periods(recipe, kind)]
        by_period = PeriodKind.NONE not in starting.kinds(recipe)
        reads_whole = any(dataset.name in step.inputs for step in recipe.steps if not planning.makes_by_period(step))
        return [*about, ""] if by_period and reads_whole else about
    return about


def _let_go(backfill: Backfill) -> None:
    """Whatever was published and led to nothing is told so: every event ends with a disposition."""
    left = Delivery.objects.filter(event__run__in=backfill.runs.values("pk"), disposition=Disposition.WAITING)
    queued = Run.causes.through.objects.filter(run__state=RunState.QUEUED).values("event")
    left.filter(event__kind=DatasetPublished.kind).exclude(event__in=queued).update(
        disposition=Disposition.IGNORED, outcome=f"ignored: nothing more was to be made of it by backfill {backfill.pk}"
    )


def settle_all() -> int:
    """Go on with every backfill that has ended and not told everybody yet: what a lost event left behind."""
    ended = Backfill.objects.unsettled().exclude(ended_at=None).select_related("pipeline")
    return singly.each(list(ended.order_by("id")), lambda one: settle(one) is None)
