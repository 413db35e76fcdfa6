"""The end of steps that have nothing to do: whoever finds one in a run ends others of it in the same transaction.

Such a step only has to be compared and written down, and a commit for each would cost more than that. The run is held
meanwhile, and so is each of these steps: it is begun and ended at once, under its own epoch and with its own events,
so it needs no lease.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from pipelines_app import events, locks
from pipelines_app.boundary import contained
from pipelines_app.compiler.compiled import StepKind
from pipelines_app.environments import mapping
from pipelines_app.facts import Fact, StepReused
from pipelines_app.models import ArrivalState, DatasetVersion, Event, Run, RunState, StepRun, StepState
from pipelines_app.prepared import Change, Given, Prepared, Several
from pipelines_app.runs import advancing, leases, publishing, staging
from pipelines_app.runs.leases import Claim
from pipelines_app.runs.publishing import Fenced
from pipelines_app.runs.staging import Work
from pipelines_app.transactions import persistent

MOST = 16  # steps that one transaction ends: a few tens of milliseconds, in which nothing else of the run is written


@dataclass(frozen=True, kw_only=True)
class Idle:
    """A step that has nothing to do: what it would have made is this version."""

    work: Work
    version: DatasetVersion
    since: datetime

    @property
    def step(self) -> StepRun:
        return self.work.claim.step

    @property
    def fact(self) -> StepReused:
        step = self.step
        return StepReused(
            run=step.run_id, pipeline=step.run.pipeline.name, dataset=step.dataset.name, version=self.version.pk
        )


def reuse(work: Work, version: DatasetVersion) -> None:
    """End a claimed step that has nothing to do: the same recipe made this version from the same inputs before.

    With it go others of its run that are ready and have nothing to do either. Raises Fenced if its claim was lost.
    """
    with contained("steps could not be ended together", rising=(Fenced,), step=work.claim.step.pk) as unit:
        _end(work, version, most=MOST)
    if unit.error is not None:
        _end(work, version, most=1)


@persistent
@transaction.atomic
def _end(work: Work, version: DatasetVersion, *, most: int) -> None:
    run = publishing.lock_run(work.claim)
    ready, event = _end_claimed(run, work, version)
    if run.state != RunState.RUNNING:
        return
    left, facts = most - 1, list[Fact]()
    while left > 0:
        steps = _next(run, ready)[:left]
        idle = list(_idle(work.claim, steps))
        readers_see = mapping.current(run.environment, [one.step.dataset for one in idle])
        for one in idle:
            ready = (ready - {one.step.pk}) | _pass(run, one, readers_see[one.step.dataset_id].pk)
            facts += [leases.started(one.step, one.work.claim.owner), one.fact]
        left -= len(idle)
        if not steps or len(idle) < len(steps):
            break  # there is nothing left, or what is left has something to do
    if facts:
        events.record_all(facts, cause=run.cause)
    advancing.go_on(run, sorted(ready), cause=event)


def _end_claimed(run: Run, work: Work, version: DatasetVersion) -> tuple[set[int], Event]:
    """End the step that is held under a lease; gives the steps that became ready, and the event of the end."""
    claim = work.claim
    readers_see = mapping.current(claim.step.run.environment, [claim.step.dataset])[claim.step.dataset_id]
    publishing.tell_partial(run, work)
    publishing.close(claim, StepState.REUSED, rows_in=work.rows_in, rows_out=version.rows, version=readers_see.pk)
    idle = Idle(work=work, version=version, since=timezone.now())
    event = events.record(idle.fact, cause=run.cause)
    said = f"the same content is version {version.number} already: run {run.pk} reused it"
    publishing.settle(work, ArrivalState.CONSUMED, said, event)
    return set(advancing.count_off(run, claim.step) if run.state == RunState.RUNNING else ()), event


def _free() -> "QuerySet[StepRun]":
    ready = StepRun.objects.filter(run=Given("run"), state=StepState.READY, not_before__lte=Now())
    steps = ready.filter(kind=StepKind.TRANSFORM).select_related("dataset")
    return locks.free(steps.defer("dataset__columns", "dataset__description")).order_by("id")


_some = Prepared(lambda: _free()[:MOST])
_these = Prepared(lambda: _free().filter(pk__in=Several("steps"))[:MOST])
_passed = Change(
    lambda: StepRun.objects.filter(pk=Given("pk"), state=StepState.READY),
    state=StepState.REUSED,
    epoch=F("epoch") + 1,
    attempt=F("attempt") + 1,
    lease_until=None,
    **{name: Given(name) for name in ("owner", "started_at", "finished_at", *publishing.NOTHING)},
)


def _next(run: Run, ready: set[int]) -> list[StepRun]:
    """Ready steps of the run, held: those that have just become so, for they have not waited yet, else any."""
    return _these.all(run=run.pk, steps=sorted(ready)) if ready else _some.all(run=run.pk)


def _idle(claim: Claim, steps: list[StepRun]) -> Iterator[Idle]:
    for step in steps:
        step.run, since = claim.step.run, timezone.now()
        work = staging.gather(Claim(step=step, epoch=step.epoch + 1, owner=claim.owner))
        version = staging.reusable(work)
        if version is not None:
            yield Idle(work=work, version=version, since=since)


def _pass(run: Run, idle: Idle, readers_see: int) -> set[int]:
    """Begin and end a step at once, as what readers see of its dataset; gives those that became ready."""
    step = idle.step
    publishing.tell_partial(run, idle.work)
    ended = publishing.NOTHING | {
        "owner": idle.work.claim.owner,
        "started_at": idle.since,
        "finished_at": timezone.now(),
        "rows_in": idle.work.rows_in,
        "rows_out": idle.version.rows,
        "version": readers_see,
    }
    _passed.make(pk=step.pk, **ended)
    step.epoch, step.attempt = step.epoch + 1, step.attempt + 1
    return set(advancing.count_off(run, step))
