"""Which periods of a pipeline could be made now and have not been."""

from collections.abc import Iterable

from pipelines_app.compiler import starting
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.models import Dataset
from pipelines_app.runs import planning


def incremental(recipe: Compiled) -> list[CompiledStep]:
    """The queries that make one period at a time."""
    return [step for step in recipe.steps if step.kind is StepKind.TRANSFORM and step.by_period]


def by_step(step: CompiledStep) -> set[str]:
    """The periods that a step could make now, for everything it reads is there, and that its dataset has not."""
    environment = mapping.production()
    inputs = list(Dataset.objects.filter(name__in=step.inputs))
    by_period = [dataset for dataset in inputs if planning.reads_period(step, dataset)]
    if not by_period or len(mapping.current(environment, inputs)) < len(step.inputs):
        return set()
    there = set.intersection(*(_periods(dataset, step.period) for dataset in by_period))
    return there - mapping.periods(environment, Dataset.objects.get(name=step.dataset))


def periods(recipe: Compiled, kind: PeriodKind) -> list[str]:
    """The periods of this kind that have come and that the pipeline's own datasets have not, oldest first."""
    found = come(recipe, kind)
    if kind is PeriodKind.NONE:
        return found
    targets = [step.dataset for step in incremental(recipe) if step.period is kind]
    made = [mapping.periods(mapping.production(), one) for one in Dataset.objects.filter(name__in=targets)]
    return [period for period in found if not all(period in periods for periods in made)]


def come(recipe: Compiled, kind: PeriodKind) -> list[str]:
    """The periods of this kind that have come for a step, oldest first; where nothing waits for its other inputs, only
    those of which a step has everything.
    """
    if kind is PeriodKind.NONE:
        return [""]
    whole = not starting.holds_back(recipe)
    outside = set(recipe.external) if whole else {*recipe.external, *starting.readable(recipe.steps)}
    datasets = {dataset.name: dataset for dataset in Dataset.objects.filter(name__in=outside)}
    present = mapping.current(mapping.production(), list(datasets.values()))
    found: set[str] = set()
    for step in incremental(recipe):
        if step.period is kind:
            read = [datasets[name] for name in step.inputs if name in datasets]
            if not (whole and any(one.pk not in present for one in read)):
                found |= _of_step(step, read, whole=whole)
    return sorted(found)


def _of_step(step: CompiledStep, read: Iterable[Dataset], *, whole: bool) -> set[str]:
    sets = [_periods(one, step.period) for one in read if planning.reads_period(step, one)]
    if not sets:
        return set()
    return set.intersection(*sets) if whole else set.union(*sets)


def _periods(dataset: Dataset, kind: PeriodKind) -> set[str]:
    """The periods of a dataset as those of a longer kind that they belong to."""
    return {starting.widened(period, kind) for period in mapping.periods(mapping.production(), dataset)}


def touched(recipe: Compiled, dataset: Dataset, period: str) -> list[str] | None:
    """The periods of a pipeline that one period of an input belongs to; none where it belongs to no particular one."""
    known = starting.kinds(recipe)
    if not period or dataset.period_kind == PeriodKind.NONE:
        return None
    reads = {step.period for step in incremental(recipe) if dataset.name in step.inputs}
    longer = [kind for kind in known if kind in reads and starting.finer(dataset.period_kind, kind)]
    same = [kind for kind in known if kind == dataset.period_kind]
    found = [starting.widened(period, kind) for kind in [*same, *longer]]
    return found or None
