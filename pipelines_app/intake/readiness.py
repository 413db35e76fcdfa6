"""From an event to the runs it makes ready, or to the sentence that says what it waits for."""

from collections.abc import Sequence

from pipelines_app import events, locks
from pipelines_app.compiler import starting
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.facts import (
    ArrivalAccepted,
    ArrivalDuplicated,
    ArrivalReplayed,
    DatasetPublished,
    Fact,
    PipelineRevised,
)
from pipelines_app.facts_expected import SlotBecameLate
from pipelines_app.facts_outside import ForeignCompleted, ScheduleTicked
from pipelines_app.intake import coalescing, lacking, waiting
from pipelines_app.models import (
    Dataset,
    Disposition,
    Event,
    Outcome,
    Pipeline,
    Run,
    StepRun,
    Trigger,
    TriggerKind,
    Waiting,
)
from pipelines_app.prepared import Given, Prepared
from pipelines_app.runs import planning, queue

# What stands for an event that had several outcomes: while one of them waits, the event does.
ORDER = (Disposition.FAILED, Disposition.WAITING, Disposition.CONSUMED, Disposition.MERGED, Disposition.IGNORED)


@events.hears(
    *(ArrivalAccepted, ArrivalReplayed, ArrivalDuplicated, DatasetPublished, PipelineRevised, SlotBecameLate),
    *(ScheduleTicked, ForeignCompleted),
    starts=True,
)
def hear(event: Event, fact: Fact) -> Outcome:
    """Start what the event makes ready; the answer is the event's disposition."""
    match fact:
        case ArrivalAccepted(dataset=name, period=period) | ArrivalReplayed(dataset=name, period=period):
            return _arrived(name, period, event)
        case ArrivalDuplicated(twin=twin):
            return _ignored(f"the same content came as arrival {twin}")
        case DatasetPublished():
            return coalescing.held_back(fact) or _published(fact, event)
        case PipelineRevised(pipeline=name):
            return _revised(Pipeline.objects.get(name=name), fact, event)
        case SlotBecameLate(dataset=name, period=period):
            return _late(name, period, event)
        case ScheduleTicked() | ForeignCompleted():
            return _from_outside(fact, event)
    return _ignored("nothing here starts on it")


def _ignored(because: str) -> Outcome:
    return Outcome(kind=Disposition.IGNORED, text=f"ignored: {because}")


def _said(outcomes: Sequence[Outcome], otherwise: str) -> Outcome:
    """Several outcomes as one."""
    if not outcomes:
        return _ignored(otherwise)
    first = min(outcomes, key=lambda outcome: ORDER.index(Disposition(outcome.kind)))
    return Outcome(kind=first.kind, text="; ".join(outcome.text for outcome in outcomes), run=first.run)


def _from_outside(fact: ScheduleTicked | ForeignCompleted, event: Event) -> Outcome:
    """What the clock or another tool starts obeys the policy, as arrivals do; without one it runs what can run."""
    if isinstance(fact, ForeignCompleted) and fact.fault:
        return _ignored(fact.fault)
    pipeline = Pipeline.objects.filter(name=fact.pipeline).exclude(current=None).first()
    if pipeline is None:
        return _ignored(f"there is no pipeline {fact.pipeline} any more")
    if starting.holds_back(planning.compiled(pipeline.current_id or 0)):
        return waiting.bring(pipeline, fact.period, event)
    return _start(pipeline, [fact.period], event)


_loading = Prepared(
    lambda: Pipeline.objects.filter(triggers__kind=TriggerKind.ARRIVAL, triggers__dataset__name=Given("dataset"))
)


def _arrived(name: str, period: str, event: Event) -> Outcome:
    """A file is loaded at once; where the policy holds the queries back, they are started by what was loaded."""
    said = [_start(pipeline, [period], event) for pipeline in _loading.all(dataset=name)]
    return _said(said, f"no pipeline reads arrivals of {name}")


_named = Prepared(lambda: Dataset.objects.select_related("pipeline").filter(name=Given("name")))
_started = Prepared(
    lambda: (
        Trigger.objects.filter(kind=TriggerKind.DATASET, dataset=Given("dataset"))
        .select_related("pipeline")
        .order_by("pipeline")
    )
)


def _published(fact: DatasetPublished, event: Event) -> Outcome:
    dataset = _named.first(name=fact.dataset)
    if dataset is None:
        raise Dataset.DoesNotExist(f"{fact.dataset} is not there any more.")
    readers = [trigger.pipeline for trigger in _started.all(dataset=dataset.pk)]
    _hold_all([*readers, *_own_readers(dataset)])
    said = _at_home(fact, dataset, event)
    said += [_reached(reader, dataset, fact.period, event, version=fact.version) for reader in readers]
    return _said(said, f"no pipeline starts when {fact.dataset} is published")


def _hold_all(pipelines: Sequence[Pipeline]) -> None:
    """Hold all that may be started before any is: each start asks for places that they share with others."""
    if len(pipelines) > 1:
        locks.hold(Pipeline.objects.filter(pk__in=[one.pk for one in pipelines]))


def _own_readers(dataset: Dataset) -> list[Pipeline]:
    """The pipeline that makes a dataset, if it also reads it."""
    if dataset.pipeline is None or dataset.pipeline.current_id is None:
        return []
    steps = planning.compiled(dataset.pipeline.current_id).steps
    return [dataset.pipeline] if any(dataset.name in step.inputs for step in steps) else []


def _at_home(fact: DatasetPublished, dataset: Dataset, event: Event) -> list[Outcome]:
    """What a dataset starts within the pipeline that made it."""
    pipeline = dataset.pipeline
    if pipeline is None or pipeline.current_id is None:
        return []
    recipe = planning.compiled(pipeline.current_id)
    if dataset.is_source and starting.holds_back(recipe):
        run = Run.objects.get(pk=fact.run)
        if run.period == fact.period and _has_readers(run, recipe, dataset, fact):
            return [Outcome(kind=Disposition.MERGED, text=f"{pipeline.name}: merged into run {run.pk}", run=run.pk)]
        return [_reached(pipeline, dataset, fact.period, event)] if dataset.name in starting.awaited(recipe) else []
    if dataset.is_source and fact.period:
        longer = [period for period in lacking.touched(recipe, dataset, fact.period) or [] if period != fact.period]
        if longer:
            return [_start(pipeline, longer, event, version=fact.version)]
    return _caught_up(fact, dataset, pipeline, recipe, event)


def _has_readers(run: Run, recipe: Compiled, dataset: Dataset, fact: DatasetPublished) -> bool:
    """Whether the run that published a source has the queries that read it, too: somebody asked for all of them."""
    readers = [step for step in recipe.steps if dataset.name in step.inputs and planning.fits(step, run.period)]
    return bool(readers) and planning.plans_all_readers(run, version=fact.version)


def _caught_up(
    fact: DatasetPublished, dataset: Dataset, pipeline: Pipeline, recipe: Compiled, event: Event
) -> list[Outcome]:
    """Start the periods of the pipeline itself whose steps were held until this dataset of its own was there."""
    reading = [
        step
        for step in lacking.incremental(recipe)
        if fact.dataset in step.inputs and not planning.reads_period(step, dataset)
    ]
    if not reading:
        return []
    within = set(StepRun.objects.filter(run=fact.run).values_list("dataset__name", flat=True))
    held: set[str] = set()
    for step in reading:
        # What the publishing run itself makes, or has failed to make, does not wait for it.
        its_own = Run.objects.get(pk=fact.run).period if step.dataset in within else None
        held |= lacking.by_step(step) - {its_own}
    return [_start(pipeline, sorted(held), event, version=fact.version)] if held else []


def _reached(pipeline: Pipeline, dataset: Dataset, period: str, event: Event, *, version: int | None = None) -> Outcome:
    """What the publication of an input means to a pipeline.

    An input by period is about its own period; one without periods (reference data) about every period that was
    waiting for it, and none that was made already.
    """
    recipe = planning.compiled(pipeline.current_id or 0)
    holds = starting.holds_back(recipe) and dataset.name in starting.awaited(recipe)
    about = lacking.touched(recipe, dataset, period)
    if about is None:
        about = [one for kind in starting.kinds(recipe) for one in lacking.periods(recipe, kind)]
        about = _with_open(pipeline, about) if holds else about
    elif not holds and recipe.definition.start.inputs and dataset.name not in recipe.definition.start.inputs:
        return _ignored(f"{pipeline.name} does not start on {dataset.name}")
    if not about:
        return _ignored(f"{pipeline.name} has made every period it could make")
    if not holds:
        return _start(pipeline, about, event, version=version)
    return _said([_brought(pipeline, one, event, version) for one in about], "")


def _with_open(pipeline: Pipeline, periods: list[str]) -> list[str]:
    """The same with what has run without a part of its inputs, or waits for them."""
    rows = Waiting.objects.open().filter(pipeline=pipeline).values_list("period", flat=True)
    return sorted({*periods, *rows})


def _brought(pipeline: Pipeline, period: str, event: Event, version: int | None) -> Outcome:
    """One period of a pipeline that may wait; a run in flight that reads the very version takes the event in."""
    reading = queue.already_reads(pipeline, period=period, version=version, cause=event) if version else None
    if reading is not None:
        text = f"{pipeline.name}: merged into run {reading.pk}, which reads it"
        return Outcome(kind=Disposition.MERGED, text=text, run=reading.pk)
    return waiting.bring(pipeline, period, event)


def _revised(pipeline: Pipeline, fact: PipelineRevised, event: Event) -> Outcome:
    """Start a new pipeline for what others have published before; a later revision makes nothing again by itself."""
    if fact.revision > 1:
        judged = waiting.judge_again(pipeline, event)
        return _said(judged, "what an earlier revision made is not made again by itself")
    recipe = planning.compiled(pipeline.current_id or 0)
    externals = list(Dataset.objects.filter(name__in=recipe.external))
    if not mapping.current(mapping.production(), externals):
        text = f"{pipeline.name} waits: nothing that it reads is there yet"
        return Outcome(kind=Disposition.IGNORED, text=f"ignored: {text}")
    about = [period for kind in starting.kinds(recipe) for period in lacking.come(recipe, kind)]
    if not starting.holds_back(recipe):
        return _start(pipeline, about, event) if about else _ignored(f"no period of {pipeline.name} is there whole yet")
    return _said([waiting.bring(pipeline, period, event) for period in about], f"nothing of {pipeline.name} is there")


def _late(name: str, period: str, event: Event) -> Outcome:
    """What should have come and has not opens the waiting of the pipelines whose policy ends it at a time."""
    dataset = Dataset.objects.get(name=name)
    waiting_for_it = Pipeline.objects.filter(triggers__dataset=dataset).exclude(current=None).distinct()
    pipelines, said = list(waiting_for_it.order_by("pk")), []
    _hold_all(pipelines)
    for pipeline in pipelines:
        recipe = planning.compiled(pipeline.current_id or 0)
        timed = recipe.definition.start.at_latest is not None and name in starting.awaited(recipe)
        about = lacking.touched(recipe, dataset, period) if timed else None
        said += [waiting.expect(pipeline, one, event) for one in about or []]
    return _said(said, f"nothing waits for {name} until a time of day")


def _start(pipeline: Pipeline, periods: list[str], event: Event, *, version: int | None = None) -> Outcome:
    """Have a pipeline run for some periods at once."""
    took: list[Outcome] = []
    for period in periods:
        reading = queue.already_reads(pipeline, period=period, version=version, cause=event) if version else None
        if reading is not None:
            text = f"merged into run {reading.pk}, which reads it"
            took.append(Outcome(kind=Disposition.MERGED, text=text, run=reading.pk))
            continue
        run, merged = queue.put(pipeline, period=period, cause=event)
        took.append(waiting.taken(run, merged=merged))
    first = _said(took, "no period to run")
    return Outcome(kind=first.kind, text=f"{pipeline.name}: {', '.join(one.text for one in took)}", run=first.run)


def driving_kind(recipe: Compiled) -> PeriodKind:
    """The kind of period for which a pipeline is asked to run: the first of those by which its steps run."""
    return starting.kinds(recipe)[0]
