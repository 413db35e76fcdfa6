"""What was found of a batch as rows: what is new is opened, what it shows to be over is closed, and both are said."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.utils import timezone

from monitoring_app.anomalies import saying
from monitoring_app.anomalies.series import Odd
from monitoring_app.facts import AnomalyFound, AnomalyOver
from monitoring_app.learning.explaining import Surprise
from monitoring_app.learning.series import THRESHOLD
from monitoring_app.models import Anomaly, AnomalySource, AnomalyState, Profile
from pipelines_app import events
from pipelines_app.models import Event, VersionState

MOST_WORDS = 500
HELD_BACK = "readers never saw it: it is in quarantine"
NEXT = "the next batch came"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is unusual about a batch: how many batches taught what is usual, its score, and what surprised."""

    batches: int
    score: float
    surprises: Sequence[Surprise] = ()
    odd: Sequence[Odd] = ()
    periods: Sequence[str] = field(default=())
    seconds: float = 0.0

    @property
    def is_unusual(self) -> bool:
        return bool(self.surprises or self.odd)


def keep(profile: Profile, found: Found, *, cause: Event | None) -> None:
    """Write down what was found of a batch, and say what is new or over; in the caller's transaction."""
    is_published = profile.version.state == VersionState.PUBLISHED
    rows = [*(_of_batch(profile, one, found.periods) for one in found.surprises)]
    rows += [_of_series(profile, one) for one in found.odd]
    rows.sort(key=lambda row: row.score)  # pages show the newest first: of a batch, the most surprising
    if not is_published:
        for row in rows:
            row.state, row.closed_at, row.closed_because = AnomalyState.CLOSED, timezone.now(), HELD_BACK
    else:
        _count(profile, rows)
    Anomaly.objects.bulk_create(rows, ignore_conflicts=True)
    if not is_published:
        return
    over = _close(profile)
    actor = "" if cause is not None else "platform"
    if rows:
        fact = AnomalyFound(
            dataset=profile.dataset.name,
            period=profile.period,
            version=profile.version_id,
            profile=profile.pk,
            found=len(rows),
            words=saying.most(saying.unlike((row.metric, row.about, row.words) for row in reversed(rows)))[:MOST_WORDS],
            score=round(found.score, 4),
        )
        events.record(fact, cause=cause, actor=actor)
    elif over:
        because = f"{profile.period or 'version ' + str(profile.version.number)} is as usual"
        fact_over = AnomalyOver(dataset=profile.dataset.name, period=profile.period, because=because)
        events.record(fact_over, cause=cause, actor=actor)


def _earlier(profile: Profile) -> QuerySet[Anomaly]:
    """What earlier batches showed, and no later one has answered."""
    earlier = Q(period__lte=profile.period) if profile.period else Q()
    return Anomaly.objects.open().filter(earlier, dataset=profile.dataset_id).exclude(profile=profile)


def _count(profile: Profile, rows: Sequence[Anomaly]) -> None:
    """Count in how many batches in a row the same number was unusual."""
    if not rows:
        return
    before = {(one.source, one.key): one.times for one in _earlier(profile).exclude(period=profile.period or "-")}
    for row in rows:
        row.times = before.get((row.source, row.key), 0) + 1


def _close(profile: Profile) -> int:
    """Close what earlier batches showed: the newest one alone says how it is now."""
    return _earlier(profile).update(state=AnomalyState.CLOSED, closed_at=timezone.now(), closed_because=NEXT)


def _of_batch(profile: Profile, surprise: Surprise, periods: Sequence[str]) -> Anomaly:
    finding = surprise.finding
    column, _, other = finding.column.partition("\n")
    held = list(periods[-len(surprise.course) :]) if surprise.course else []
    known = ["" for _ in range(len(surprise.course) - len(held))] + held
    return Anomaly(
        dataset_id=profile.dataset_id,
        profile=profile,
        version_id=profile.version_id,
        period=profile.period,
        source=AnomalySource.BATCH,
        column=column[:255],
        other=other[:255],
        metric=finding.check[:300],
        kind=finding.check[:40],
        value=surprise.value,
        expected=surprise.expected,
        low=surprise.low,
        high=surprise.high,
        score=round(finding.score, 4),
        words=surprise.words.replace("\x00", "␀")[:MOST_WORDS],
        course=[{"period": period, "value": value} for period, value in zip(known, surprise.course, strict=True)],
    )


def _of_series(profile: Profile, odd: Odd) -> Anomaly:
    verdict = odd.verdict
    return Anomaly(
        dataset_id=profile.dataset_id,
        profile=profile,
        version_id=profile.version_id,
        period=profile.period,
        source=AnomalySource.SERIES,
        metric=odd.metric,
        kind=verdict.kind.value,
        value=verdict.value,
        expected=verdict.expected,
        low=verdict.low,
        high=verdict.high,
        score=round((verdict.score or 0.0) / THRESHOLD, 4),
        words=odd.words,
        course=[{"period": period, "value": value} for period, value in odd.course],
    )
