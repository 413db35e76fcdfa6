"""One attempt of one step: claim, gather, produce, judge, publish."""

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from sqlglot import exp

from pipelines_app import events, failpoints, lake, wake
from pipelines_app.access import redaction
from pipelines_app.boundary import contained
from pipelines_app.compiler import codec, efforts
from pipelines_app.compiler.binding import bind_period
from pipelines_app.compiler.compiled import CompiledStep, StepKind
from pipelines_app.compiler.definition import Materialisation, PeriodKind
from pipelines_app.engines.base import Audit, Engine, Limits, Place, Relation, Written
from pipelines_app.environments import places, showing
from pipelines_app.errors import EngineError
from pipelines_app.facts import StepRetried
from pipelines_app.models import EngineName, StepRun, StepState
from pipelines_app.quality import gates
from pipelines_app.quality.gates import Gate, Staging, Verdict
from pipelines_app.runs import building, hands, leases, publishing, retrying, reusing, staging, viewing
from pipelines_app.runs.keeping import Keeper
from pipelines_app.runs.leases import Claim
from pipelines_app.runs.publishing import Failure, Fenced
from pipelines_app.runs.staging import Staged, Work

logger = logging.getLogger(__name__)


def execute(pk: int, owner: str) -> None:
    """Do a step if it is ready and nobody else has it; every way it can end is written before this returns."""
    claim = leases.claim(pk, owner)
    if claim is not None:
        _work(claim)


def execute_next(owner: str, *, rung: int) -> bool:
    """Do the step whose turn it is; the one that was rung for only says that there is work. False if there is none."""
    claim = _next(owner, rung)
    if claim is not None:
        _work(claim)
    return claim is not None


def _next(owner: str, rung: int) -> Claim | None:
    return leases.claim_next(owner) or leases.claim(rung, owner)


def go_on(owner: str, *, claim: Claim | None = None, rung: int = 0, seconds: float) -> bool:
    """Do one step after the other, for some seconds: first the one claimed, always those that it makes ready itself.

    What a step tells is handed over before the next is begun: others may start on it. `rung` is a step that was rung
    for, and only says that there is work. True if its bell is to be rung again, for there may be more: who was rung for
    nothing does others' steps, too, or they would wait as long as anything starts, and rings for no more of them.
    """
    until = time.monotonic() + seconds
    claim = claim or _next(owner, rung)
    while claim is not None:
        if time.monotonic() > until:
            _work(claim)
            return bool(rung)
        with hands.hold_open(owner) as hand, wake.kept_back() as told:
            _work(claim)
            for delivery in told:  # and what these tell of in their turn
                events.deliver(delivery)
        claim = hand.claim or _next(owner, rung)
    return False


def _work(claim: Claim) -> None:
    try:
        with contained("step failed in the platform itself", rising=(Fenced, EngineError), step=claim.step.pk) as unit:
            failpoints.reach("after_claim")
            _attempt(claim)
    except Fenced as lost:
        logger.warning("fenced: %s", lost, extra={"step": claim.step.pk, "epoch": claim.epoch})
    except EngineError as error:
        _came_to_nothing(claim, error)
    else:
        if unit.error is not None:
            reason = f"{type(unit.error).__name__} in the platform"
            _came_to_nothing(claim, EngineError(reason, kind=retrying.PLATFORM))


def _attempt(claim: Claim) -> None:
    work = staging.gather(claim)
    twin = staging.reusable(work)
    if twin is not None:
        reusing.reuse(work, twin)
        return
    with Keeper(claim) as keeper:
        staged, verdict = attempt(work, _limits(keeper, work.step), as_of=timezone.now())
        failpoints.reach("after_stage_write")
        publishing.publish(staged, verdict)
        showing.show(work.claim.step.run.environment, [work.claim.step.dataset_id])
        failpoints.reach("after_commit")


def attempt(work: Work, limits: Limits, *, as_of: datetime) -> tuple[Staged, Verdict]:
    """Produce a step's output and have its gate judge it; nothing of it is published yet."""
    run = work.claim.step.run
    engine = places.engine(run.environment, run.pipeline.team_id)
    gate = gates.prepare(work.step, run.environment, engine=engine, as_of=as_of, period=run.period)
    sensitive = redaction.lower(work.claim.step.dataset.sensitive)
    staged = _produce(work, engine, gate, limits)
    staged = replace(staged, rejects=redaction.rejects(staged.rejects, sensitive))
    staging_seen = Staging(
        written=staged.written,
        rejected=staged.rejected,
        rejects_said=staged.rejects[0].message if staged.rejects else "",
        output=staged.view,
        sensitive=sensitive,
    )
    return staged, gates.judge(work.step.source, gate, staging_seen, limits)


def _limits(keeper: Keeper, step: CompiledStep) -> Limits:
    """Limits that have the work killed once the step is no longer ours."""
    seconds = retrying.seconds(step.effort)
    return Limits(seconds=seconds, memory_bytes=settings.ENGINE_MEMORY_BYTES, heartbeat=keeper.is_held)


def _produce(work: Work, engine: Engine, gate: Gate | None, limits: Limits) -> Staged:
    audit = gate.audit if gate else None
    if work.step.materialise is Materialisation.VIEW:
        looked, view = viewing.look(work.step, work.relations, engine, limits, audit=audit)
        return Staged(work=work, written=looked, view=view)
    into = _place(work.claim)
    if work.step.kind is StepKind.LOAD and work.step.source is not None:
        loaded = engine.load(_arriving(work), work.step.source, into, limits, audit)
        return Staged(work=work, written=loaded.written, rejected=loaded.rejected, rejects=loaded.rejects)
    if work.base is not None:
        hand = building.Hand(engine=engine, limits=limits, claim=work.claim)
        brought = building.bring(work.base, _statement(work), work.relations, hand, _place(work.claim, "-brought"))
        written = building.build(work.base, brought, hand, into, audit=audit)
        return Staged(work=work, written=written, brought=brought if work.base.keeps else None)
    return Staged(work=work, written=_materialised(work, engine, audit, into, limits))


def _place(claim: Claim, mark: str = "") -> Place:
    """Where an attempt writes: no two attempts have one place."""
    step = claim.step
    if step.run.environment.engine == EngineName.POSTGRES:
        return places.new_table(step.dataset, step.run.pipeline.team_id)
    into = lake.path(lake.attempt_place(dataset=step.dataset_id, step_run=step.pk, epoch=claim.epoch, mark=mark))
    into.parent.mkdir(parents=True, exist_ok=True)
    return into


def _arriving(work: Work) -> dict[str, Path]:
    """The files to load by the names people know them by; two of the same name are told apart by their arrival."""
    files: dict[str, Path] = {}
    originals = lake.originals([arrival.path for arrival in work.arrivals])
    for arrival in work.arrivals:
        name = f"{arrival.name} (arrival {arrival.pk})" if arrival.name in files else arrival.name
        files[name] = originals[arrival.path]
    return files


def _statement(work: Work) -> exp.Query:
    """A step's query for the run's period."""
    statement = codec.statement(work.step)
    period = work.claim.step.run.period
    if period and work.step.period is not PeriodKind.NONE:
        return bind_period(statement, work.step.period, period)
    return statement


def _materialised(work: Work, engine: Engine, audit: Audit | None, into: Place, limits: Limits) -> Written:
    statement = _statement(work)
    reads = {relation.name: relation for relation in work.relations}
    if audit is None or all(reads.get(other.name, other) == other for other in audit.others):
        return engine.materialise(statement, work.relations, work.step.columns, into, limits, audit)
    # A check looks at all of a dataset of which the step reads one period: they cannot stand under one name.
    written = engine.materialise(statement, work.relations, work.step.columns, into, limits)
    output = Relation(name=audit.dataset, columns=work.step.columns, files=(into,))
    answers = engine.measure(audit.statements, [output, *audit.others], limits)
    return replace(written, answers=tuple(answers))


def _came_to_nothing(claim: Claim, error: EngineError) -> None:
    effort = staging.compiled_step(claim).effort
    failure = Failure(kind=error.kind, message=error.message, todo=error.todo)
    if error.kind == EngineError.DEADLINE:
        message = f"The step took longer than the {efforts.written(int(retrying.seconds(effort)))} it may take."
        failure = Failure(kind=error.kind, message=message, todo="Let it read less, or give it a longer timeout.")
    wait = retrying.wait_before_next(effort, error.kind, claim.step.attempt)
    try:
        if error.kind == EngineError.STOPPED:
            again(claim.step, epoch=claim.epoch, because=failure.message, wait=timedelta(0), counts=False)
        elif error.kind == EngineError.SOURCE and claim.step.kind == StepKind.LOAD:
            publishing.refuse(claim, failure)
        elif wait is not None:
            again(claim.step, epoch=claim.epoch, because=failure.message, wait=wait)
        else:
            publishing.fail(claim, failure)
    except Fenced as lost:
        logger.warning("fenced: %s", lost, extra={"step": claim.step.pk, "epoch": claim.epoch})


@transaction.atomic
def again(step: StepRun, *, epoch: int, because: str, wait: timedelta, counts: bool = True) -> None:
    """Put a step whose attempt came to nothing back in the queue, to be tried again after a wait.

    One that was only interrupted does not count among the attempts that the step may have.
    """
    put_back = StepRun.objects.filter(pk=step.pk, epoch=epoch, state=StepState.RUNNING).update(
        state=StepState.READY,
        lease_until=None,
        not_before=leases.from_now(wait),
        error=because,
        attempt=F("attempt") if counts else F("attempt") - 1,
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
