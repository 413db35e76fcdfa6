"""Which files a dataset has in an environment, and the one place that moves the pointer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.db import transaction
from django.db.models import Max, Sum

from pipelines_app import lake
from pipelines_app.compiler import starting
from pipelines_app.compiler.definition import Column, Mode, PeriodKind
from pipelines_app.engines.base import Relation
from pipelines_app.models import (
    Current,
    Dataset,
    DatasetVersion,
    Environment,
    EnvironmentRevision,
    Event,
    Part,
)
from pipelines_app.models.datasets import PartQuerySet

PRODUCTION = "production"


_known: dict[str, Environment] = {}


def production() -> Environment:
    """The environment that everybody reads; once it is known to be committed it is kept in memory."""
    found = _known.get(PRODUCTION)
    if found is None:
        found = Environment.objects.get_or_create(name=PRODUCTION)[0]
        transaction.on_commit(partial(_known.setdefault, PRODUCTION, found))
    return found


def forget() -> None:
    """Ask the database again."""
    _known.clear()


def current(environment: Environment, datasets: Sequence[Dataset]) -> dict[int, DatasetVersion]:
    """The version that readers see, by dataset id, for those that have one."""
    pointers = Current.objects.filter(environment=environment, dataset__in=datasets).select_related("version__dataset")
    return {pointer.dataset_id: pointer.version for pointer in pointers}


def has_period(environment: Environment, dataset: Dataset, period: str) -> bool:
    """Whether readers of the environment see this period of the dataset, or a part of it: a day of a month."""
    return _of_period(_live(environment, dataset), dataset, period).exists()


def _of_period(parts: PartQuerySet, dataset: Dataset, period: str) -> PartQuerySet:
    """The files of a period: its own, or those of the shorter periods that make it up, whose keys begin with its."""
    if period and starting.LENGTH[PeriodKind(dataset.period_kind)] > len(period):
        return parts.filter(period__startswith=period)
    return parts.filter(period=period)


def periods(environment: Environment, dataset: Dataset) -> set[str]:
    """The periods of the dataset that readers of the environment see."""
    return set(_live(environment, dataset).values_list("period", flat=True))


def _live(environment: Environment, dataset: Dataset) -> PartQuerySet:
    return Part.objects.live().filter(environment=environment, dataset=dataset)


def columns_of(stored: Sequence[dict[str, str]]) -> tuple[Column, ...]:
    """A stored schema as columns."""
    return tuple(Column(name=column["name"], type=column["type"]) for column in stored)


def stored_columns(columns: Sequence[Column]) -> list[dict[str, str]]:
    """Columns as they are stored."""
    return [{"name": column.name, "type": column.type} for column in columns]


@dataclass(frozen=True, kw_only=True)
class Content:
    """The files of a version (or of one period of it) as an engine reads them, with what identifies them."""

    relation: Relation
    identity: str
    rows: int


def content(
    version: DatasetVersion, *, period: str | None = None, columns: tuple[Column, ...] | None = None
) -> Content:
    """What a version holds, all of it or one period, as its own columns or as those it is declared with by now."""
    parts = Part.objects.of_version(version)
    if period is not None:
        parts = _of_period(parts, version.dataset, period)
    chosen = list(parts.order_by("period", "id").values_list("id", "path", "rows", "version__columns"))
    declared = columns or columns_of(version.columns)
    groups: dict[tuple[Column, ...], list[Path]] = {}
    for _, place, _, written in chosen:
        groups.setdefault(_like(declared, columns_of(written)), []).append(lake.path(place))
    files = tuple(groups.pop(declared, ()))
    name = version.dataset.name
    earlier = tuple(Relation(name=name, columns=held, files=tuple(paths)) for held, paths in groups.items())
    relation = Relation(name=name, columns=declared, files=files, earlier=earlier)
    identity = ",".join(str(pk) for pk, *_ in chosen)
    if earlier:
        identity += f" as {stored_columns(declared)}"
    return Content(relation=relation, identity=identity, rows=sum(rows for _, _, rows, _ in chosen))


def _like(declared: tuple[Column, ...], written: tuple[Column, ...]) -> tuple[Column, ...]:
    """The declared columns, if they can be read from a file written with these just as they are."""
    return declared if set(declared) <= set(written) else written


def point(version: DatasetVersion, *, mode: Mode, event: Event) -> None:
    """Make a new version current: close the files it replaces, move the pointer. In the caller's transaction.

    The version and its parts are saved with their numbers; `mode` says which of the live files it replaces.
    """
    pointer = (
        Current.objects.select_for_update()
        .filter(environment=version.environment, dataset=version.dataset)
        .select_related("version")
        .first()
    )
    before = pointer.version if pointer else None
    EnvironmentRevision.objects.create(
        environment=version.environment, dataset=version.dataset, before=before, after=version, event=event
    )
    _replace(version, mode)
    version.parts.update(since=version.number)
    if pointer:
        Current.objects.filter(pk=pointer.pk).update(version=version)
    else:
        Current.objects.create(environment=version.environment, dataset=version.dataset, version=version)


def _replace(version: DatasetVersion, mode: Mode) -> None:
    replaced = _live(version.environment, version.dataset).exclude(version=version)
    if mode is Mode.PARTITION:
        replaced = replaced.filter(period=version.period)
    if mode is not Mode.APPEND:
        replaced.update(until=version.number)


def next_number(environment: Environment, dataset: Dataset) -> int:
    """The number that the next published version takes."""
    last = DatasetVersion.objects.filter(environment=environment, dataset=dataset).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def rows_after(environment: Environment, dataset: Dataset, *, mode: Mode, period: str, rows: int) -> int:
    """How many rows the dataset will have once `rows` are published by this mode."""
    if mode is Mode.REPLACE:
        return rows
    kept = _live(environment, dataset)
    if mode is Mode.PARTITION:
        kept = kept.exclude(period=period)
    return (kept.aggregate(total=Sum("rows"))["total"] or 0) + rows


def is_still_read(version: DatasetVersion) -> bool:
    """Whether readers still see every file of this version."""
    return not version.parts.exclude(until=None).exists() and version.number is not None
