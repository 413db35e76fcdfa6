"""The end of a step: everything it did becomes visible in one transaction, or none of it does."""

from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from pipelines_app import events, failpoints, locks
from pipelines_app.compiler.compiled import StepKind
from pipelines_app.compiler.definition import Mode, OnChange, PeriodKind
from pipelines_app.engines.base import Written
from pipelines_app.environments import mapping, places
from pipelines_app.environments.mapping import Place
from pipelines_app.errors import LostRace
from pipelines_app.facts import (
    DataQuarantined,
    RunWasPartial,
    StepEnded,
)
from pipelines_app.models import (
    Arrival,
    ArrivalState,
    Dataset,
    DatasetVersion,
    Event,
    Increment,
    Part,
    Reject,
    Run,
    StepRun,
    StepState,
    VersionInput,
    VersionState,
)
from pipelines_app.prepared import Change, Given, Prepared, Several, add
from pipelines_app.quality.gates import Verdict
from pipelines_app.runs import advancing, staging, telling, viewing
from pipelines_app.runs.leases import Claim
from pipelines_app.runs.staging import Staged, Work
from pipelines_app.transactions import persistent


class Fenced(LostRace):
    """The attempt's lease was lost: somebody else has the step, and what this attempt staged is garbage."""

    code = "fenced"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an attempt came to nothing: a kind of error, what happened, and what a person can do."""

    kind: str
    message: str
    todo: str = ""


_run = Prepared(lambda: locks.held(Run.objects.filter(pk=Given("pk"))))
_owner = Prepared(lambda: locks.held(Dataset.objects.only("pipeline").filter(pk=Given("pk"))))


def _held() -> "QuerySet[StepRun]":
    return StepRun.objects.filter(pk=Given("pk"), epoch=Given("epoch"), state=StepState.RUNNING)


_mine = Prepared(lambda: _held().only("pk"))
NOTHING: dict[str, object] = {  # what most ends of a step say nothing of
    **{"rows_in": None, "rows_out": None, "rejected": 0},
    **{"error_kind": "", "error": "", "todo": "", "version": None},
}
_end = Change(_held, lease_until=None, **{name: Given(name) for name in ("state", "finished_at", *NOTHING)})
_settled = Change(
    lambda: Arrival.objects.filter(pk__in=Several("arrivals")),
    **{name: Given(name) for name in ("state", "disposition", "event")},
)


def lock_run(claim: Claim) -> Run:
    """Take the run before its steps, as whoever cancels it does: the other way round they would wait for each other."""
    known, run = claim.step.run, _run.first(pk=claim.step.run_id)
    if run is None:
        raise Fenced(f"{claim.step} is no longer there.")
    run.pipeline, run.environment, run.cause = known.pipeline, known.environment, known.cause
    return run


def close(claim: Claim, state: str, **values: object) -> None:
    """Write a step's end if the claim still holds; this is the only place where a running step ends.

    Its run is locked before, by `lock_run`.
    """
    ended = {"state": state, "finished_at": timezone.now()} | NOTHING | values
    if not _end.make(pk=claim.step.pk, epoch=claim.epoch, **ended):
        raise Fenced(f"{claim.step} is no longer held by {claim.owner} at epoch {claim.epoch}.")


@persistent
@transaction.atomic
def publish(staged: Staged, verdict: Verdict) -> None:
    """Publish a staged version, or quarantine it if its gate does not admit it; raises Fenced if the claim was lost."""
    claim = staged.work.claim
    run = lock_run(claim)
    if _mine.first(pk=claim.step.pk, epoch=claim.epoch) is None:  # before anything is written; `close` decides
        raise Fenced(f"{claim.step} is no longer held by {claim.owner} at epoch {claim.epoch}.")
    gone = _gone_elsewhere(claim)
    if gone:
        fail(claim, gone)
        return
    tell_partial(run, staged.work)
    work = staged.work
    place = mapping.place(run.environment, claim.step.dataset_id, mode=work.mode, period=run.period, origin=work.origin)
    if work.base is not None and work.base.version != place.version:
        raise LostRace(f"{claim.step.dataset} was published by somebody else meanwhile.")
    stale = _stale(staged)
    place = replace(place, kept=place.kept - sum(part.rows for part in stale))
    version = _write_version(staged, place, published=verdict.admits)
    if stale and verdict.admits:
        mapping.leave_out(stale, version)
    if not verdict.admits:
        state, error = StepState.QUARANTINED, verdict.because
    else:
        state, error = (StepState.WARNED if verdict.warns else StepState.SUCCEEDED), verdict.because
    close(
        claim,
        state,
        rows_in=staged.work.rows_in,
        rows_out=staged.written.rows,
        rejected=staged.rejected,
        error=error,
        todo=verdict.todo,
        version=version.pk,
    )
    event = telling.tell(staged, version, verdict, before=place.version)
    _settle_arrivals(staged, verdict, event)
    advancing.advance(run, claim.step, state, cause=event)
    failpoints.reach("before_commit")


def tell_partial(run: Run, work: Work) -> None:
    """A run that reads what was made with a part is partial itself, and says so once."""
    if not work.lacks or run.partial:
        return
    run.partial = True
    Run.objects.filter(pk=run.pk).update(partial=True)
    fact = RunWasPartial(run=run.pk, pipeline=run.pipeline.name, period=run.period, lacks=work.lacks)
    events.record(fact, cause=run.cause)


def _stale(staged: Staged) -> list[Part]:
    """What was written with other columns, where it is to be made anew; what this version replaces is not among it."""
    work = staged.work
    if work.step.policy is not OnChange.REBUILD or work.mode is Mode.REPLACE:
        return []
    found = mapping.unlike(work.claim.step.run.environment, work.claim.step.dataset_id, work.step.columns)
    if work.mode is Mode.PARTITION:
        return [part for part in found if part.period != work.claim.step.run.period]
    return [part for part in found if part.origin != work.origin]


def _gone_elsewhere(claim: Claim) -> Failure | None:
    """Why a step may not publish: since the run began its dataset has gone over to another pipeline, or to none."""
    dataset = _owner.first(pk=claim.step.dataset_id)
    if dataset is not None and dataset.pipeline_id == claim.step.run.pipeline_id:
        return None
    mine = claim.step.run.pipeline.name
    return Failure(
        kind="ownership",
        message=f"{claim.step.dataset.name} is no longer made by {mine}: nothing was published.",
        todo="Nothing, if that was meant. Otherwise let this pipeline make the dataset again, then run it.",
    )


def _write_version(staged: Staged, place: Place, *, published: bool) -> DatasetVersion:
    work, written = staged.work, staged.written
    step, run = work.claim.step, work.claim.step.run
    version = DatasetVersion(
        dataset=step.dataset,
        environment=run.environment,
        number=place.number if published else None,
        state=VersionState.PUBLISHED if published else VersionState.QUARANTINED,
        step_run=step,
        period=_period(work),
        columns=mapping.stored_columns(written.columns),
        rows=written.rows,
        bytes=written.bytes,
        total_rows=place.kept + written.rows,
        rejected=staged.rejected,
        fingerprint=written.fingerprint,
        run_key=work.run_key,
        lacks=work.lacks,
        expands=viewing.stored(staged.view) if staged.view is not None else None,
    )
    add([version])
    _write_parts(version, staged, published=published)
    add([VersionInput(version=version, read=read) for read in work.reads])
    add(
        [
            Reject(
                step_run=step,
                file=reject.file[:300],
                line=reject.line,
                column=reject.column[:255],
                kind=reject.kind[:40],
                message=reject.message,
                text=reject.text,
            )
            for reject in staged.rejects
        ]
    )
    return version


def _write_parts(version: DatasetVersion, staged: Staged, *, published: bool) -> None:
    """What a version is kept in: a file or table, the rows that it is built on, or nothing, if it is a view."""
    work, written = staged.work, staged.written
    if staged.brought is not None and published:
        _write_increment(version, staged.brought, work)
    if staged.view is not None:
        return
    engine, path = places.stored(written.path)
    part = Part(
        version=version,
        dataset=version.dataset,
        environment=version.environment,
        period=version.period,
        engine=engine,
        path=path,
        rows=written.rows,
        bytes=written.bytes,
        origin=work.origin if work.mode is Mode.APPEND else "",
        since=version.number,
    )
    add([part])


def _write_increment(version: DatasetVersion, written: Written, work: Work) -> None:
    engine, path = places.stored(written.path)
    Increment.objects.create(
        version=version,
        dataset=version.dataset,
        environment=version.environment,
        period=work.claim.step.run.period if work.step.by_period else "",
        origin=work.origin,
        engine=engine,
        path=path,
        columns=mapping.stored_columns(written.columns),
        rows=written.rows,
        bytes=written.bytes,
    )


def _period(work: Work) -> str:
    """The period a version is of: none for what is made or added as a whole, unless its readers look for one."""
    is_made = work.step.kind is StepKind.TRANSFORM
    is_whole = (work.mode is Mode.REPLACE or is_made) and work.step.shown_by is PeriodKind.NONE
    return "" if is_whole else work.claim.step.run.period


def _settle_arrivals(staged: Staged, verdict: Verdict, event: Event) -> None:
    run = staged.work.claim.step.run
    if verdict.admits:
        aside = f", {staged.rejected:,} set aside" if staged.rejected else ""
        said = f"consumed by run {run.pk}: {staged.written.rows:,} rows{aside}"
        settle(staged.work, ArrivalState.CONSUMED, said, event)
    else:
        settle(staged.work, ArrivalState.QUARANTINED, f"run {run.pk}: {verdict.because}", event)


def settle(work: Work, state: str, said: str, event: Event) -> None:
    """Write down what became of the arrivals that a load took, and of those that a newer one has replaced."""
    ends = [(work.arrivals, state, said)]
    for double in work.doubles:
        same = f"the same content as arrival {double.twin}: one effect is enough"
        ends.append(((double.arrival,), ArrivalState.DUPLICATE, same))
    if work.superseded:
        newer = f"arrival {work.arrivals[-1].pk} for the same period came after it"
        ends.append((work.superseded, ArrivalState.SUPERSEDED, newer))
    for arrivals, became, because in ends:
        if arrivals:
            pks = [arrival.pk for arrival in arrivals]
            _settled.make(arrivals=pks, state=became, disposition=because[:500], event=event.pk)


@persistent
@transaction.atomic
def refuse(claim: Claim, failure: Failure) -> None:
    """Quarantine what came in because it cannot be read at all; readers keep the last good version."""
    run, dataset = lock_run(claim), claim.step.dataset
    _owner.first(pk=dataset.pk)  # what is told of a dataset is told by one at a time: the alerts count on it
    close(
        claim,
        StepState.QUARANTINED,
        error_kind=failure.kind,
        error=failure.message,
        todo=failure.todo,
    )
    fact = DataQuarantined(
        run=run.pk, pipeline=run.pipeline.name, dataset=dataset.name, period=run.period, because=failure.message
    )
    event = events.record(fact, cause=run.cause)
    settle(staging.gather(claim), ArrivalState.QUARANTINED, f"run {run.pk}: {failure.message}", event)
    advancing.advance(run, claim.step, StepState.QUARANTINED, cause=event)


@persistent
@transaction.atomic
def fail(claim: Claim, failure: Failure) -> None:
    """End a step that failed for good."""
    run, dataset = lock_run(claim), claim.step.dataset
    close(claim, StepState.FAILED, error_kind=failure.kind, error=failure.message, todo=failure.todo)
    fact = StepEnded(
        run=run.pk,
        pipeline=run.pipeline.name,
        dataset=dataset.name,
        state=StepState.FAILED,
        because=failure.message,
    )
    advancing.advance(run, claim.step, StepState.FAILED, cause=events.record(fact, cause=run.cause))
