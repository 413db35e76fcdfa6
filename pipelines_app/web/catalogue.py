"""Datasets with what readers see of them now: the current version, and whether it is what it should be."""

from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from pipelines_app.environments import mapping
from pipelines_app.models import Current, Dataset, DatasetVersion, Slot, SlotState, User, VersionState

STANDINGS = ["late", "quarantined", "waiting", "fresh"]


def with_standing(datasets: QuerySet[Dataset]) -> QuerySet[Dataset]:
    """Annotate version_id, number, published_at, due_at, total_rows and standing: the worst of STANDINGS that holds."""
    pointer = Current.objects.filter(environment__name=mapping.PRODUCTION, dataset=OuterRef("pk"))
    late = Slot.objects.overdue()
    expected = Slot.objects.filter(dataset=OuterRef("pk"), state=SlotState.EXPECTED).order_by("due_at")
    return datasets.annotate(
        version_id=Subquery(pointer.values("version_id")[:1]),
        number=Subquery(pointer.values("version__number")[:1]),
        published_at=Subquery(pointer.values("version__created_at")[:1]),
        due_at=Subquery(expected.values("due_at")[:1]),
        total_rows=Subquery(pointer.values("version__total_rows")[:1]),
        standing=Case(
            When(Exists(late.filter(dataset=OuterRef("pk"))), then=Value("late")),
            When(Q(is_source=False) & Exists(late.filter(dataset__pipeline=OuterRef("pipeline"))), then=Value("late")),
            When(Exists(_held().filter(dataset=OuterRef("pk"))), then=Value("quarantined")),
            When(version_id=None, then=Value("waiting")),
            default=Value("fresh"),
            output_field=CharField(),
        ),
    ).select_related("team", "pipeline")


def _held() -> QuerySet[DatasetVersion]:
    """Quarantined versions that no later version of the same period has replaced; asked of each by its own index."""
    published = DatasetVersion.objects.filter(
        dataset=OuterRef("dataset"),
        environment=OuterRef("environment"),
        period=OuterRef("period"),
        state=VersionState.PUBLISHED,
    )
    newest = Coalesce(Subquery(published.order_by("-pk").values("pk")[:1]), 0)
    return DatasetVersion.objects.filter(state=VersionState.QUARANTINED).alias(newest=newest).filter(pk__gt=F("newest"))


def held_of(dataset: Dataset) -> QuerySet[DatasetVersion]:
    """The quarantined versions of a dataset that still stand, newest first."""
    return _held().filter(dataset=dataset).order_by("-pk")


def visible(user: User) -> QuerySet[Dataset]:
    """The datasets somebody may see, with their standing."""
    return with_standing(Dataset.objects.visible_to(user))


def searched(
    datasets: QuerySet[Any], *, words: str = "", layer: str = "", team: str = "", standing: str = ""
) -> QuerySet[Dataset]:
    """Those that fit every filter given; every word must occur in the name or the description."""
    for word in words.split()[:10]:
        datasets = datasets.filter(Q(name__icontains=word) | Q(description__icontains=word))
    if layer:
        datasets = datasets.filter(name__startswith=f"{layer}.")
    if team:
        datasets = datasets.filter(team__name=team)
    return datasets.filter(standing=standing) if standing else datasets
