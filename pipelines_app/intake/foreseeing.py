"""What an arrival feeds, how long that usually takes, and what can no longer be published in time without it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings

from pipelines_app import events, singly
from pipelines_app.compiler import cadences, deadlines, periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.facts_expected import SlotPutAtRisk
from pipelines_app.models import Dataset, Event, Pipeline, Slot, Trigger, TriggerKind
from pipelines_app.runs import planning, standing

MOST_PIPELINES = 200
AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A dataset downstream of an arrival: the pipelines on the longest way there, the first one first."""

    dataset: str
    way: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A promised dataset downstream: by when, by which pipeline, and how long it usually takes to get there."""

    dataset: str
    pipeline: str
    due_at: datetime
    seconds: float

    @property
    def last_call(self) -> datetime:
        """The last moment at which what it waits for may come."""
        return self.due_at - timedelta(seconds=self.seconds)


class Flow:
    """What starts what, and what that usually takes: read once, for however many arrivals are asked about."""

    def __init__(self) -> None:
        self._reached: dict[str, list[Reached]] = {}
        self._usual: dict[int, float] = {}

    @cached_property
    def pipelines(self) -> dict[int, Pipeline]:
        """Those with a revision in force."""
        return {one.pk: one for one in Pipeline.objects.exclude(current=None).only("pk", "name", "current")}

    @cached_property
    def _starts(self) -> dict[str, list[int]]:
        """By dataset, the pipelines that its publication starts."""
        found: dict[str, list[int]] = defaultdict(list)
        triggers = Trigger.objects.filter(kind=TriggerKind.DATASET, pipeline__current__isnull=False)
        for name, pipeline in triggers.order_by("pipeline").values_list("dataset__name", "pipeline"):
            found[name].append(pipeline)
        return found

    def targets(self, dataset: Dataset, period: str) -> list[Target]:
        """What is promised downstream of an arrival, in the order in which it would be at risk."""
        promised = self._promised(dataset)
        self._measure(pk for one in promised for pk in one.way)
        found = [self._target(one, dataset, period) for one in promised]
        return sorted((one for one in found if one is not None), key=lambda one: one.last_call)

    def measure(self, datasets: Iterable[Dataset]) -> None:
        """Look up at once what all that is promised downstream of these usually takes."""
        self._measure(pk for dataset in datasets for one in self._promised(dataset) for pk in one.way)

    def _measure(self, pipelines: Iterable[int]) -> None:
        unknown = sorted(set(pipelines) - self._usual.keys())
        for start in range(0, len(unknown), AT_ONCE):
            self._usual |= usual_seconds([self.pipelines[pk] for pk in unknown[start : start + AT_ONCE]])

    def _promised(self, dataset: Dataset) -> list[Reached]:
        if dataset.pipeline_id not in self.pipelines:
            return []
        reached = self.downstream(dataset.name, self.pipelines[dataset.pipeline_id])
        return [one for one in reached if one.dataset in _promises(self.pipelines[one.way[-1]].current_id or 0)]

    def _target(self, one: Reached, dataset: Dataset, period: str) -> Target | None:
        pipeline = self.pipelines[one.way[-1]]
        due = _due(pipeline.current_id or 0, one.dataset, PeriodKind(dataset.period_kind), period)
        if due is None:
            return None
        seconds = sum(self._usual[pk] for pk in one.way)
        return Target(dataset=one.dataset, pipeline=pipeline.name, due_at=due, seconds=seconds)

    def downstream(self, source: str, pipeline: Pipeline) -> list[Reached]:
        """Everything made from a source, here and in the pipelines that its publications start, by the longest way."""
        if source not in self._reached:
            self._reached[source] = self._follow(source, pipeline)
        return self._reached[source]

    def _follow(self, source: str, pipeline: Pipeline) -> list[Reached]:
        reached: dict[str, Reached] = {source: Reached(dataset=source, way=(pipeline.pk,))}
        wave = [pipeline]
        for _ in range(MOST_PIPELINES):
            for one in wave:
                _spread(one, reached)
            wave = self._started(wave, reached)
            if not wave:
                break
        return [one for name, one in reached.items() if name != source]

    def _started(self, wave: Sequence[Pipeline], reached: dict[str, Reached]) -> list[Pipeline]:
        """The pipelines that start when one of these publishes something that is reached."""
        these = {pipeline.pk for pipeline in wave}
        made = [name for name, one in reached.items() if one.way[-1] in these]
        following = {pk for name in made for pk in self._starts[name]} - these
        return [self.pipelines[pk] for pk in sorted(following)[:MOST_PIPELINES]]


def risk_at(
    dataset: Dataset, period: str, *, after: datetime | None = None, flow: Flow | None = None
) -> datetime | None:
    """From when on something promised downstream cannot be met any more if nothing comes; None if nothing is."""
    calls = [target.last_call for target in (flow or Flow()).targets(dataset, period)]
    return min((call for call in calls if after is None or call > after), default=None)


def targets(dataset: Dataset, period: str) -> list[Target]:
    """What is promised downstream of an arrival, in the order in which it would be at risk."""
    return Flow().targets(dataset, period)


def _promises(revision: int) -> frozenset[str]:
    return frozenset(promise.dataset for promise in planning.compiled(revision).definition.promises)


def _due(revision: int, dataset: str, kind: PeriodKind, period: str) -> datetime | None:
    """By when the data of an arrival's period are promised in a dataset; its promise may count by longer periods."""
    definition = planning.compiled(revision).definition
    deadline = next(promise.deadline for promise in definition.promises if promise.dataset == dataset)
    by = deadlines.promised_kind(definition.sources)
    if kind == PeriodKind.NONE or not periods.is_valid(kind, period):
        return None
    key = period if kind == by else periods.key_of(by, periods.local_start(kind, period))
    return cadences.due_at(deadline, by, key)


def _spread(pipeline: Pipeline, reached: dict[str, Reached]) -> None:
    """Reach the datasets of a pipeline that are made from what is reached; its steps are in order."""
    for step in planning.compiled(pipeline.current_id or 0).steps:
        ways = [reached[name].way for name in step.inputs if name in reached]
        if ways:
            longest = max((way if way[-1] == pipeline.pk else (*way, pipeline.pk) for way in ways), key=len)
            reached[step.dataset] = Reached(dataset=step.dataset, way=longest)


def usual_seconds(pipelines: Sequence[Pipeline]) -> dict[int, float]:
    """How long each pipeline usually runs: the median of its last runs that went well; nothing known counts nothing."""
    runs = standing.last_runs(pipelines) if pipelines else {}
    usual: dict[int, float] = defaultdict(float)
    for pipeline in pipelines:
        usual[pipeline.pk] = standing.usual(runs[pipeline.pk]) or 0.0
    return usual


def tell(slot: Slot, now: datetime) -> None:
    """Record what an open slot puts at risk by now, each once; the slot takes the next such moment."""
    told = Event.objects.filter(kind=SlotPutAtRisk.kind, dataset=slot.dataset.name, period=slot.period)
    before = {body["target"] for body in told.values_list("body", flat=True)}
    for target in targets(slot.dataset, slot.period):
        if target.last_call <= now and target.dataset not in before:
            fact = SlotPutAtRisk(
                dataset=slot.dataset.name,
                period=slot.period,
                slot=slot.pk,
                pipeline=target.pipeline,
                target=target.dataset,
                target_due_at=target.due_at.isoformat(),
                seconds=target.seconds,
            )
            events.record(fact, cause=slot.event)
    slot.risk_at = risk_at(slot.dataset, slot.period, after=now)


def look_again(now: datetime) -> int:
    """Foresee anew what falls due soon: what runs take, and what is promised, may have changed since it was opened.

    However many slots are open, what they feed is read once; says for how many it is another moment by now.
    """
    soon = now + timedelta(days=settings.SLOT_HORIZON_DAYS)
    near = Slot.objects.open().filter(due_at__gt=now - timedelta(days=1), due_at__lte=soon)
    flow, open_now = Flow(), list(near.select_related("dataset"))
    flow.measure({slot.dataset_id: slot.dataset for slot in open_now}.values())
    moments = [(slot, risk_at(slot.dataset, slot.period, flow=flow)) for slot in open_now]
    return singly.each([one for one in moments if one[1] != one[0].risk_at], lambda one: _foresee(*one))


def _foresee(slot: Slot, moment: datetime | None) -> bool:
    seen = Slot.objects.open().filter(pk=slot.pk, next_at=slot.next_at)
    at = min((one for one in (moment, slot.next_at) if one is not None), default=None)
    return bool(seen.update(risk_at=moment, next_at=at))
