"""From an event to the runs it makes ready, or to the sentence that says what it waits for."""

from dataclasses import dataclass

from pipelines_app import events
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.definition import Materialisation, PeriodKind, StartWhen
from pipelines_app.environments import mapping
from pipelines_app.facts import (
    ArrivalAccepted,
    ArrivalReplayed,
    DatasetPublished,
    Fact,
    ForeignCompleted,
    PipelineRevised,
    ScheduleTicked,
)
from pipelines_app.models import Dataset, Event, Pipeline, Run, StepRun, Trigger, TriggerKind
from pipelines_app.runs import planning, queue


def _revises(fact: Fact) -> bool:
    """Whether it is a later revision of a pipeline: what was made by an earlier one is not made again by itself."""
    return isinstance(fact, PipelineRevised) and fact.revision > 1


@events.hears(
    *(ArrivalAccepted, ArrivalReplayed, DatasetPublished, PipelineRevised, ScheduleTicked, ForeignCompleted),
    ignores=_revises,
)
def hear(event: Event, fact: Fact) -> str:
    """Start what the event makes ready; the answer is the event's disposition in words."""
    match fact:
        case ArrivalAccepted(dataset=name, period=period) | ArrivalReplayed(dataset=name, period=period):
            return _arrived(name, period, event)
        case DatasetPublished():
            return _published(fact, event)
        case PipelineRevised(pipeline=name):
            return _registered(Pipeline.objects.get(name=name), event)
        case ScheduleTicked() | ForeignCompleted():
            return _from_outside(fact, event)
    return "ignored: nothing here starts on it"


def _from_outside(fact: ScheduleTicked | ForeignCompleted, event: Event) -> str:
    """Start what the clock or another tool starts: it runs with what is there, as if a person had asked for it."""
    if isinstance(fact, ForeignCompleted) and fact.fault:
        return f"ignored: {fact.fault}"
    pipeline = Pipeline.objects.filter(name=fact.pipeline).exclude(current=None).first()
    if pipeline is None:
        return f"ignored: there is no pipeline {fact.pipeline} any more"
    return _start(pipeline, [fact.period], event)


def _arrived(name: str, period: str, event: Event) -> str:
    triggers = Trigger.objects.filter(kind=TriggerKind.ARRIVAL, dataset__name=name)
    said = [_start(trigger.pipeline, [period], event) for trigger in triggers.select_related("pipeline")]
    return "; ".join(said) or f"ignored: no pipeline reads arrivals of {name}"


def _published(fact: DatasetPublished, event: Event) -> str:
    triggers = Trigger.objects.filter(kind=TriggerKind.DATASET, dataset__name=fact.dataset)
    said = _caught_up(fact, event)
    # By pipeline: two events that start the same pipelines hold them in the same order.
    for trigger in triggers.select_related("pipeline", "dataset").order_by("pipeline"):
        answer = ready(trigger.pipeline, trigger.dataset, fact.period)
        if answer.periods:
            said.append(_start(trigger.pipeline, answer.periods, event, version=fact.version))
        else:
            said.append(f"{trigger.pipeline.name} waits for {' and '.join(answer.missing)}")
    return "; ".join(said) or f"ignored: no pipeline starts when {fact.dataset} is published"


def _caught_up(fact: DatasetPublished, event: Event) -> list[str]:
    """Start the periods of the pipeline itself whose steps were held until this dataset of its own was there."""
    dataset = Dataset.objects.select_related("pipeline").get(name=fact.dataset)
    pipeline = dataset.pipeline
    if pipeline is None or pipeline.current_id is None:
        return []
    within = set(StepRun.objects.filter(run=fact.run).values_list("dataset__name", flat=True))
    waiting: set[str] = set()
    for step in _incremental(planning.compiled(pipeline.current_id)):
        if fact.dataset in step.inputs and not planning.reads_period(step, dataset):
            # What the publishing run itself makes, or has failed to make, does not wait for it.
            its_own = Run.objects.get(pk=fact.run).period if step.dataset in within else None
            waiting |= lacking(step) - {its_own}
    return [_start(pipeline, sorted(waiting), event, version=fact.version)] if waiting else []


def _registered(pipeline: Pipeline, event: Event) -> str:
    """Start a new pipeline for what other pipelines have published before."""
    compiled = planning.compiled(pipeline.current_id or 0)
    externals = {dataset.name: dataset for dataset in Dataset.objects.filter(name__in=compiled.external)}
    if not mapping.current(mapping.production(), list(externals.values())):
        return f"{pipeline.name} waits: nothing that it reads is there yet"
    answer = _join([_decide(_come(compiled, externals, kind), compiled, externals, kind) for kind in kinds(compiled)])
    if answer.periods:
        return _start(pipeline, answer.periods, event)
    return f"{pipeline.name} waits for {' and '.join(answer.missing)}"


def _start(pipeline: Pipeline, periods: list[str], event: Event, *, version: int | None = None) -> str:
    said = []
    for period in periods:
        reading = queue.already_reads(pipeline, period=period, version=version, cause=event) if version else None
        if reading is not None:
            said.append(f"merged into run {reading.pk}, which reads it")
            continue
        run, merged = queue.put(pipeline, period=period, cause=event)
        said.append(f"merged into run {run.pk}" if merged else f"started run {run.pk}")
    held = ", which waits: the pipeline is paused" if pipeline.paused_at else ""
    return f"{pipeline.name}: {', '.join(said)}{held}"


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """The periods for which a pipeline may run now, or what it still waits for."""

    periods: list[str]
    missing: list[str]


def ready(pipeline: Pipeline, published: Dataset, period: str) -> Readiness:
    """Which periods of a pipeline the publication of one of its inputs makes ready.

    An input by period makes its own period ready; one without periods (reference data) makes ready every period that
    was waiting for it, and none that was made already.
    """
    compiled = planning.compiled(pipeline.current_id or 0)
    externals = {dataset.name: dataset for dataset in Dataset.objects.filter(name__in=compiled.external)}
    known = kinds(compiled)
    if published.period_kind in known and published.period_kind != PeriodKind.NONE:
        return _decide([period], compiled, externals, PeriodKind(published.period_kind))
    return _join([_decide(_waiting(compiled, externals, kind), compiled, externals, kind) for kind in known])


def kinds(compiled: Compiled) -> list[PeriodKind]:
    """The kinds of period by which a pipeline's steps run; none, where no step runs by period."""
    found = {step.period for step in _incremental(compiled)} - {PeriodKind.NONE}
    return sorted(found) or [PeriodKind.NONE]


def driving_kind(compiled: Compiled) -> PeriodKind:
    """The kind of period for which a pipeline is asked to run: the first of those by which its steps run."""
    return kinds(compiled)[0]


def _incremental(compiled: Compiled) -> list[CompiledStep]:
    return [
        step
        for step in compiled.steps
        if step.kind is StepKind.TRANSFORM and step.materialise is Materialisation.INCREMENTAL
    ]


def lacking(step: CompiledStep) -> set[str]:
    """The periods that a step could make now, for everything it reads is there, and that its dataset has not."""
    environment = mapping.production()
    inputs = list(Dataset.objects.filter(name__in=step.inputs))
    by_period = [dataset for dataset in inputs if planning.reads_period(step, dataset)]
    if not by_period or len(mapping.current(environment, inputs)) < len(step.inputs):
        return set()
    there = set.intersection(*(mapping.periods(environment, dataset) for dataset in by_period))
    return there - mapping.periods(environment, Dataset.objects.get(name=step.dataset))


def _come(compiled: Compiled, externals: dict[str, Dataset], kind: PeriodKind) -> list[str]:
    """The periods of this kind that have come from elsewhere for a step, oldest first; where any input starts the
    pipeline, only those of which a step has everything.
    """
    if kind is PeriodKind.NONE:
        return [""]
    environment, whole = mapping.production(), compiled.definition.start.when is StartWhen.ANY
    present = mapping.current(environment, list(externals.values()))
    come: set[str] = set()
    for step in _incremental(compiled):
        read = [externals[name] for name in step.inputs if name in externals]
        by_period = [one for one in read if step.period is kind and planning.reads_period(step, one)]
        if by_period and not (whole and any(one.pk not in present for one in read)):
            found = [mapping.periods(environment, one) for one in by_period]
            come |= set.intersection(*found) if whole else set.union(*found)
    return sorted(come)


def _waiting(compiled: Compiled, externals: dict[str, Dataset], kind: PeriodKind) -> list[str]:
    """The periods of this kind that inputs have and the pipeline's own incremental datasets have not, oldest first."""
    come = _come(compiled, externals, kind)
    if kind is PeriodKind.NONE:
        return come
    targets = [step.dataset for step in _incremental(compiled) if step.period is kind]
    made = [mapping.periods(mapping.production(), one) for one in Dataset.objects.filter(name__in=targets)]
    return [period for period in come if not all(period in periods for periods in made)]


def _join(answers: list[Readiness]) -> Readiness:
    periods = [period for answer in answers for period in answer.periods]
    missing = [name for answer in answers for name in answer.missing]
    return Readiness(periods=periods, missing=list(dict.fromkeys(missing)))


def _decide(periods: list[str], compiled: Compiled, externals: dict[str, Dataset], kind: PeriodKind) -> Readiness:
    """Which of the periods may run by the pipeline's own rule of starting."""
    if compiled.definition.start.when is StartWhen.ANY:
        return Readiness(periods=periods, missing=[])
    environment = mapping.production()
    there = mapping.current(environment, list(externals.values()))
    missing = sorted(name for name, dataset in externals.items() if dataset.pk not in there)
    if missing:
        return Readiness(periods=[], missing=missing)
    steps = [step for step in _incremental(compiled) if step.period is kind]
    read = [
        dataset
        for name, dataset in externals.items()
        if any(name in step.inputs and planning.reads_period(step, dataset) for step in steps)
    ]
    held = {dataset.name: mapping.periods(environment, dataset) for dataset in read}
    ready = [period for period in periods if all(period in has for has in held.values())]
    lacks = [f"{name} of {period}" for period in periods for name, has in held.items() if period not in has]
    return Readiness(periods=ready, missing=lacks or ["nothing: every period it could make is made"])
