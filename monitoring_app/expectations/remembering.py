"""A dataset's stored profiles as batches to learn from: what readers were given, and nobody called bad."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from django.db.models import QuerySet

from monitoring_app.learning.bands import WINDOW
from monitoring_app.learning.promises import Batch, Kind, Promise
from monitoring_app.models import Breach, ColumnProfile, Profile, Verdict
from monitoring_app.profiling import history, keeping
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.models import Dataset

MOST = WINDOW
MOST_COLUMNS = 300


def stored(dataset: Dataset, *, most: int = MOST) -> list[Profile]:
    """The newest profile of each period, or of each version, the oldest first."""
    found = history.batches(dataset, mapping.production(), most=most).select_related("version")
    return list(found.defer("sketch"))[::-1]


def good(profiles: Sequence[Profile]) -> list[Profile]:
    """Without those that somebody called bad."""
    bad = Breach.objects.filter(profile__in=[one.pk for one in profiles], verdict=Verdict.BAD)
    called = set(bad.values_list("profile", flat=True))
    return [one for one in profiles if one.pk not in called]


def batches(dataset: Dataset, profiles: Sequence[Profile], *, columns: Iterable[str] | None = None) -> list[Batch]:
    """Profiles with the day they are of; only some columns where no more are needed."""
    found = _columns(profiles) if columns is None else _columns(profiles).filter(name__in=list(columns))
    return _put_together(dataset, profiles, found)


def outlines(dataset: Dataset, profiles: Sequence[Profile], *, counted: Collection[str]) -> list[Batch]:
    """The same with the values and patterns of these columns alone, which are most of what there is to read."""
    found = _columns(profiles)
    plain = list(found.exclude(name__in=counted).defer("sketch", "top", "patterns"))
    for column in plain:
        column.top, column.patterns = [], []
    return _put_together(dataset, profiles, [*plain, *found.filter(name__in=counted)])


def _columns(profiles: Sequence[Profile]) -> QuerySet[ColumnProfile]:
    found = ColumnProfile.objects.filter(profile__in=[one.pk for one in profiles], place__lte=MOST_COLUMNS)
    return found.defer("sketch").order_by("profile", "place")


def _put_together(dataset: Dataset, profiles: Sequence[Profile], columns: Iterable[ColumnProfile]) -> list[Batch]:
    held: dict[int, list[ColumnProfile]] = defaultdict(list)
    for column in columns:
        column.sketch = b""  # nothing here compares hashes
        held[column.profile_id].append(column)
    return [_batch(dataset, profile, held[profile.pk]) for profile in profiles]


def columns_of(promise: Promise) -> tuple[str, ...] | None:
    """The columns that a promise has to be held against; none named where it is about all of them."""
    return None if promise.kind is Kind.COLUMNS else promise.columns


def _batch(dataset: Dataset, profile: Profile, columns: Iterable[ColumnProfile]) -> Batch:
    profile.sketch = b""
    return Batch(
        profile=keeping.read(profile, columns),
        day=_day(dataset, profile),
        name=name(profile),
        at=profile.version.created_at,
    )


def _day(dataset: Dataset, profile: Profile) -> date:
    kind = PeriodKind(dataset.period_kind)
    if kind != PeriodKind.NONE and periods.is_valid(kind, profile.period):
        return periods.local_start(kind, profile.period).date()
    return profile.version.created_at.date()


def name(profile: Profile) -> str:
    """What people call it."""
    return profile.period or f"version {profile.version.number}"


def noun(dataset: Dataset, number: int) -> str:
    """What a batch of the dataset is, so many of them."""
    word = {PeriodKind.NONE: "version", PeriodKind.DAY: "day", PeriodKind.HOUR: "hour"}
    one = word.get(PeriodKind(dataset.period_kind), "month")
    return one if number == 1 else f"{one}s"
