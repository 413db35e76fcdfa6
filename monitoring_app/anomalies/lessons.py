"""The accepted batches before one, which teach what is usual."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, QuerySet

from monitoring_app.learning.bands import WINDOW
from monitoring_app.learning.numbers import Key
from monitoring_app.models import Anomaly, AnomalyLabel, AnomalySource, ColumnProfile, Profile
from monitoring_app.profiling import keeping
from monitoring_app.profiling import profile as measured
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.models import Dataset

MOST = WINDOW


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One batch that stood, the day it is of, and its numbers that a person said were fine."""

    profile: int
    period: str
    day: date
    excused: frozenset[Key] = frozenset()


def day_of(profile: Profile) -> date:
    """The day that a batch is of: its period's first, or else when it was made."""
    return _day(profile.dataset, profile.period, profile.version.created_at)


def _day(dataset: Dataset, period: str, made_at: datetime) -> date:
    kind = PeriodKind(dataset.period_kind)
    if kind is PeriodKind.NONE or not periods.is_valid(kind, period):
        return made_at.date()
    return periods.local_start(kind, period).date()


def is_batch(profile: Profile) -> bool:
    """Whether a profile is one batch of its dataset: the whole of what comes by periods is none."""
    kind = PeriodKind(profile.dataset.period_kind)
    return not profile.is_merged and periods.is_valid(kind, profile.period)


def before(profile: Profile) -> list[Lesson]:
    """The batches before one that readers were given and nobody called bad, the oldest first."""
    return _lessons(profile.dataset, _standing(profile))


def up_to_now(profile: Profile) -> list[Lesson]:
    """The same with the batch itself, and those that came after it."""
    return _lessons(profile.dataset, _accepted(profile))


def _accepted(profile: Profile) -> QuerySet[Profile]:
    """The newest profile of each period that stands, or of every version where there are no periods."""
    bad = Anomaly.objects.filter(dataset=profile.dataset_id, source=AnomalySource.BATCH, label=AnomalyLabel.BAD)
    found = (
        Profile.objects.measured()
        .published()
        .filter(dataset=profile.dataset_id, environment=profile.environment_id, is_merged=False)
    )
    found = found.exclude(pk__in=bad.values("profile"))
    if profile.dataset.period_kind == PeriodKind.NONE:
        return found.filter(period="").order_by("-version")
    newest = found.exclude(period="").order_by().values("period").annotate(newest=Max("pk")).values("newest")
    return found.filter(pk__in=newest).order_by("-period")


def _standing(profile: Profile) -> QuerySet[Profile]:
    if profile.dataset.period_kind == PeriodKind.NONE:
        return _accepted(profile).filter(version__lt=profile.version_id)
    return _accepted(profile).filter(period__lt=profile.period)


def _lessons(dataset: Dataset, found: QuerySet[Profile]) -> list[Lesson]:
    rows = list(found.values_list("pk", "period", "version__created_at")[:MOST])[::-1]
    fine = Anomaly.objects.filter(dataset=dataset, source=AnomalySource.BATCH, label=AnomalyLabel.FINE)
    excused: dict[int, set[Key]] = {}
    for anomaly in fine.filter(profile__in=[pk for pk, _, _ in rows]).only("profile_id", "column", "other", "metric"):
        excused.setdefault(anomaly.profile_id, set()).add(anomaly.key)
    return [
        Lesson(
            profile=pk,
            period=period,
            day=_day(dataset, period, made_at),
            excused=frozenset(excused.get(pk, ())),
        )
        for pk, period, made_at in rows
    ]


def read(lessons: Sequence[Lesson]) -> dict[int, measured.Profile]:
    """What was measured of some batches, in two queries."""
    return profiles([lesson.profile for lesson in lessons])


def profiles(pks: Collection[int]) -> dict[int, measured.Profile]:
    """Profiles by their ids."""
    columns: dict[int, list[ColumnProfile]] = {pk: [] for pk in pks}
    for column in ColumnProfile.objects.filter(profile__in=pks).order_by("place"):
        columns[column.profile_id].append(column)
    return {row.pk: keeping.read(row, columns[row.pk]) for row in Profile.objects.filter(pk__in=pks)}
