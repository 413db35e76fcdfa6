"""Which files a dataset has in an environment, and the one place that moves the pointer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from pipelines_app import lake, prepared
from pipelines_app.compiler import gate, starting, statements
from pipelines_app.compiler.definition import Column, Mode, PeriodKind
from pipelines_app.engines.base import Place as Kept
from pipelines_app.engines.base import Relation
from pipelines_app.models import (
    Current,
    Dataset,
    DatasetVersion,
    Environment,
    Event,
    Increment,
    Part,
    VersionInput,
)
from pipelines_app.models.datasets import PartQuerySet
from pipelines_app.prepared import Given, Prepared, Several

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


_pointers = Prepared(
    lambda: Current.objects.filter(environment=Given("environment"), dataset__in=Several("datasets")).select_related(
        "version__dataset"
    )
)


def current(environment: Environment, datasets: Sequence[Dataset]) -> dict[int, DatasetVersion]:
    """The version that readers see, by dataset id, for those that have one."""
    if not datasets:
        return {}
    pointers = _pointers.all(environment=environment.pk, datasets=[dataset.pk for dataset in datasets])
    return {pointer.dataset_id: pointer.version for pointer in pointers}


def is_current(version: DatasetVersion) -> bool:
    """Whether readers see this version."""
    return Current.objects.filter(environment=version.environment_id, version=version).exists()


def has_period(environment: Environment, dataset: Dataset, period: str) -> bool:
    """Whether readers of the environment see this period of the dataset, or a part of it: a day of a month."""
    return _of_period(_live(environment, dataset), dataset, period).exists()


def _of_period(parts: PartQuerySet, dataset: Dataset, period: str) -> PartQuerySet:
    """The files of a period: its own, or those of the shorter periods that make it up, whose keys begin with its."""
    return parts.filter(period__startswith=period) if _is_longer(period, dataset) else parts.filter(period=period)


def _is_longer(period: str, dataset: Dataset) -> bool:
    """Whether the dataset's own periods are shorter than this one, and make it up."""
    return bool(period) and starting.LENGTH[PeriodKind(dataset.period_kind)] > len(period)


def periods(environment: Environment, dataset: Dataset) -> set[str]:
    """The periods of the dataset that readers of the environment see."""
    held = _live(environment, dataset).values_list("period", flat=True)
    brought = Increment.objects.filter(dataset=dataset, environment=environment).values_list("period", flat=True)
    return {*held, *brought.distinct()} if dataset.period_kind == PeriodKind.NONE else set(held)


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
    """The files of a version (or of one period of it) as an engine reads them, with what identifies them.

    They are partial if a run that made one of them went on without some of what it reads.
    """

    relation: Relation
    identity: str
    rows: int
    is_partial: bool = False


def content(
    version: DatasetVersion, *, period: str | None = None, columns: tuple[Column, ...] | None = None
) -> Content:
    """What a version holds, all of it or one period, as its own columns or as those it is declared with by now."""
    declared = columns or columns_of(version.columns)
    if version.expands is not None:
        return _expanded(version, version.expands, declared)
    chosen = _parts(version, period)
    groups: dict[tuple[Column, ...], list[Kept]] = {}
    for part in chosen:
        groups.setdefault(_like(declared, columns_of(part.version.columns)), []).append(
            lake.located(part.path, part.engine)
        )
    files = tuple(groups.pop(declared, ()))
    name = version.dataset.name
    earlier = tuple(Relation(name=name, columns=held, files=tuple(paths)) for held, paths in groups.items())
    relation = Relation(name=name, columns=declared, files=files, earlier=earlier)
    identity = ",".join(str(part.pk) for part in chosen)
    if earlier:
        identity += f" as {stored_columns(declared)}"
    is_partial = any(part.version.lacks for part in chosen)
    return Content(relation=relation, identity=identity, rows=sum(part.rows for part in chosen), is_partial=is_partial)


def _expanded(version: DatasetVersion, kept: dict[str, Any], declared: tuple[Column, ...]) -> Content:
    """What a version that is kept as a query holds: its rows over the versions that its own run read."""
    inputs = (
        VersionInput.objects.filter(version=version).select_related("read__dataset").order_by("read__dataset__name")
    )
    there = {one.read.dataset.name: one.read for one in inputs}
    reads: list[Content] = []
    for name, stored in kept["columns"].items():
        held = columns_of(stored)
        nothing = Content(relation=Relation(name=name, columns=held), identity="nothing", rows=0)
        reads.append(content(there[name], columns=held) if name in there else nothing)
    query = statements.parse(kept["sql"])
    gate.admit(query)
    name, written = version.dataset.name, columns_of(version.columns)
    group = Relation(name=name, columns=written, query=query, reads=tuple(one.relation for one in reads))
    fits = _like(declared, written) == declared
    relation = replace(group, columns=declared) if fits else Relation(name=name, columns=declared, earlier=(group,))
    return Content(
        relation=relation,
        identity=f"{kept['sql']} over {[one.identity for one in reads]}",
        rows=version.rows,
        is_partial=bool(version.lacks) or any(one.is_partial for one in reads),
    )


def _in_order(parts: PartQuerySet) -> PartQuerySet:
    needed = ("path", "engine", "rows", "version__columns", "version__lacks")
    return parts.select_related("version").only(*needed).order_by("period", "id")


def _at() -> PartQuerySet:
    held = Part.objects.filter(dataset=Given("dataset"), environment=Given("environment"))
    return _in_order(held.filter(Q(until=None) | Q(until__gt=Given("number")), since__lte=Given("number")))


_whole = Prepared(_at)
_part = Prepared(lambda: _at().filter(period=Given("period")))


def _parts(version: DatasetVersion, period: str | None) -> list[Part]:
    """The files of a version, all of them or those of one period."""
    asked = {"dataset": version.dataset_id, "environment": version.environment_id, "number": version.number}
    if version.number is None or _is_longer(period or "", version.dataset):
        parts = Part.objects.of_version(version)
        return list(_in_order(parts if period is None else _of_period(parts, version.dataset, period)))
    return _whole.all(**asked) if period is None else _part.all(**asked, period=period)


def _like(declared: tuple[Column, ...], written: tuple[Column, ...]) -> tuple[Column, ...]:
    """The declared columns, if they can be read from a file written with these just as they are."""
    return declared if set(declared) <= set(written) else written


PLACE = """
    SELECT
        (SELECT max(number) FROM pipelines_app_datasetversion
         WHERE dataset_id = %(dataset)s AND environment_id = %(environment)s),
        (SELECT version_id FROM pipelines_app_current
         WHERE dataset_id = %(dataset)s AND environment_id = %(environment)s),
        (SELECT v.total_rows FROM pipelines_app_current c JOIN pipelines_app_datasetversion v ON v.id = c.version_id
         WHERE c.dataset_id = %(dataset)s AND c.environment_id = %(environment)s),
        (SELECT sum(rows) FROM pipelines_app_part
         WHERE dataset_id = %(dataset)s AND environment_id = %(environment)s AND period IN (%(period)s, '')
         AND until IS NULL AND since IS NOT NULL)
"""
REVISED = """
    INSERT INTO pipelines_app_environmentrevision (environment_id, dataset_id, before_id, after_id, event_id, at)
    VALUES (%s, %s, %s, %s, %s, %s)
"""
REPLACED = """
    UPDATE pipelines_app_part SET until = %s
    WHERE environment_id = %s AND dataset_id = %s AND until IS NULL AND since IS NOT NULL AND version_id <> %s
"""
# What was made as a whole before there were periods goes with the first of them.
REPLACED_PERIOD = REPLACED + " AND period IN (%s, '')"
REPLACED_ORIGIN = REPLACED + " AND origin = %s"
POINTED = """
    INSERT INTO pipelines_app_current (environment_id, dataset_id, version_id) VALUES (%s, %s, %s)
    ON CONFLICT (environment_id, dataset_id) DO UPDATE SET version_id = excluded.version_id
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the next version of a dataset goes: its number, the version before it, and the rows of that which stay."""

    number: int
    version: int | None
    kept: int


def place(environment: Environment, dataset: int, *, mode: Mode, period: str, origin: str = "") -> Place:
    """Where a version of this period goes, in one statement; the caller holds the dataset.

    What is added once takes the place of what came of the same origin.
    """
    asked: dict[str, int | str] = {"environment": environment.pk, "dataset": dataset, "period": period}
    with prepared.cursor() as cursor:
        cursor.execute(PLACE, asked)
        number, version, whole, of_period = cursor.fetchone()
    if origin:
        same = Part.objects.live().filter(environment=environment, dataset=dataset, origin=origin)
        whole = (whole or 0) - (same.aggregate(Sum("rows"))["rows__sum"] or 0)
    kept = {Mode.REPLACE: 0, Mode.APPEND: whole or 0, Mode.PARTITION: (whole or 0) - int(of_period or 0)}
    return Place(number=(number or 0) + 1, version=version, kept=kept[mode])


def unlike(environment: Environment, dataset: int, columns: Sequence[Column]) -> list[Part]:
    """What readers see that was written with other columns."""
    live = Part.objects.live().filter(environment=environment, dataset=dataset).select_related("version")
    written = stored_columns(columns)
    return [
        part for part in live.only("rows", "period", "origin", "version__columns") if part.version.columns != written
    ]


def leave_out(parts: Sequence[Part], version: DatasetVersion) -> None:
    """Have these count no longer from a version on."""
    Part.objects.filter(pk__in=[part.pk for part in parts], until=None).update(until=version.number)


def point(version: DatasetVersion, *, mode: Mode, event: Event, before: int | None, origin: str = "") -> None:
    """Make a new version current: close the files it replaces, move the pointer. In the caller's transaction.

    The version and its parts are saved with their numbers; `mode` says which of the live files it replaces.
    """
    where = (version.environment_id, version.dataset_id)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with prepared.cursor() as cursor:
        cursor.execute(REVISED, [*where, before, version.pk, event.pk, now])
        if mode is Mode.REPLACE:
            cursor.execute(REPLACED, [version.number, *where, version.pk])
        elif mode is Mode.PARTITION:
            cursor.execute(REPLACED_PERIOD, [version.number, *where, version.pk, version.period])
        elif origin:
            cursor.execute(REPLACED_ORIGIN, [version.number, *where, version.pk, origin])
        cursor.execute(POINTED, [*where, version.pk])


def still_read(versions: "QuerySet[DatasetVersion]") -> "QuerySet[DatasetVersion]":
    """Those of which readers still see every file."""
    replaced = Part.objects.filter(version=OuterRef("pk"), until__isnull=False)
    return versions.filter(number__isnull=False).exclude(Exists(replaced))
