"""What was measured of a dataset over time: its profiles, period by period, and the series of one number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet

from monitoring_app.models import ColumnProfile, Profile
from monitoring_app.profiling.asking import WHOLE_BELOW
from monitoring_app.profiling.profile import OF_A_BATCH, Metric
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.models import Dataset, Environment

MOST = 400


@dataclass(frozen=True, kw_only=True)
class Point:
    """One number of a series: the period or version that it is of; none where there was nothing to measure."""

    profile: int
    version: int
    number: int | None
    period: str
    at: datetime
    value: float | None


def of(dataset: Dataset, environment: Environment) -> QuerySet[Profile]:
    """What was measured of the versions that readers of an environment were given."""
    return Profile.objects.measured().published().filter(dataset=dataset, environment=environment)


def batches(dataset: Dataset, environment: Environment, *, most: int = MOST) -> QuerySet[Profile]:
    """The newest profile of each period, the newest period first; of a dataset without periods, of each version."""
    measured = of(dataset, environment)
    if dataset.period_kind == PeriodKind.NONE:
        return measured.filter(is_merged=False).order_by("-version")[:most]
    of_periods = measured.filter(is_merged=False)
    newest = of_periods.order_by().values("period").annotate(newest=Max("version")).order_by("-period")[:most]
    chosen = newest.values("newest")
    return of_periods.filter(version__in=chosen).order_by("-period", "-version")


def whole(dataset: Dataset, environment: Environment) -> QuerySet[Profile]:
    """What was put together of all periods, the newest first."""
    return of(dataset, environment).filter(is_merged=True).order_by("-version")


def series(
    dataset: Dataset, environment: Environment, *, metric: Metric, column: str = "", most: int = MOST
) -> list[Point]:
    """One number over periods or versions, the oldest first; of a column, or of the whole batch."""
    chosen = batches(dataset, environment, most=most).select_related("version").defer("sketch", "pairs")
    profiles = list(chosen)[::-1]
    values = _values(profiles, metric, column)
    return [
        Point(
            profile=profile.pk,
            version=profile.version_id,
            number=profile.version.number,
            period=profile.period,
            at=profile.version.created_at,
            value=values.get(profile.pk),
        )
        for profile in profiles
    ]


def _values(profiles: Sequence[Profile], metric: Metric, column: str) -> dict[int, float | None]:
    if metric in OF_A_BATCH:
        return {profile.pk: getattr(profile, metric.value) for profile in profiles}
    found = ColumnProfile.objects.filter(profile__in=[profile.pk for profile in profiles], name=column)
    return dict(found.values_list("profile", metric.value))


def changed_at(shown: Profile, batches: Sequence[Profile]) -> datetime:
    """Since when the rows are what they are; `batches` are the newest first."""
    since = shown.version.created_at
    if not shown.period and not shown.is_merged:
        for before in batches:
            if before.version_id < shown.version_id:
                if before.rows_hash != shown.rows_hash:
                    break
                since = before.version.created_at
    return since


def is_approximate(profile: Profile) -> bool:
    """Whether some of its numbers come from a sample or from sketches; docs/guides/profiles.md says which."""
    return profile.is_merged or (profile.rows or 0) > WHOLE_BELOW
