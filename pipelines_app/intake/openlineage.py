"""What other tools tell of their runs: recorded once, and a dataset that one completes starts who listens to it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from pipelines_app import events
from pipelines_app.errors import ArrivalRefused
from pipelines_app.facts_outside import ForeignCompleted
from pipelines_app.intake import payloads, readiness, runevents
from pipelines_app.intake.runevents import RunEvent, StaticEvent
from pipelines_app.lineage import naming, telling
from pipelines_app.lineage.declaring import End
from pipelines_app.lineage.naming import Name
from pipelines_app.lineage.telling import Job, Told
from pipelines_app.models import (
    ForeignDataset,
    ForeignEvent,
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
    """What became of an event: its run if it is of one, whether it came before, for how many pipelines it counts."""

    run: ForeignRun | None
    repeated: bool
    started: int


@transaction.atomic
def record(event: RunEvent | StaticEvent, *, team: Team, sender: str, now: datetime) -> Recorded:
    """Record what another tool says of its runs, jobs and datasets; the same again changes nothing.

    Whatever order events come in, the same is left in the end. Of those that tell how a run goes on, each that names
    another output counts.
    """
    if isinstance(event, StaticEvent):
        return _static(event, team, sender)
    run = _run(event, team, sender, now)
    told_before = not _keep(event, team, sender, run)
    _, fresh = ForeignTold.objects.get_or_create(run=run, kind=event.kind, defaults={"at": event.at})
    before = _written(run)
    if told_before:
        return Recorded(run=run, repeated=True, started=0)
    _follow(run, event, now)
    _tell(run, team)
    if not fresh and (event.kind not in GOING_ON or _named(event) <= before):
        return Recorded(run=run, repeated=True, started=0)
    started = _complete(run, event, sender, before) if run.state == ForeignRunState.COMPLETE else 0
    ForeignTold.objects.filter(run=run, kind=event.kind).update(started=started)
    return Recorded(run=run, repeated=False, started=started)


def _keep(event: RunEvent | StaticEvent, team: Team, sender: str, run: ForeignRun | None) -> bool:
    """Keep an event as it came; False if it has come before."""
    text = json.dumps(event.payload, sort_keys=True, separators=(",", ":"))
    kept = {"run": run, "body": event.payload, "sender": sender[:200]}
    digest = hashlib.sha256(text.encode()).hexdigest()
    return ForeignEvent.objects.get_or_create(team=team, digest=digest, defaults=kept)[1]


def _static(event: StaticEvent, team: Team, sender: str) -> Recorded:
    """What is said of a job holds from its moment on, as if a run of it had ended well then."""
    if not _keep(event, team, sender, None):
        return Recorded(run=None, repeated=True, started=0)
    ends = _ends(team, [event])
    if event.job:
        job = Job(team=team, namespace=event.namespace, name=event.job)
        telling.tell(job, at=event.at, links=_pairs([event], ends), edges=_edges([event], ends))
    return Recorded(run=None, repeated=False, started=0)


def _tell(run: ForeignRun, team: Team) -> None:
    """What all events of a run say together: datasets always, what is made from what once it has ended well."""
    said = [runevents.event_of(body) for body in run.events.order_by("pk").values_list("body", flat=True)]
    events_of_run = [one for one in said if isinstance(one, RunEvent)]
    ends = _ends(team, events_of_run)
    ended = sorted({one.at for one in events_of_run if one.kind == ForeignRunState.COMPLETE})
    job = Job(team=team, namespace=run.namespace, name=run.job)
    for moment in dict.fromkeys([*ended[:1], *ended[-1:]]):
        telling.tell(job, at=moment, links=_pairs(events_of_run, ends), edges=_edges(events_of_run, ends))


Said = Sequence[RunEvent | StaticEvent]


def _ends(team: Team, said: Said) -> dict[Name, End]:
    """The datasets that events name, under each of their names; in one order: two at once do not lock up."""
    names: dict[Name, set[Name]] = {}
    for event in said:
        for one in (*event.inputs, *event.outputs):
            names.setdefault((one.namespace, one.name), set()).update(one.aliases)
        for fed in event.edges:
            names.setdefault(fed.source, set())
    for name, aliases in sorted(names.items()):
        naming.end(team, name, sorted(aliases))
    found = {name: naming.end(team, name, sorted(aliases)) for name, aliases in sorted(names.items())}
    for event in said:
        for one in (*event.inputs, *event.outputs):
            naming.describe(found[one.namespace, one.name], one.columns, event.at)
    return found


def _pairs(said: Said, ends: Mapping[Name, End]) -> list[tuple[End, End]]:
    inputs = sorted({(one.namespace, one.name) for event in said for one in event.inputs})
    outputs = sorted({(one.namespace, one.name) for event in said for one in event.outputs})
    return [(ends[source], ends[target]) for source in inputs for target in outputs]


def _edges(said: Said, ends: Mapping[Name, End]) -> list[Told]:
    return [
        Told(
            source=ends[fed.source],
            target=ends[fed.target],
            source_column=fed.source_column,
            target_column=fed.target_column,
            kind=fed.kind,
            how=fed.how,
            masked=fed.masked,
        )
        for event in said
        for fed in event.edges
    ]


def _run(event: RunEvent, team: Team, sender: str, now: datetime) -> ForeignRun:
    known = {"namespace": event.namespace, "job": event.job, "producer": event.producer, "sender": sender[:200]}
    run, _ = ForeignRun.objects.get_or_create(
        team=team, run_id=event.run_id, defaults={**known, "state": event.kind, "told_at": now}
    )
    return ForeignRun.objects.select_for_update().get(pk=run.pk)


def _follow(run: ForeignRun, event: RunEvent, now: datetime) -> None:
    """Bring the run to what its events say together; an end stays one, whatever comes late."""
    said = [runevents.event_of(body) for body in run.events.order_by("pk").values_list("body", flat=True)]
    known = sorted((one for one in said if isinstance(one, RunEvent)), key=_rank)
    newest = known[-1]
    if newest.kind in ENDED or run.state not in ENDED:
        run.state = newest.kind
    run.began_at = min((one.at for one in known if one.kind == ForeignRunState.START), default=run.began_at)
    run.ended_at = newest.at if newest.kind in ENDED else run.ended_at
    run.error = next((one.error for one in reversed(known) if one.error), run.error)
    run.told_at = now
    # What a run reads and writes adds up over its events: the last may name no output at all.
    told = {(namespace, name) for namespace, name in run.outputs} | _named(event)
    run.outputs = [list(pair) for pair in sorted(told)]
    run.nominal = run.nominal or _nominal(event)
    run.save()


def _rank(event: RunEvent) -> tuple[bool, datetime, str]:
    return event.kind in ENDED, event.at, event.kind


def _nominal(event: RunEvent) -> str:
    try:
        return payloads.text_at(event.payload, runevents.NOMINAL, "the period")[:100]
    except ArrivalRefused:
        return ""


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
