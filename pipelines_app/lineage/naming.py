"""Datasets that other tools name: one of ours if it is, and one of theirs under however many names.

Of several names of one dataset the first in the order of the alphabet stands for all, in whatever order they came.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter

from django.conf import settings
from django.db.models import Q

from pipelines_app import locks
from pipelines_app.lineage.declaring import End
from pipelines_app.models import Dataset, Edge, ForeignDataset, Link, Team

Name = tuple[str, str]
Columns = tuple[tuple[str, str], ...]


def end(team: Team, name: Name, aliases: Iterable[Name] = ()) -> End:
    """The dataset that these are names of; unknown ones are written down."""
    own = _own(team, [name, *aliases])
    if own is not None:
        return own
    rows = {_named(team, one).pk for one in sorted({name, *aliases})}
    heads = {row.alias_of_id or row.pk for row in ForeignDataset.objects.filter(pk__in=rows)}
    if len(heads) > 1:
        _unite(team, heads)
    head = ForeignDataset.objects.get(team=team, namespace=name[0], name=name[1])
    return head if head.alias_of is None else head.alias_of


def _own(team: Team, names: Iterable[Name]) -> Dataset | None:
    """One of ours, told in our own words; not one that the team may not know of."""
    ours = [name for namespace, name in names if namespace == settings.OPENLINEAGE_NAMESPACE]
    if not ours:
        return None
    seen = Dataset.objects.filter(Q(team=team) | Q(restricted=False), name__in=ours)
    return seen.order_by("name").first()


def _named(team: Team, name: Name) -> ForeignDataset:
    return ForeignDataset.objects.get_or_create(team=team, namespace=name[0], name=name[1])[0]


def _unite(team: Team, heads: Iterable[int]) -> None:
    """Make one dataset of several: the others become names of the first, and what was told of them is told of it."""
    held = list(locks.held(ForeignDataset.objects.filter(pk__in=heads)))
    rows = sorted(held, key=attrgetter("namespace", "name"))
    first, others = rows[0], rows[1:]
    for other in others:
        names = ForeignDataset.objects.filter(Q(pk=other.pk) | Q(alias_of=other))
        names.update(alias_of=first, columns=[], columns_at=None)
        if newer(first, other.columns_at, other.columns):
            first.columns, first.columns_at = other.columns, other.columns_at
        first.completed_at = max(filter(None, (first.completed_at, other.completed_at)), default=None)
        for rows_of in (Link, Edge):
            for side in ("foreign_source", "foreign_target"):
                _move(rows_of, side, other, first)
    first.save(update_fields=["columns", "columns_at", "completed_at"])


def _move(rows: type[Link] | type[Edge], side: str, old: ForeignDataset, new: ForeignDataset) -> None:
    for row in rows.objects.filter(**{side: old}):
        opposite = row.target_node if side == "foreign_source" else row.source_node
        twin = rows.objects.filter(**_key(row, side, new)).first()
        if opposite == -new.pk:
            row.delete()
        elif twin is None:
            setattr(row, side, new)
            row.save(update_fields=[side])
        else:
            _join(twin, row)
            row.delete()


def _key(row: Link | Edge, side: str, new: ForeignDataset) -> dict[str, object]:
    """What tells a row from every other, with its end moved."""
    source, target = row.source_node, row.target_node
    ends = {"source_node": -new.pk, "target_node": target} if side == "foreign_source" else {}
    ends = ends or {"source_node": source, "target_node": -new.pk}
    if isinstance(row, Edge):
        ends |= {"source_column": row.source_column, "target_column": row.target_column, "kind": row.kind}
    return {**ends, "job": row.job_id, **({"valid_to": None} if row.job_id is None else {})}


def _join(twin: Link | Edge, row: Link | Edge) -> None:
    twin.valid_from = min(twin.valid_from, row.valid_from)
    if twin.last_at is not None and row.last_at is not None:
        twin.valid_to = None if None in (twin.valid_to, row.valid_to) else max(twin.last_at, row.last_at)
        twin.last_at = max(twin.last_at, row.last_at)
    if isinstance(twin, Link) and isinstance(row, Link):
        twin.by_value = twin.by_value or row.by_value
    if isinstance(twin, Edge) and isinstance(row, Edge):
        twin.how = ",".join(sorted({*filter(None, twin.how.split(",")), *filter(None, row.how.split(","))}))
        twin.masked = twin.masked and row.masked
    twin.save()


def describe(dataset: End, columns: Columns, at: datetime) -> None:
    """Keep the columns that were told of the latest moment; ours are not told by others."""
    told = [{"name": name, "type": kind} for name, kind in columns]
    if isinstance(dataset, Dataset) or not told or not newer(dataset, at, told):
        return
    dataset.columns, dataset.columns_at = told, at
    dataset.save(update_fields=["columns", "columns_at"])


def newer(dataset: ForeignDataset, at: datetime | None, columns: object) -> bool:
    """Whether these columns are of a later moment; of the same one, the order of their text decides."""
    if at is None or dataset.columns_at is None:
        return at is not None
    return (at, json.dumps(columns)) > (dataset.columns_at, json.dumps(dataset.columns))
