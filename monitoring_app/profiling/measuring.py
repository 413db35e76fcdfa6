"""Measuring what is pending, one version at a time, under a lease; whoever runs goes first."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.facts import ProfileFailed, ProfileMeasured
from monitoring_app.models import Profile, ProfileState
from monitoring_app.profiling import keeping, slices, wholes
from monitoring_app.profiling.slices import Slice
from pipelines_app import events, lake, wake
from pipelines_app.access import audit
from pipelines_app.environments import places
from pipelines_app.errors import EngineError, IllegalMove
from pipelines_app.models import StepRun, StepState, VersionState
from pipelines_app.runs import leases

ATTEMPTS = 4
SECONDS = 300.0
LEASE = timedelta(seconds=SECONDS + 120)
PATIENCE = timedelta(minutes=1)  # for which a version waits at most while there are steps to do
GONE = "Its rows are not kept any more."


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to make one attempt; `attempt` is its fencing token."""

    profile: Profile
    attempt: int


def measure(pk: int) -> None:
    """Measure one version, unless it is measured, somebody else does, or it is better done later."""
    claim = _claim(pk)
    if claim is None:
        return
    if claim.attempt > ATTEMPTS:
        _failed(claim, f"It was begun {ATTEMPTS} times and never came to an end.", for_good=True)
        return
    slice_ = slices.of(claim.profile)
    if slice_ is None:
        _failed(claim, GONE, for_good=True)
        return
    try:
        _measure(claim, slice_)
        wholes.put_together(claim.profile)
    except EngineError as error:
        if error.kind == EngineError.STOPPED:  # no fault of the version
            _back(claim)
            return
        _failed(claim, f"{error.message} {error.todo}".strip(), for_good=not error.is_worth_retrying)


def go_on(pk: int, *, seconds: float) -> None:
    """Measure one version, and for some seconds others that wait, as long as no step wants the worker."""
    until = time.monotonic() + seconds
    measure(pk)
    while time.monotonic() < until:
        following = _waiting(Now()).only("pk").first()
        if following is None:
            return
        measure(following.pk)


def _claim(pk: int) -> Claim | None:
    due = _waiting(Now()).filter(pk=pk).order_by()
    if not due.update(not_before=leases.from_now(LEASE), attempts=F("attempts") + 1):
        return None
    about = ("version__dataset", "version__environment", "event")
    profile = Profile.objects.select_related(*about).get(pk=pk)
    return Claim(profile=profile, attempt=profile.attempts)


def _waiting(moment: datetime | Now) -> "QuerySet[Profile]":
    """What may be measured at a moment; while there are steps to do only what has waited for long."""
    due = Profile.objects.filter(state=ProfileState.PENDING, not_before__lte=moment).order_by("not_before")
    return due.filter(created_at__lte=leases.from_now(-PATIENCE)) if due.exists() and _gives_way() else due


def _gives_way() -> bool:
    """Whether a step is at work or waits for a worker: what is measured is published already, and can wait."""
    at_work, waiting = Q(state=StepState.RUNNING), Q(state=StepState.READY, not_before__lte=Now())
    return any(StepRun.objects.filter(steps).exists() for steps in (at_work, waiting))  # an index each


def _measure(claim: Claim, slice_: Slice) -> None:
    twin = Profile.objects.measured().filter(dataset=claim.profile.dataset_id, content=slice_.content).first()
    if twin is not None:
        _measured(claim, slice_, keeping.copied(twin))
        return
    # One query for every engine: what a metric means must not depend on where the rows are kept.
    engine = places.of_files(claim.profile.version.dataset.team_id)
    began = timezone.now()
    limits = lake.limits(SECONDS)
    answers = engine.measure(slice_.statements(), [slice_.relation], limits)
    found = keeping.Found(profile=slice_.read(answers), seconds=(timezone.now() - began).total_seconds())
    _measured(claim, slice_, found)


@transaction.atomic
def _measured(claim: Claim, slice_: Slice, found: keeping.Found) -> None:
    """Keep what was found and say so, if the claim still holds."""
    held = Profile.objects.filter(pk=claim.profile.pk, state=ProfileState.PENDING, attempts=claim.attempt)
    if not keeping.keep(held, claim.profile, found, content=slice_.content):
        return
    profile = claim.profile
    fact = ProfileMeasured(
        profile=profile.pk,
        dataset=profile.version.dataset.name,
        period=profile.period,
        version=profile.version_id,
        rows=found.profile.rows,
        published=profile.version.state == VersionState.PUBLISHED,
    )
    _record(fact, profile)


def _record(fact: ProfileMeasured | ProfileFailed, profile: Profile) -> None:
    events.record(fact, cause=profile.event, actor="" if profile.event is not None else "platform")


def _back(claim: Claim) -> None:
    """Put it back as it was: somebody else does it."""
    held = Profile.objects.filter(pk=claim.profile.pk, state=ProfileState.PENDING, attempts=claim.attempt)
    held.update(not_before=Now(), attempts=F("attempts") - 1)


@transaction.atomic
def _failed(claim: Claim, error: str, *, for_good: bool) -> None:
    """Wait longer before each attempt; after the last one say why where it will be seen."""
    profile = claim.profile
    held = Profile.objects.filter(pk=profile.pk, state=ProfileState.PENDING, attempts=claim.attempt)
    if not for_good and claim.attempt < ATTEMPTS:
        wait = timedelta(seconds=10 * 4 ** (claim.attempt - 1))
        held.update(not_before=leases.from_now(wait), error=error[:500])
        return
    if held.update(state=ProfileState.FAILED, error=error[:500], event=None):
        fact = ProfileFailed(
            profile=profile.pk,
            dataset=profile.version.dataset.name,
            period=profile.period,
            version=profile.version_id,
            error=error[:500],
        )
        _record(fact, profile)


@transaction.atomic
def again(profile: Profile, *, actor: str) -> None:
    """Try once more what could not be measured, from the first attempt; raises IllegalMove where that is not so."""
    failed = Profile.objects.filter(pk=profile.pk, state=ProfileState.FAILED)
    if not failed.update(state=ProfileState.PENDING, attempts=0, not_before=Now(), error=""):
        raise IllegalMove("Only what could not be measured can be measured again.")
    dataset = profile.version.dataset
    audit.record(actor=actor, action="profile.again", subject=str(profile)[:300], team=dataset.team)
    wake.ring(wake.PROFILE, profile.pk)


def due(now: datetime, limit: int = 50) -> Iterable[int]:
    """What could be measured now: bells that were lost, leases and back-offs that are over; oldest first."""
    return _waiting(now).values_list("pk", flat=True)[:limit]


def ring_again(now: datetime) -> int:
    """Ring for what could be measured now; says how many: who measures one goes on with others."""
    waiting = list(due(now))
    for pk in waiting:
        wake.ring(wake.PROFILE, pk, again=True)
    return len(waiting)
