"""Slots are opened ahead of time from what pipelines declare, and follow what their revisions declare by now."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db.models import F, Q, QuerySet

from pipelines_app import locks, singly
from pipelines_app.compiler import cadences
from pipelines_app.compiler.definition import ArrivalDeadline, PeriodKind, Source
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import PipelineResumed
from pipelines_app.intake import habits, slots
from pipelines_app.intake.slots import CLOCK, Moments
from pipelines_app.models import Dataset, Event, Habit, Outlook, Pipeline, Revision, Slot
from pipelines_app.models.slots import OPEN
from pipelines_app.runs import planning

FAR = timedelta(days=400)
LOOK_BACK = timedelta(days=60)


def open_ahead(now: datetime) -> int:
    """Open the slots that fall due within the horizon; history from before the deadline was declared is not accused.

    One query where no pipeline has a new revision and none has a period that comes into sight.
    """
    opened: list[str] = []
    singly.each(
        worth_a_look(now).select_related("current", "outlook").order_by("pk"),
        lambda pipeline: opened.extend(_look(pipeline, now)),
    )
    return len(opened)


def worth_a_look(now: datetime) -> QuerySet[Pipeline]:
    """The pipelines that have a new revision, or a period that comes into sight by now."""
    worth = Q(outlook=None) | ~Q(outlook__revision=F("current")) | Q(outlook__look_at__lte=now)
    return Pipeline.objects.filter(worth, paused_at=None, current__isnull=False)


def _look(pipeline: Pipeline, now: datetime) -> list[str]:
    """Open what has come into sight for one pipeline, and say when to look again."""
    _hold_sources(pipeline)
    outlook: Outlook | None = getattr(pipeline, "outlook", None)
    if outlook is None or outlook.revision_id != pipeline.current_id:
        _follow_revision(pipeline)
    until, look_at = now + timedelta(days=settings.SLOT_HORIZON_DAYS), now + FAR
    opened: list[str] = []
    for source, deadline in declared(pipeline):
        opened += _open_source(source, deadline, since=_since(pipeline, source.dataset), until=until)
        ahead = cadences.next_after(deadline, source.period, until, FAR / 10) or until + FAR / 10
        look_at = min(look_at, ahead - (until - now))
    Outlook.objects.update_or_create(
        pipeline=pipeline, defaults={"revision_id": pipeline.revision_in_force, "look_at": look_at}
    )
    return opened


def _hold_sources(pipeline: Pipeline) -> None:
    """Hold all whose slots may be written here, before any of those."""
    expected = Q(name__in=[source.dataset for source, _ in declared(pipeline)])
    former = Q(slots__state__in=OPEN, slots__event__actor=CLOCK) & (Q(pipeline=pipeline) | Q(pipeline=None))
    locks.hold(Dataset.objects.filter(pk__in=Dataset.objects.filter(expected | former).values("pk")))


def declared(pipeline: Pipeline) -> Iterator[tuple[Source, ArrivalDeadline]]:
    """The sources of a pipeline that have a deadline, each with it."""
    for step in planning.compiled(pipeline.revision_in_force).steps:
        if step.source is not None and step.source.arrival is not None:
            yield step.source, step.source.arrival


def _open_source(source: Source, deadline: ArrivalDeadline, *, since: datetime, until: datetime) -> list[str]:
    begin = max(since, until - LOOK_BACK)
    due = dict(cadences.due_between(deadline, source.period, begin, until))
    dataset = Dataset.objects.select_related("pipeline").get(name=source.dataset)
    known = set(Slot.objects.filter(dataset=dataset, period__in=due).values_list("period", flat=True))
    missing = [period for period in due if period not in known]
    habit = Habit.objects.filter(dataset=dataset).first() if missing else None
    for period in missing:
        moments = moments_by(deadline, source.period, due[period], period=period, habit=habit)
        slots.put(dataset, period, moments, actor=CLOCK)
    return missing


def moments_by(
    deadline: ArrivalDeadline, kind: PeriodKind, due: datetime, *, period: str, habit: Habit | None
) -> Moments:
    """When a period usually comes, as declared or else as learned, and when it is due, late and missing."""
    usual = cadences.usual_at(deadline, due)
    if usual is None and habit is not None:
        usual = habits.usual_at(habit, kind, period)
    return Moments(
        expected_at=usual or due,
        due_at=due,
        late_at=due + timedelta(seconds=deadline.grace),
        missing_at=due + timedelta(seconds=deadline.missing_after),
    )


def _since(pipeline: Pipeline, dataset: str) -> datetime:
    """From when on a source's arrivals are expected: since its deadline was declared, or the pipeline resumed."""
    current = pipeline.in_force
    since = _declared_since(current.pk, current.created_at, dataset)
    resumed = Event.objects.filter(kind=PipelineResumed.kind, pipeline=pipeline.name).order_by("-id").first()
    return since if resumed is None else max(since, resumed.at)


@lru_cache(maxsize=1024)
def _declared_since(revision: int, created_at: datetime, dataset: str) -> datetime:
    """When the unbroken chain of revisions that declare a deadline for a source began; revisions never change."""
    last = Revision.objects.get(pk=revision)
    chain = Revision.objects.filter(pipeline=last.pipeline_id, number__lt=last.number).order_by("-number")
    since = created_at
    for at, document in chain.values_list("created_at", "document").iterator(chunk_size=20):
        if "arrival" not in document.get("sources", {}).get(dataset, {}):
            break
        since = at
    return since


def _follow_revision(pipeline: Pipeline) -> None:
    """Keep the slots that the clock opened to what is declared by now: other moments, or none at all."""
    deadlines = {source.dataset: (source, deadline) for source, deadline in declared(pipeline)}
    mine = Q(dataset__pipeline=pipeline) | Q(dataset__pipeline=None)
    clocks = Slot.objects.filter(mine, state__in=OPEN, event__actor=CLOCK).select_related("dataset__pipeline")
    for slot in clocks:
        source, deadline = deadlines.get(slot.dataset.name, (None, None))
        due = cadences.due_at(deadline, source.period, slot.period) if source is not None and deadline else None
        if source is None or deadline is None or due is None:
            by = f"revision {pipeline.in_force.number}" if slot.dataset.pipeline_id else "any pipeline"
            with suppress(IllegalMove):  # it came just now
                slots.waive(slot, reason=f"no longer expected by {by}", actor=CLOCK)
            continue
        habit = Habit.objects.filter(dataset=slot.dataset).first()
        moments = moments_by(deadline, source.period, due, period=slot.period, habit=habit)
        slots.put(slot.dataset, slot.period, moments, actor=CLOCK)
