"""Judging what waits to be judged, one batch at a time, under a lease: what is unusual is written down and said."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.anomalies import keeping, lessons, memory, series
from monitoring_app.anomalies.keeping import Found
from monitoring_app.anomalies.lessons import Lesson
from monitoring_app.anomalies.memory import Known
from monitoring_app.learning import batches, explaining, schemas
from monitoring_app.learning.batches import CERTAIN, Finding
from monitoring_app.learning.explaining import Bounds
from monitoring_app.models import (
    USUAL_SENSITIVITY,
    Anomaly,
    AnomalySource,
    Judgement,
    JudgementState,
    Profile,
    ProfileState,
    Sensitivity,
)
from monitoring_app.profiling import profile as measured
from pipelines_app import wake
from pipelines_app.models import VersionState
from pipelines_app.runs import leases

ATTEMPTS = 4
LEASE = timedelta(minutes=2)
EARLIER = timedelta(seconds=2)  # after which it is looked again whether the batches before it are measured
LASTING = 5  # batches in a row: what is unusual for longer is a lasting change, and by then it is learned
MOST_TOLD = 12  # of one batch: who reads on knows already that it is another one


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to make one attempt; `attempt` is its fencing token."""

    judgement: Judgement
    attempt: int


def judge(pk: int) -> None:
    """Judge one batch, unless it is judged, somebody else does, or batches before it are still to be measured."""
    claim = _claim(pk)
    if claim is None:
        return
    if claim.attempt > ATTEMPTS:
        _held(claim).update(state=JudgementState.FAILED, judged_at=timezone.now(), event=None)
        return
    profile = claim.judgement.profile
    if _has_earlier(profile):
        _held(claim).update(not_before=leases.from_now(EARLIER), attempts=F("attempts") - 1)
        return
    began = time.monotonic()
    found = replace(looked_at(profile), seconds=time.monotonic() - began)
    with transaction.atomic():
        if _held(claim).update(**_judged(found)):
            keeping.keep(profile, found, cause=claim.judgement.event)
    _ring_next(profile)


def _claim(pk: int) -> Claim | None:
    due = Judgement.objects.filter(pk=pk, state=JudgementState.WAITING, not_before__lte=Now())
    if not due.update(not_before=leases.from_now(LEASE), attempts=F("attempts") + 1):
        return None
    about = ("profile__dataset", "profile__environment", "profile__version", "event")
    judgement = Judgement.objects.select_related(*about).defer("profile__sketch", "profile__pairs").get(pk=pk)
    return Claim(judgement=judgement, attempt=judgement.attempts)


def _held(claim: Claim) -> QuerySet[Judgement]:
    own = Judgement.objects.filter(pk=claim.judgement.pk, state=JudgementState.WAITING)
    return own.filter(attempts=claim.attempt)


def _judged(found: Found) -> dict[str, object]:
    return {
        "state": JudgementState.JUDGED,
        "event": None,
        "batches": found.batches,
        "score": found.score,
        "is_unusual": found.is_unusual,
        "seconds": round(found.seconds, 4),
        "judged_at": timezone.now(),
    }


def _has_earlier(profile: Profile) -> bool:
    """Whether a batch before this one is still to be measured or judged: batches are judged in their order."""
    before = Q(period__lt=profile.period) if profile.period else Q(version__lt=profile.version_id)
    others = Profile.objects.filter(before, dataset=profile.dataset_id, environment=profile.environment_id)
    to_do = Q(state=ProfileState.PENDING, version__state=VersionState.PUBLISHED)
    return others.filter(to_do | Q(judgement__state=JudgementState.WAITING)).exists()


def _ring_next(profile: Profile) -> None:
    """Go on with the batch that waited for this one."""
    waiting = Judgement.objects.filter(dataset=profile.dataset_id, state=JudgementState.WAITING, attempts=0)
    following = waiting.order_by("profile__period", "profile__version").first()
    if following is not None:
        Judgement.objects.filter(pk=following.pk, attempts=0).update(not_before=Now())
        wake.ring(wake.JUDGEMENT, following.pk)


def looked_at(profile: Profile) -> Found:
    """What is unusual about a batch, by the accepted batches before it and by its own series."""
    sensitivity = sensitivity_of(profile.dataset_id)
    wanted = lessons.before(profile)
    known = memory.take(profile.dataset_id, wanted)
    found = _by_batches(profile, known, wanted, sensitivity=sensitivity)
    memory.give_back(profile.dataset_id, known)
    return replace(found, odd=series.odd(profile, sensitivity=sensitivity) if sensitivity else [])


def sensitivity_of(dataset: int) -> float:
    """How easily a dataset surprises."""
    found = Sensitivity.objects.filter(dataset=dataset).values_list("value", flat=True).first()
    return USUAL_SENSITIVITY if found is None else found


def _by_batches(profile: Profile, known: Known, wanted: Sequence[Lesson], *, sensitivity: float) -> Found:
    told, day = lessons.profiles([profile.pk])[profile.pk], lessons.day_of(profile)
    found = [_weighed(one, sensitivity) for one in _findings(told, known, wanted, day=day)]
    surprises = []
    if sensitivity:
        worth = batches.worth_telling(found)[:MOST_TOLD]
        surprises = explaining.explained(known.learner, told, day, worth, sensitivity=sensitivity)
        new = {(one.finding.column, one.finding.check) for one in surprises}
        held = [one for one in _open_before(profile) if one.key not in new]
        surprises += explaining.still(known.learner, told, day, held)
    return Found(
        batches=len(wanted),
        score=max((one.score for one in [*found, *(one.finding for one in surprises)]), default=0.0),
        surprises=surprises[:MOST_TOLD],
        periods=[lesson.period for lesson in wanted],
    )


def _open_before(profile: Profile) -> list[Bounds]:
    """The bounds of what is open, unless it has been so for long: then it is how things are by now."""
    open_now = Anomaly.objects.open().filter(
        dataset=profile.dataset_id, source=AnomalySource.BATCH, times__lt=LASTING, value__isnull=False
    )
    if profile.period:
        open_now = open_now.filter(period__lt=profile.period)
    return [
        Bounds(
            key=one.key,
            value=one.value or 0.0,
            expected=one.expected or 0.0,
            low=float("-inf") if one.low is None else one.low,
            high=float("inf") if one.high is None else one.high,
            score=one.score,
        )
        for one in open_now
    ]


def _findings(told: measured.Profile, known: Known, wanted: Sequence[Lesson], *, day: date) -> list[Finding]:
    """All that is unlike before, but for facts of a kind that people said were fine."""
    if not wanted:
        return []
    excused = {key for lesson in wanted for key in lesson.excused}
    facts = schemas.differences(known.headers, [column.name for column in told.columns])
    found = [*facts, *known.learner.judge(told, day)]
    return [one for one in found if not one.words or (one.column, one.check) not in excused]


def _weighed(finding: Finding, sensitivity: float) -> Finding:
    """How surprising it is to who wants to be told more easily; a fact is one for everybody."""
    return finding if finding.score >= CERTAIN else replace(finding, score=finding.score * sensitivity)


def waiting(now: datetime) -> QuerySet[Judgement]:
    """What could be judged now: bells that were lost, leases that are over."""
    return Judgement.objects.filter(state=JudgementState.WAITING, not_before__lte=now)


def ring_again(now: datetime, limit: int = 50) -> int:
    """Ring for everything that could be judged now; says how many."""
    due = list(waiting(now).order_by("not_before").values_list("pk", flat=True)[:limit])
    for pk in due:
        wake.ring(wake.JUDGEMENT, pk, again=True)
    return len(due)
