"""The promises in force, and what becomes of learned ones, follow what the pipelines' revisions say."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet

from monitoring_app.expectations import policies
from monitoring_app.models import Pledge, Sla
from pipelines_app import singly
from pipelines_app.compiler import cadences, deadlines, target_documents
from pipelines_app.compiler.definition import Definition
from pipelines_app.compiler.targets import USUAL_OBJECTIVE, TargetKind, Window
from pipelines_app.models import Current, Dataset, Pipeline
from pipelines_app.runs import planning

Document = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Given:
    """A promise as a definition gives it."""

    kind: str
    dataset: str
    terms: Document
    sentence: str
    objective: float
    window: str
    seconds: int = 0
    level: float = 0.0
    is_of_source: bool = False


def unread() -> QuerySet[Pipeline]:
    """The pipelines whose promises were read by another revision, or never."""
    other = Q(pledge=None) | ~Q(pledge__revision=F("current"))
    return Pipeline.objects.filter(other, current__isnull=False)


def follow(now: datetime) -> int:
    """Read what new revisions promise; one query where there is none."""
    return singly.each(unread().select_related("current__author").order_by("pk")[:200], lambda one: _follow(one, now))


def _follow(pipeline: Pipeline, now: datetime) -> None:
    definition = planning.compiled(pipeline.revision_in_force).definition
    wanted = {(one.kind, one.dataset): one for one in given(definition)}
    stale = []
    for sla in Sla.objects.in_force().filter(pipeline=pipeline).select_related("dataset"):
        key = (sla.kind, sla.dataset.name if sla.dataset is not None else "")
        if key in wanted and wanted[key].terms == sla.terms:
            del wanted[key]
        else:
            stale.append(sla.pk)
    Sla.objects.filter(pk__in=stale).update(until=now)
    datasets = {one.name: one for one in Dataset.objects.filter(name__in=[name for _, name in wanted])}
    numbers = dict(Current.objects.filter(dataset__in=datasets.values()).values_list("dataset", "version__number"))
    Sla.objects.bulk_create(
        Sla(
            pipeline=pipeline,
            dataset=datasets[one.dataset] if one.dataset else None,
            kind=one.kind,
            terms=one.terms,
            sentence=one.sentence[:500],
            seconds=one.seconds,
            level=one.level,
            objective=one.objective,
            window=one.window,
            is_of_source=one.is_of_source,
            since=now,
            # What readers have already is not judged, but it is where freshness begins.
            seen=_before(one, numbers.get(datasets[one.dataset].pk) if one.dataset else None),
            look_at=now if one.kind == TargetKind.ARRIVAL else None,
        )
        for one in wanted.values()
    )
    author = pipeline.in_force.author
    policies.follow(pipeline, definition, actor=f"user:{author.username}" if author else "platform")
    Pledge.objects.update_or_create(pipeline=pipeline, defaults={"revision_id": pipeline.revision_in_force})


def _before(one: Given, number: int | None) -> int:
    if number is None:
        return 0
    return number - 1 if one.kind == TargetKind.FRESHNESS else number


def given(definition: Definition) -> list[Given]:
    """All that a definition promises: the deadlines of its sources and datasets, and its service levels."""
    by = deadlines.promised_kind(definition.sources)
    arriving = [
        Given(
            kind=TargetKind.ARRIVAL,
            dataset=source.dataset,
            terms=deadlines.dump(source.arrival),
            sentence=f"{source.dataset} comes {cadences.sentence(source.arrival, source.period)}",
            objective=USUAL_OBJECTIVE,
            window=Window.ROLLING,
            is_of_source=True,
        )
        for source in definition.sources
        if source.arrival is not None
    ]
    promised = [
        Given(
            kind=TargetKind.ARRIVAL,
            dataset=promise.dataset,
            terms=deadlines.dump_promise(promise),
            sentence=f"{promise.dataset} is published {cadences.sentence(promise.deadline, by)}",
            objective=promise.objective,
            window=promise.window,
        )
        for promise in definition.promises
    ]
    levels = [
        Given(
            kind=target.kind,
            dataset=target.dataset,
            terms=target_documents.dump(target),
            sentence=target_documents.sentence(target),
            objective=target.objective,
            window=target.window,
            seconds=target.seconds,
            level=target.level,
        )
        for target in definition.targets
    ]
    return [*arriving, *promised, *levels]
