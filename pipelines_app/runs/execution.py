"""One attempt of one step: claim, gather, produce, judge, publish."""

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pipelines_app import events, lake, wake
from pipelines_app.compiler import codec
from pipelines_app.compiler.binding import bind_period
from pipelines_app.compiler.compiled import StepKind
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.engines.base import Limits
from pipelines_app.errors import EngineError
from pipelines_app.facts import StepRetried
from pipelines_app.models import StepRun, StepState
from pipelines_app.quality import gates
from pipelines_app.quality.gates import Staging
from pipelines_app.runs import leases, publishing, staging
from pipelines_app.runs.leases import Claim
from pipelines_app.runs.publishing import Failure, Fenced
from pipelines_app.runs.staging import Staged, Work

logger = logging.getLogger(__name__)


def execute(pk: int, owner: str) -> None:
    """Do a step if it is ready and nobody else has it; every way it can end is written before this returns."""
    claim = leases.claim(pk, owner)
    if claim is None:
        return
    try:
        _attempt(claim)
    except Fenced as lost:
        logger.warning("fenced: %s", lost, extra={"step": pk, "epoch": claim.epoch})
    except EngineError as error:
        _came_to_nothing(claim, error)
    except Exception as error:
        logger.exception("step failed in the platform itself", extra={"step": pk})
        _came_to_nothing(claim, EngineError(f"{type(error).__name__} in the platform", kind="platform"))


def _attempt(claim: Claim) -> None:
    work = staging.gather(claim)
    twin = staging.reusable(work)
    if twin is not None:
        publishing.reuse(work, twin)
        return
    limits = _limits(claim)
    staged = _produce(work, limits)
    verdict = gates.judge(_for_the_gate(staged), limits, as_of=timezone.now())
    publishing.publish(staged, verdict)


def _for_the_gate(staged: Staged) -> Staging:
    step_run = staged.work.claim.step
    return Staging(
        step=staged.work.step,
        environment=step_run.run.environment,
        file=staged.written.path,
        columns=staged.written.columns,
        rows=staged.written.rows,
        rejected=staged.rejected,
        rejects_said=staged.rejects[0].message if staged.rejects else "",
    )


def _limits(claim: Claim) -> Limits:
    """Limits whose heartbeat renews the lease, and has the work killed once the step is no longer ours."""
    every = settings.LEASE_SECONDS / 3
    renewed = time.monotonic()

    def heartbeat() -> bool:
        nonlocal renewed
        if time.monotonic() - renewed < min(every, 1.0):
            return True
        renewed = time.monotonic()
        return leases.renew(claim)

    return Limits(seconds=settings.STEP_SECONDS, memory_bytes=settings.ENGINE_MEMORY_BYTES, heartbeat=heartbeat)


def _produce(work: Work, limits: Limits) -> Staged:
    step = work.claim.step
    place = lake.attempt_place(dataset=step.dataset_id, step_run=step.pk, epoch=work.claim.epoch)
    into = lake.path(place)
    into.parent.mkdir(parents=True, exist_ok=True)
    engine = lake.engine()
    if work.step.kind is StepKind.LOAD and work.step.source is not None:
        files = {arrival.name: lake.path(arrival.path) for arrival in work.arrivals}
        loaded = engine.load(files, work.step.source, into, limits)
        return Staged(work=work, place=place, written=loaded.written, rejected=loaded.rejected, rejects=loaded.rejects)
    statement = codec.statement(work.step)
    if step.run.period and work.step.period is not PeriodKind.NONE:
        statement = bind_period(statement, work.step.period, step.run.period)
    written = engine.materialise(statement, work.relations, work.step.columns, into, limits)
    return Staged(work=work, place=place, written=written)


def _came_to_nothing(claim: Claim, error: EngineError) -> None:
    failure = Failure(kind=error.kind, message=error.message, todo=error.todo)
    try:
        if error.kind == EngineError.SOURCE and claim.step.kind == StepKind.LOAD:
            publishing.refuse(claim, failure)
        elif _may_try_again(claim, error):
            again(claim.step, epoch=claim.epoch, because=error.message)
        else:
            publishing.fail(claim, failure)
    except Fenced as lost:
        logger.warning("fenced: %s", lost, extra={"step": claim.step.pk, "epoch": claim.epoch})


def _may_try_again(claim: Claim, error: EngineError) -> bool:
    passing = error.is_worth_retrying or error.kind == "platform"
    return passing and claim.step.attempt < settings.STEP_ATTEMPTS


@transaction.atomic
def again(step: StepRun, *, epoch: int, because: str) -> None:
    """Put a step whose attempt came to nothing back in the queue, with a back-off that grows."""
    wait = timedelta(seconds=2 ** (step.attempt - 1))
    put_back = StepRun.objects.filter(pk=step.pk, epoch=epoch, state=StepState.RUNNING).update(
        state=StepState.READY, lease_until=None, not_before=leases.from_now(wait), error=because
    )
    if not put_back:
        raise Fenced(f"{step} is no longer held at epoch {epoch}.")
    fact = StepRetried(
        run=step.run_id,
        pipeline=step.run.pipeline.name,
        dataset=step.dataset.name,
        attempt=step.attempt,
        because=because,
    )
    events.record(fact, cause=step.run.cause)
    wake.ring(wake.STEP, step.pk)
