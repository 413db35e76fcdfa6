"""Claiming a step under a lease: one conditional UPDATE decides, the database's clock judges."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from pipelines_app import events
from pipelines_app.facts import StepStarted
from pipelines_app.models import StepRun, StepState


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to work on a step until the lease ends or another claim's epoch is higher."""

    step: StepRun
    epoch: int
    owner: str


def from_now(length: timedelta) -> Combinable:
    """A moment by the database's clock, whatever the clock of this machine says."""
    return ExpressionWrapper(Now() + length, output_field=DateTimeField())


def _lease_end() -> Combinable:
    return from_now(timedelta(seconds=settings.LEASE_SECONDS))


@transaction.atomic
def claim(pk: int, owner: str) -> Claim | None:
    """Take a ready step, or nothing if somebody else has it, it is done, or its back-off is not over."""
    taken = StepRun.objects.filter(pk=pk, state=StepState.READY, not_before__lte=Now()).update(
        state=StepState.RUNNING,
        owner=owner,
        lease_until=_lease_end(),
        epoch=F("epoch") + 1,
        attempt=F("attempt") + 1,
        started_at=Now(),
    )
    if not taken:
        return None
    step = StepRun.objects.select_related("run__pipeline", "run__environment", "run__cause", "dataset").get(pk=pk)
    started = StepStarted(
        run=step.run_id,
        pipeline=step.run.pipeline.name,
        dataset=step.dataset.name,
        owner=owner,
        epoch=step.epoch,
        attempt=step.attempt,
    )
    events.record(started, cause=step.run.cause)
    return Claim(step=step, epoch=step.epoch, owner=owner)


def renew(claim: Claim) -> bool:
    """Extend the lease; False once the step is no longer ours (fenced, cancelled, finished)."""
    held = StepRun.objects.filter(pk=claim.step.pk, epoch=claim.epoch, state=StepState.RUNNING)
    return bool(held.update(lease_until=_lease_end()))


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
