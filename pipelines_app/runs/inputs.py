"""What a pipeline waits for, for one period: of each input what is wanted, what has come and what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines_app.compiler import cadences, starting
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.definition import ArrivalDeadline, PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.models import Current, Dataset, Part, Slot, SlotState
from pipelines_app.runs.recipes import compiled

FEW = 3
MOST_NAMED = 40


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One input: a whole dataset (no kind), or the periods of it that make up the period waited for."""

    dataset: str
    kind: str
    wanted: int
    come: int
    missing: tuple[str, ...]

    @property
    def is_met(self) -> bool:
        return self.come >= self.wanted

    @property
    def lacks(self) -> str:
        """What is missing, in words."""
        if not self.missing or self.missing == ("",):
            return self.dataset
        named = ", ".join(self.missing[:FEW])
        more = self.wanted - self.come - FEW
        return f"{self.dataset} of {named}{f' and {more:,} more' if more > 0 else ''}"


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """Every condition of one period, and whether enough of them hold."""

    conditions: tuple[Condition, ...]
    needed: int

    @property
    def is_enough(self) -> bool:
        return sum(condition.is_met for condition in self.conditions) >= self.needed

    @property
    def is_whole(self) -> bool:
        return all(condition.is_met for condition in self.conditions)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the period has come: what has no periods is there for every one of them."""
        of_period = [condition for condition in self.conditions if condition.kind]
        return not any(condition.come for condition in of_period or self.conditions)

    @property
    def lacks(self) -> list[str]:
        return [condition.lacks for condition in self.conditions if not condition.is_met]


def weigh(recipe: Compiled, kind: PeriodKind, period: str) -> Weighed:
    """What has come for a period of a pipeline and what is missing; four queries, a few more where days make months."""
    names = starting.awaited(recipe)
    datasets = list(Dataset.objects.filter(name__in=names).select_related("pipeline").order_by("name"))
    parted = {one.pk for one in datasets if _is_parted(recipe, kind, one)}
    there = _there(datasets)
    come = _come([one for one in datasets if one.pk in parted], period)
    waived = _waived([one for one in datasets if one.pk in parted and one.period_kind != kind], period)
    return Weighed(
        conditions=tuple(
            _parted(one, kind, period, come.get(one.pk, set()), waived.get(one.pk, set()))
            if one.pk in parted
            else _whole(one, is_there=one.pk in there)
            for one in datasets
        ),
        needed=starting.needed(recipe),
    )


def _is_parted(recipe: Compiled, kind: PeriodKind, dataset: Dataset) -> bool:
    """Whether a query of this kind of period reads the dataset by period."""
    return any(
        step.period is kind and dataset.name in step.inputs and starting.reads_part(step, dataset.period_kind)
        for step in recipe.steps
    )


def _whole(dataset: Dataset, *, is_there: bool) -> Condition:
    missing = () if is_there else ("",)
    return Condition(dataset=dataset.name, kind="", wanted=1, come=int(is_there), missing=missing)


def _parted(dataset: Dataset, kind: PeriodKind, period: str, come: set[str], waived: set[str]) -> Condition:
    own = PeriodKind(dataset.period_kind)
    every = starting.within(own, period, kind)
    deadlines = deadlines_of(dataset) if len(every) > 1 else []
    wanted = [
        key
        for key in every
        if key in come
        or (key not in waived and all(cadences.is_expected(deadline, own, key) for deadline in deadlines))
    ]
    missing = [key for key in wanted if key not in come]
    return Condition(
        dataset=dataset.name,
        kind=dataset.period_kind,
        wanted=max(len(wanted), 1),
        come=len(wanted) - len(missing),
        missing=tuple(missing[:MOST_NAMED]),
    )


def _there(datasets: Sequence[Dataset]) -> set[int]:
    current = Current.objects.filter(environment=mapping.production(), dataset__in=datasets)
    return set(current.values_list("dataset", flat=True))


def _come(datasets: Sequence[Dataset], period: str) -> dict[int, set[str]]:
    """The periods that readers see, within the period waited for, by dataset."""
    live = Part.objects.live().filter(environment=mapping.production(), dataset__in=datasets)
    return _grouped(live.filter(period__startswith=period).values_list("dataset", "period").distinct())


def _waived(datasets: Sequence[Dataset], period: str) -> dict[int, set[str]]:
    """The periods that somebody has said will never come."""
    if not datasets:
        return {}
    slots = Slot.objects.filter(dataset__in=datasets, period__startswith=period, state=SlotState.WAIVED)
    return _grouped(slots.values_list("dataset", "period"))


def _grouped(pairs: Iterable[tuple[int, str]]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for pk, period in pairs:
        found.setdefault(pk, set()).add(period)
    return found


def deadlines_of(dataset: Dataset, *, depth: int = 8) -> list[ArrivalDeadline]:
    """The deadlines that say which periods of a dataset are to come: its own, or those of what it is made from."""
    pipeline = dataset.pipeline
    if pipeline is None or pipeline.current_id is None or not depth:
        return []
    step = next((one for one in compiled(pipeline.current_id).steps if one.dataset == dataset.name), None)
    if step is None:
        return []
    if step.source is not None:
        return [step.source.arrival] if step.source.arrival is not None else []
    made_from = Dataset.objects.filter(name__in=step.inputs, period_kind=step.period).select_related("pipeline")
    return [deadline for one in made_from for deadline in deadlines_of(one, depth=depth - 1)]


def kind_of(recipe: Compiled, period: str) -> PeriodKind:
    """The kind of a period for which a pipeline runs."""
    found = [kind for kind in starting.kinds(recipe) if starting.LENGTH[kind] == len(period)]
    return found[0] if found else PeriodKind.NONE
