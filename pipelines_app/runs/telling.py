"""What an attempt leaves in the event log: what it brought, what its checks said, what became of its version."""

from dataclasses import dataclass

from pipelines_app import events
from pipelines_app.environments import mapping
from pipelines_app.facts import CheckFailed, ChecksHeld, DataQuarantined, DatasetPublished, StepStaged
from pipelines_app.models import Check, CheckResult, DatasetVersion, Event
from pipelines_app.quality import muting
from pipelines_app.quality.gates import Verdict
from pipelines_app.runs.staging import Staged


@dataclass(frozen=True, kw_only=True)
class _Told:
    """One attempt's version with all that is said about it."""

    staged: Staged
    version: DatasetVersion
    verdict: Verdict
    run: int
    pipeline: str
    dataset: str
    period: str
    muted: frozenset[str]

    @property
    def is_muted(self) -> bool:
        """Whether nothing stands against it but checks of which nobody is to hear."""
        blocking = self.verdict.blocking
        return bool(blocking) and all(result.spec.name in self.muted for result in blocking)


def tell(staged: Staged, version: DatasetVersion, verdict: Verdict, *, before: int | None) -> Event:
    """Record the attempt's events and check results, and move the pointer if it is published; gives the last event.

    `before` is the version that readers have seen so far.
    """
    step = staged.work.claim.step
    told = _Told(
        staged=staged,
        version=version,
        verdict=verdict,
        run=step.run_id,
        pipeline=step.run.pipeline.name,
        dataset=step.dataset.name,
        period=step.run.period,
        muted=muting.lasting(step.dataset) if verdict.failed else frozenset(),
    )
    _keep_results(told)
    event = _staged(told, cause=step.run.cause)
    event = _checked(told, cause=event)
    return _published(told, before, cause=event) if verdict.admits else _quarantined(told, cause=event)


def _keep_results(told: _Told) -> None:
    if not told.verdict.results:
        return
    step = told.staged.work.claim.step
    checks = Check.objects.filter(revision=step.run.revision_id, dataset=step.dataset)
    declared = {check.name: check for check in checks}
    CheckResult.objects.bulk_create(
        [
            CheckResult(
                check_made=declared[result.spec.name],
                version=told.version,
                step_run=step,
                passed=result.judgement.passed,
                bad_rows=result.judgement.bad_rows,
                total_rows=result.judgement.total_rows,
                value=_said(result.judgement.value),
                message=result.judgement.message[:1000],
                sample=result.sample,
                muted=not result.judgement.passed and result.spec.name in told.muted,
            )
            for result in told.verdict.results
        ]
    )


def _said(value: object) -> str:
    return "" if value is None else str(value)[:200]


def _staged(told: _Told, *, cause: Event) -> Event:
    fact = StepStaged(
        run=told.run,
        pipeline=told.pipeline,
        dataset=told.dataset,
        rows=told.staged.written.rows,
        rejected=told.staged.rejected,
        bytes=told.staged.written.bytes,
        seconds=told.staged.written.seconds,
        checks_seconds=sum(answer.seconds for answer in told.staged.written.answers),
    )
    return events.record(fact, cause=cause)


def _checked(told: _Told, *, cause: Event) -> Event:
    event = cause
    for result in told.verdict.failed:
        failed = CheckFailed(
            run=told.run,
            pipeline=told.pipeline,
            dataset=told.dataset,
            period=told.period,
            version=told.version.pk,
            check=result.spec.name,
            severity=result.spec.severity,
            message=result.judgement.message,
            muted=result.spec.name in told.muted,
            owner=result.spec.owner,
        )
        event = events.record(failed, cause=event)
    if told.verdict.held:
        held = ChecksHeld(
            run=told.run,
            pipeline=told.pipeline,
            dataset=told.dataset,
            period=told.period,
            version=told.version.pk,
            checks=[result.spec.name for result in told.verdict.held],
        )
        event = events.record(held, cause=event)
    return event


def _quarantined(told: _Told, *, cause: Event) -> Event:
    fact = DataQuarantined(
        run=told.run,
        pipeline=told.pipeline,
        dataset=told.dataset,
        period=told.period,
        because=told.verdict.because,
        version=told.version.pk,
        muted=told.is_muted,
        owner=", ".join(dict.fromkeys(result.spec.owner for result in told.verdict.blocking if result.spec.owner)),
    )
    return events.record(fact, cause=cause)


def _published(told: _Told, before: int | None, *, cause: Event) -> Event:
    fact = DatasetPublished(
        run=told.run,
        pipeline=told.pipeline,
        dataset=told.dataset,
        period=told.version.period,
        version=told.version.pk,
        number=told.version.number or 0,
        rows=told.staged.written.rows,
        backfill=told.staged.work.claim.step.run.backfill_id,
        parameters=told.staged.work.claim.step.run.parameters,
    )
    event = events.record(fact, cause=cause)
    work = told.staged.work
    mapping.point(told.version, mode=work.mode, event=event, before=before, origin=work.origin)
    return event
