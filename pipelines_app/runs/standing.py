"""How pipelines stand: their last runs, what they usually take, how fresh they are. Five queries for any number."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from statistics import median

from django.db.models import Max, OuterRef, Q, Subquery

from pipelines_app.models import Current, Edge, Pipeline, Run, RunState, Slot
from pipelines_app.models.runs import IDLE

LAST = 20
_SHOWN = ("pk", "pipeline", "state", "idle", "period", "created_at", "started_at", "finished_at")
GOOD_ENDS = frozenset({RunState.SUCCEEDED, RunState.WARNED})


@dataclass(frozen=True, kw_only=True)
class LastRun:
    """One of a pipeline's last runs, as much of it as a bar shows."""

    pk: int
    state: str
    period: str
    seconds: float | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One pipeline now; `runs` are oldest first, `usual` is the median length in seconds of those that went well."""

    pipeline: Pipeline
    state: str
    runs: tuple[LastRun, ...]
    usual: float | None
    fresh_at: datetime | None
    reads: tuple[str, ...]
    makes: tuple[str, ...]


def standings(pipelines: Sequence[Pipeline]) -> list[Standing]:
    """How each of the pipelines stands, in the order given."""
    runs = last_runs(pipelines)
    fresh = _fresh(pipelines)
    late = set(
        Slot.objects.overdue()
        .filter(dataset__pipeline__in=pipelines)
        .values_list("dataset__pipeline", flat=True)
        .distinct()
    )
    ends = _ends(pipelines)
    return [
        Standing(
            pipeline=pipeline,
            state=state_of(pipeline, runs[pipeline.pk], is_late=pipeline.pk in late),
            runs=tuple(runs[pipeline.pk]),
            usual=usual(runs[pipeline.pk]),
            fresh_at=fresh.get(pipeline.pk),
            reads=ends[pipeline.pk][0],
            makes=ends[pipeline.pk][1],
        )
        for pipeline in pipelines
    ]


def last_runs(pipelines: Sequence[Pipeline]) -> dict[int, list[LastRun]]:
    """The last runs of each pipeline by its id, oldest first."""
    found: dict[int, list[LastRun]] = defaultdict(list)
    if not pipelines:
        return found
    rows = Run.objects.filter(reduce(or_, _since(pipelines)))
    for run in rows.order_by("id").only(*_SHOWN):
        last = LastRun(pk=run.pk, state=run.shown_state, period=run.period, seconds=seconds_of(run), at=run.created_at)
        found[run.pipeline_id].append(last)
    return found


def _since(pipelines: Sequence[Pipeline]) -> list[Q]:
    """Per pipeline the runs from the twentieth newest on: a few steps in an index each, however many runs there are."""
    newest = Run.objects.filter(pipeline=OuterRef("pk")).order_by("-id").values("id")
    known = Pipeline.objects.filter(pk__in=[pipeline.pk for pipeline in pipelines])
    floors = known.annotate(floor=Subquery(newest[LAST - 1 : LAST])).values_list("pk", "floor")
    return [Q(pipeline=pk, id__gte=floor or 0) for pk, floor in floors]


def seconds_of(run: Run) -> float | None:
    """How long a run took, or nothing while it is not over."""
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()


def usual(runs: Iterable[LastRun]) -> float | None:
    """The median length of the runs that went well."""
    lengths = [run.seconds for run in runs if run.state in GOOD_ENDS and run.seconds is not None]
    return median(lengths) if lengths else None


def state_of(pipeline: Pipeline, runs: Sequence[LastRun], *, is_late: bool) -> str:
    """The one word for a pipeline: what holds it, else what it does, else what it lacks, else how it last ended."""
    states = [run.state for run in runs]
    for live in (RunState.RUNNING, RunState.QUEUED):
        if live in states:
            return "paused" if pipeline.paused_at and live is RunState.QUEUED else str(live)
    if pipeline.paused_at:
        return "paused"
    if is_late:
        return "late"
    told = [state for state in states if state != IDLE] or states  # who found nothing to do changed nothing
    return told[-1] if told else "waiting"


def _fresh(pipelines: Sequence[Pipeline]) -> dict[int, datetime]:
    """When the newest version that readers see was published, by pipeline."""
    pointers = Current.objects.filter(dataset__pipeline__in=pipelines)
    rows = pointers.values("dataset__pipeline").annotate(at=Max("version__created_at"))
    return {row["dataset__pipeline"]: row["at"] for row in rows}


Ends = tuple[tuple[str, ...], tuple[str, ...]]


def _ends(pipelines: Sequence[Pipeline]) -> dict[int, Ends]:
    """What each pipeline reads first and what it makes last, by the lineage of its current revision."""
    revisions = {pipeline.current_id: pipeline.pk for pipeline in pipelines if pipeline.current_id}
    pairs = Edge.objects.filter(revision__in=revisions).values_list("revision", "source__name", "target__name")
    sources: dict[int, set[str]] = defaultdict(set)
    targets: dict[int, set[str]] = defaultdict(set)
    for revision, source, target in pairs.distinct():
        sources[revisions[revision]].add(source)
        targets[revisions[revision]].add(target)
    return {
        pipeline.pk: (
            tuple(sorted(sources[pipeline.pk] - targets[pipeline.pk])),
            tuple(sorted(targets[pipeline.pk] - sources[pipeline.pk])),
        )
        for pipeline in pipelines
    }
