"""What other tools tell of their runs: recorded once, and a dataset that one completes starts who listens to it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from pipelines_app import events
from pipelines_app.errors import ArrivalRefused
from pipelines_app.facts_outside import ForeignCompleted
from pipelines_app.intake import payloads, readiness, runevents
from pipelines_app.intake.runevents import Named, RunEvent
from pipelines_app.lineage import telling
from pipelines_app.lineage.telling import Job
from pipelines_app.models import (
    ForeignDataset,
    ForeignEdge,
    ForeignRun,
    ForeignRunState,
    ForeignTold,
    Listener,
    Team,
)
from pipelines_app.runs import planning

ENDED = {ForeignRunState.COMPLETE, ForeignRunState.ABORT, ForeignRunState.FAIL}
GOING_ON = {ForeignRunState.RUNNING, ForeignRunState.OTHER}


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What became of an event: its run, whether it had come before, and for how many pipelines it counts."""

    run: ForeignRun
    repeated: bool
    started: int


@transaction.atomic
def record(event: RunEvent, *, team: Team, sender: str, now: datetime) -> Recorded:
    """Record what another tool says of one of its runs; the same kind of event of it again changes nothing.

    Of those that tell how a run goes on, each that names another output counts.
    """
    run = _run(event, team, sender, now)
    _, fresh = ForeignTold.objects.get_or_create(run=run, kind=event.kind, defaults={"at": event.at})
    before = _written(run)
    if not fresh and (event.kind not in GOING_ON or _named(event) <= before):
        return Recorded(run=run, repeated=True, started=0)
    _follow(run, event, now)
    inputs, outputs = _datasets(event.inputs, team), _datasets(event.outputs, team)
    edges = [ForeignEdge(source=source, target=target, run=run) for source in inputs for target in outputs]
    if event.kind == ForeignRunState.COMPLETE:
        job = Job(team=team, namespace=run.namespace, name=run.job)
        telling.tell(job, at=event.at, links=[(source, target) for source in inputs for target in outputs])
    # The newest run that tells of an edge holds it: an old one can then be forgotten.
    ForeignEdge.objects.bulk_create(
        edges, update_conflicts=True, update_fields=["run"], unique_fields=["source", "target"]
    )
    started = _complete(run, event, sender, before) if run.state == ForeignRunState.COMPLETE else 0
    ForeignTold.objects.filter(run=run, kind=event.kind).update(started=started)
    return Recorded(run=run, repeated=False, started=started)


def _run(event: RunEvent, team: Team, sender: str, now: datetime) -> ForeignRun:
    known = {"namespace": event.namespace, "job": event.job, "producer": event.producer, "sender": sender[:200]}
    run, _ = ForeignRun.objects.get_or_create(
        team=team, run_id=event.run_id, defaults={**known, "state": event.kind, "told_at": now}
    )
    return ForeignRun.objects.select_for_update().get(pk=run.pk)


def _follow(run: ForeignRun, event: RunEvent, now: datetime) -> None:
    """Bring the run to what it says it is; what has ended stays so, whatever comes late."""
    if run.state not in ENDED:
        run.state = event.kind
    if event.kind == ForeignRunState.START:
        run.began_at = event.at
    if event.kind in ENDED and run.ended_at is None:
        run.ended_at = event.at
    run.error = event.error or run.error
    run.told_at = now
    # What a run reads and writes adds up over its events: the last may name no output at all.
    known = [*run.outputs, *[[one.namespace, one.name] for one in event.outputs]]
    run.outputs = [list(pair) for pair in dict.fromkeys((namespace, name) for namespace, name in known)]
    run.nominal = run.nominal or _nominal(event)
    run.save()


def _nominal(event: RunEvent) -> str:
    try:
        return payloads.text_at(event.payload, runevents.NOMINAL, "the period")[:100]
    except ArrivalRefused:
        return ""


def _datasets(named: tuple[Named, ...], team: Team) -> list[ForeignDataset]:
    """The rows of these datasets, with the columns that were last told."""
    found = []
    for one in sorted(named, key=lambda one: (one.namespace, one.name)):  # in one order: two at once do not lock up
        columns = {"columns": [{"name": name, "type": kind} for name, kind in one.columns]} if one.columns else {}
        row, _ = ForeignDataset.objects.update_or_create(
            team=team, namespace=one.namespace, name=one.name, defaults=columns
        )
        found.append(row)
    return found


def _named(event: RunEvent) -> set[tuple[str, str]]:
    return {(one.namespace, one.name) for one in event.outputs}


def _written(run: ForeignRun) -> set[tuple[str, str]]:
    return {(namespace, name) for namespace, name in run.outputs}


def _complete(run: ForeignRun, event: RunEvent, sender: str, before: set[tuple[str, str]]) -> int:
    """Record one fact for every pipeline of the team that listens to something the run has written.

    An event that comes after the run's end, as its START may, counts for the outputs that only it names.
    """
    written = _written(run) - (before if event.kind != ForeignRunState.COMPLETE else set())
    for namespace, name in written:
        rows = ForeignDataset.objects.filter(team=run.team, namespace=namespace, name=name)
        rows.update(completed_at=run.ended_at)
    listening = Listener.objects.filter(pipeline__team=run.team, namespace__in={namespace for namespace, _ in written})
    started = 0
    for listener in listening.select_related("pipeline").order_by("pipeline", "id"):
        if (listener.namespace, listener.dataset) in written:
            events.record(_fact(listener, run, event), actor=sender[:200])
            started += 1
    return started


def _fact(listener: Listener, run: ForeignRun, event: RunEvent) -> ForeignCompleted:
    period, fault = "", ""
    try:
        period = _period(listener, run, event)
    except ArrivalRefused as refusal:
        fault = refusal.message
    return ForeignCompleted(
        pipeline=listener.pipeline.name,
        period=period,
        namespace=listener.namespace,
        name=listener.dataset,
        job=run.job,
        run_id=str(run.run_id),
        fault=fault,
    )


def _period(listener: Listener, run: ForeignRun, event: RunEvent) -> str:
    """The period of a pipeline that an event stands for; the nominal time may have come with an earlier event."""
    kind = readiness.driving_kind(planning.compiled(listener.pipeline.revision_in_force))
    if listener.pointer == runevents.NOMINAL and run.nominal:
        return payloads.period_in({"nominal": run.nominal}, "/nominal", kind)
    return payloads.period_in(event.payload, listener.pointer, kind)
