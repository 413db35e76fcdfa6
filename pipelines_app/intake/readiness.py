"""From an event to the runs it makes ready, or to the sentence that says what it waits for."""

from dataclasses import dataclass

from pipelines_app import events
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.definition import Materialisation, PeriodKind, StartWhen
from pipelines_app.environments import mapping
from pipelines_app.facts import ArrivalAccepted, ArrivalReplayed, DatasetPublished, Fact
from pipelines_app.models import Dataset, Event, Pipeline, Trigger, TriggerKind
from pipelines_app.runs import planning, queue

CATCH_UP_PERIODS = 400


@events.hears(ArrivalAccepted, ArrivalReplayed, DatasetPublished)
def hear(event: Event, fact: Fact) -> str:
    """Start what the event makes ready; the answer is the event's disposition in words."""
    match fact:
        case ArrivalAccepted(dataset=name, period=period) | ArrivalReplayed(dataset=name, period=period):
            return _arrived(name, period, event)
        case DatasetPublished():
            return _published(fact, event)
    return "ignored: nothing here starts on it"


def _arrived(name: str, period: str, event: Event) -> str:
    triggers = Trigger.objects.filter(kind=TriggerKind.ARRIVAL, dataset__name=name)
    said = [_start(trigger.pipeline, [period], event) for trigger in triggers.select_related("pipeline__current")]
    return "; ".join(said) or f"ignored: no pipeline reads arrivals of {name}"


def _published(fact: DatasetPublished, event: Event) -> str:
    triggers = Trigger.objects.filter(kind=TriggerKind.DATASET, dataset__name=fact.dataset)
    said = []
    for trigger in triggers.select_related("pipeline__current", "dataset"):
        answer = ready(trigger.pipeline, trigger.dataset, fact.period)
        if answer.periods:
            said.append(_start(trigger.pipeline, answer.periods, event, version=fact.version))
        else:
            said.append(f"{trigger.pipeline.name} waits for {' and '.join(answer.missing)}")
    return "; ".join(said) or f"ignored: no pipeline starts when {fact.dataset} is published"


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
    kind = driving_kind(compiled)
    if kind is PeriodKind.NONE:
        return _decide([""], compiled, externals)
    if published.period_kind == kind:
        return _decide([period], compiled, externals)
    return _decide(_waiting(compiled, externals, kind), compiled, externals)


def driving_kind(compiled: Compiled) -> PeriodKind:
    """The kind of period by which a pipeline runs: that of its incremental steps."""
    kinds = {step.period for step in _incremental(compiled)}
    kinds.discard(PeriodKind.NONE)
    return min(kinds, default=PeriodKind.NONE)


def _incremental(compiled: Compiled) -> list[CompiledStep]:
    return [
        step
        for step in compiled.steps
        if step.kind is StepKind.TRANSFORM and step.materialise is Materialisation.INCREMENTAL
    ]


def _waiting(compiled: Compiled, externals: dict[str, Dataset], kind: PeriodKind) -> list[str]:
    """The periods that inputs have and the pipeline's own incremental datasets have not, oldest first."""
    environment = mapping.production()
    come: set[str] = set()
    for dataset in externals.values():
        if dataset.period_kind == kind:
            come |= mapping.periods(environment, dataset)
    made = come.copy()
    for target in Dataset.objects.filter(name__in=[step.dataset for step in _incremental(compiled)]):
        made &= mapping.periods(environment, target)
    return sorted(come - made)[:CATCH_UP_PERIODS]


def _decide(periods: list[str], compiled: Compiled, externals: dict[str, Dataset]) -> Readiness:
    if compiled.definition.start is StartWhen.ANY:
        return Readiness(periods=periods, missing=[])
    environment = mapping.production()
    there = mapping.current(environment, list(externals.values()))
    missing = sorted(name for name, dataset in externals.items() if dataset.pk not in there)
    if missing:
        return Readiness(periods=[], missing=missing)
    by_period = [dataset for dataset in externals.values() if dataset.period_kind != PeriodKind.NONE]
    ready = []
    for period in periods:
        lacking = [f"{one.name} of {period}" for one in by_period if not mapping.has_period(environment, one, period)]
        missing += lacking
        if not lacking:
            ready.append(period)
    return Readiness(periods=ready, missing=missing or ["nothing: every period it could make is made"])
