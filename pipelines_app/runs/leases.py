"""Claiming a step under a lease: one conditional UPDATE decides, the database's clock judges."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, DateTimeField, DurationField, ExpressionWrapper, F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from pipelines_app import events
from pipelines_app.facts import StepStarted
from pipelines_app.models import EngineLimit, StepRun, StepState, Team
from pipelines_app.prepared import Change, Given, Prepared


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to work on a step until the lease ends or another claim's epoch is higher."""

    step: StepRun
    epoch: int
    owner: str
    since: float = field(default_factory=time.monotonic)


def from_now(length: timedelta | Combinable) -> Combinable:
    """A moment by the database's clock, whatever the clock of this machine says."""
    return ExpressionWrapper(Now() + length, output_field=DateTimeField())


def _lease() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


def _free(**asked: object) -> "QuerySet[StepRun]":
    """Steps whose time has come, and that nobody else is claiming at this moment."""
    return (
        StepRun.objects.filter(not_before__lte=Now(), **asked)
        .select_related("run__pipeline", "run__environment", "run__cause", "dataset")
        .defer("run__cause__body", "dataset__columns", "dataset__description")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
    )


def _hungriest() -> "QuerySet[Team]":
    """Teams with a step that can be claimed: the most urgent first, then who has least running, then by chance.

    However many steps wait, each team is looked up in the index of the queue once. Between equals chance decides:
    there is no row that every claim would have to write, and nobody is always the second.
    """
    its = StepRun.objects.filter(team=OuterRef("pk"))
    ready = its.filter(state=StepState.READY, not_before__lte=Now()).order_by("-priority", "id")
    running = its.filter(state=StepState.RUNNING).order_by().values("team").annotate(running=Count("pk"))
    return (
        Team.objects.only("pk")
        .annotate(urgency=Subquery(ready.values("priority")[:1]))
        .annotate(running=Coalesce(Subquery(running.values("running")), 0))
        .filter(urgency__isnull=False)
        .order_by("-urgency", "running", "?")
    )


def _has_room(step: StepRun) -> bool:
    """Whether the engine of the step's environment may be given one more, by all workers together.

    Whoever claims holds the limit, where there is one: two cannot take its last place.
    """
    if step.run.environment.engine_limit_id is None:
        return True
    limit = EngineLimit.objects.select_for_update(no_key=True).get(pk=step.run.environment.engine_limit_id)
    at_work = StepRun.objects.filter(state=StepState.RUNNING, run__environment__engine_limit=limit)
    return at_work.count() < limit.max_steps


# By its key alone: asked for what is ready, too, PostgreSQL goes through the whole queue while that is short or was.
_this = Prepared(lambda: _free(pk=Given("pk")))
_next = Prepared(lambda: _free(state=StepState.READY, team=Given("team")).order_by("-priority", "id")[:1])
_teams = Prepared(_hungriest)
_LEASE_END = from_now(Given("lease", DurationField()))
_begin = Change(
    lambda: StepRun.objects.filter(pk=Given("pk")),
    state=StepState.RUNNING,
    owner=Given("owner"),
    lease_until=_LEASE_END,
    epoch=F("epoch") + 1,
    attempt=F("attempt") + 1,
    started_at=Now(),
)
_renew = Change(
    lambda: StepRun.objects.filter(pk=Given("pk"), epoch=Given("epoch"), state=StepState.RUNNING),
    lease_until=_LEASE_END,
)


def _ready(pk: int) -> StepRun | None:
    step = _this.first(pk=pk)
    return step if step is not None and step.state == StepState.READY else None


@transaction.atomic
def claim(pk: int, owner: str) -> Claim | None:
    """Take a ready step, or nothing if somebody else has it, it is done, it backs off still, or the engine is full."""
    step = _ready(pk)
    return _take(step, owner) if step is not None and _has_room(step) else None


def claim_own(pk: int, owner: str) -> Claim | None:
    """Take a step that the caller's transaction has just made ready.

    Nothing where its engine has a limit: who would hold that beside all that the transaction holds might wait for ever.
    """
    step = _ready(pk)
    return _take(step, owner) if step is not None and step.run.environment.engine_limit_id is None else None


@transaction.atomic
def claim_next(owner: str) -> Claim | None:
    """Take the step whose turn it is among all that are ready, or nothing if none is: no team waits behind another."""
    for team in _teams.all():
        step = _next.first(team=team.pk)
        if step is not None:
            return _take(step, owner) if _has_room(step) else None
    return None


def _take(step: StepRun, owner: str) -> Claim:
    """Write who works on a step that this transaction holds, and until when."""
    _begin.make(pk=step.pk, owner=owner, lease=_lease())
    step.state, step.owner, step.started_at = StepState.RUNNING, owner, timezone.now()
    step.epoch, step.attempt = step.epoch + 1, step.attempt + 1
    events.record(started(step, owner), cause=step.run.cause)
    return Claim(step=step, epoch=step.epoch, owner=owner)


def started(step: StepRun, owner: str) -> StepStarted:
    """What is said of a step that somebody has begun."""
    return StepStarted(
        run=step.run_id,
        pipeline=step.run.pipeline.name,
        dataset=step.dataset.name,
        owner=owner,
        epoch=step.epoch,
        attempt=step.attempt,
    )


def renew(claim: Claim) -> bool:
    """Extend the lease; False once the step is no longer ours (fenced, cancelled, finished)."""
    return bool(_renew.make(pk=claim.step.pk, epoch=claim.epoch, lease=_lease()))


def expired() -> list[StepRun]:
    """Running steps whose worker has not renewed in time, by the database's clock."""
    stale = StepRun.objects.filter(state=StepState.RUNNING, lease_until__lt=Now())
    return list(stale.select_related("run__pipeline", "dataset").order_by("lease_until")[:100])


def ready(limit: int = 100) -> list[int]:
    """Steps that could be claimed now, oldest first."""
    waiting = StepRun.objects.filter(state=StepState.READY, not_before__lte=Now())
    return list(waiting.order_by("not_before", "id").values_list("pk", flat=True)[:limit])


def next_due() -> datetime | None:
    """When the next step's back-off ends."""
    waiting = StepRun.objects.filter(state=StepState.READY).order_by("not_before")
    return waiting.values_list("not_before", flat=True).first()
