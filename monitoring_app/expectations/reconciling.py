"""Rows and sums of a dataset beside those of what it is made from: by the versions that each version was made of."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from monitoring_app.learning import besides
from monitoring_app.learning.promises import Beside, Kind, Measured
from monitoring_app.models import ColumnProfile, Profile, ProfileState
from pipelines_app.compiler import types
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.models import Dataset, Link, VersionInput, VersionState

MOST_ANCESTORS = 3
MOST_SUMS = 6
Found = dict[int, dict[Beside, Measured]]
_Sums = dict[tuple[int, str], float]


def worth_trying(dataset: Dataset, newest: Profile) -> list[Beside]:
    """Its rows and sums beside those of the datasets that it is made from, which come by the same periods."""
    ways = Link.objects.held().filter(target=dataset.pk, source__isnull=False).order_by("pk")
    sources = [way.source for way in ways.select_related("source")[: 4 * MOST_ANCESTORS] if way.source is not None]
    known = [one for one in sources if _is_comparable(dataset, one) and (dataset.restricted or not one.restricted)]
    numbers = _numbers(newest)
    found: list[Beside] = []
    for source in known[:MOST_ANCESTORS]:
        found += _besides(dataset, source, numbers)
    return found


def _is_comparable(dataset: Dataset, source: Dataset) -> bool:
    return dataset.period_kind in (source.period_kind, PeriodKind.NONE)


def _numbers(newest: Profile) -> list[tuple[str, bool]]:
    """Its columns of numbers that are not all the same, and whether they count."""
    columns = ColumnProfile.objects.filter(profile=newest, distinct__gte=2, mean__isnull=False)
    rows = columns.order_by("place").values_list("name", "type")
    numbers = [(name, kind in types.INTEGERS) for name, kind in rows if types.is_number(kind)]
    return numbers[: 2 * MOST_SUMS]


def _besides(dataset: Dataset, source: Dataset, numbers: Sequence[tuple[str, bool]]) -> Iterator[Beside]:
    by_period = dataset.period_kind != PeriodKind.NONE
    theirs = {str(column["name"]) for column in source.columns}
    yield Beside(kind=Kind.SAME_ROWS, dataset=source.name, by_period=by_period)
    shared = [name for name, _ in numbers if name in theirs][:MOST_SUMS]
    counting = [name for name, counts in numbers if counts and name not in theirs][:MOST_SUMS]
    for name, to in (*((name, name) for name in shared), *((name, "") for name in counting)):
        yield Beside(kind=Kind.SAME_SUM, dataset=source.name, column=name, to=to, by_period=by_period)


@dataclass(frozen=True, kw_only=True)
class _Couple:
    """A batch, and the profile of what it was made from."""

    own: Profile
    source: Profile
    name: str


def compared(profiles: Sequence[Profile], wanted: Collection[Beside]) -> Found:
    """What came of comparing these batches with what they were made from, where that was measured."""
    found: Found = defaultdict(dict)
    if not wanted:
        return found
    couples = list(_couples(profiles, wanted))
    sums = _sums(couples, wanted)
    for couple in couples:
        for beside in wanted:
            if beside.dataset != couple.name or beside.by_period != bool(couple.own.period):
                continue
            share = _share(couple, beside, sums)
            found[couple.own.pk] |= {beside: share} if share is not None else {}
    return found


def _share(couple: _Couple, beside: Beside, sums: _Sums) -> Measured | None:
    rows = None if couple.source.rows is None else float(couple.source.rows)
    if beside.kind is Kind.SAME_ROWS:
        return besides.apart(None if couple.own.rows is None else float(couple.own.rows), rows)
    other = sums.get((couple.source.pk, beside.to)) if beside.to else rows
    return besides.apart(sums.get((couple.own.pk, beside.column)), other)


def _couples(profiles: Sequence[Profile], wanted: Collection[Beside]) -> Iterator[_Couple]:
    """Each batch with the newest profile of its period that the version it was made from holds; none if that waits."""
    names = {beside.dataset for beside in wanted}
    read = VersionInput.objects.filter(version__in={one.version_id for one in profiles}, read__dataset__name__in=names)
    made_of: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for version, source, dataset, name in read.values_list("version", "read", "read__dataset", "read__dataset__name"):
        made_of[version].append((source, dataset, name))
    theirs = _of_sources(made_of, {one.period for one in profiles})
    for own in profiles:
        for source, dataset, name in made_of[own.version_id]:
            held = [one for one in theirs[dataset, own.period] if one.version_id <= source]
            last = max(held, key=lambda one: one.version_id, default=None)
            is_there = last is not None and last.state == ProfileState.MEASURED
            if last is not None and is_there and (own.period or last.version_id == source):
                yield _Couple(own=own, source=last, name=name)


def _of_sources(
    made_of: dict[int, list[tuple[int, int, str]]], periods: set[str]
) -> dict[tuple[int, str], list[Profile]]:
    datasets = {dataset for several in made_of.values() for _, dataset, _ in several}
    found: dict[tuple[int, str], list[Profile]] = defaultdict(list)
    rows = Profile.objects.filter(dataset__in=datasets, period__in=periods).exclude(
        version__state=VersionState.QUARANTINED
    )
    for one in rows.only("pk", "dataset", "version", "period", "rows", "state", "is_merged"):
        found[one.dataset_id, one.period].append(one)
    return found


def _sums(couples: Sequence[_Couple], wanted: Collection[Beside]) -> _Sums:
    """What the columns that are compared add up to."""
    names = {name for beside in wanted for name in (beside.column, beside.to) if name}
    rows = {one.pk: one.rows or 0 for couple in couples for one in (couple.own, couple.source)}
    columns = ColumnProfile.objects.filter(profile__in=list(rows), name__in=names, mean__isnull=False)
    numbers = columns.values_list("profile", "name", "mean", "null_share", "misfit_share") if names else ()
    return {
        (pk, name): mean * round(rows[pk] * (1 - (nulls or 0.0) - (misfits or 0.0)))
        for pk, name, mean, nulls, misfits in numbers
        if mean is not None
    }
