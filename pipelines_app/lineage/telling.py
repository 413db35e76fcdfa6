"""What other tools tell of lineage: the newest run of a job that ended well says what holds now.

Whatever comes late, twice or in another order, the same rows are left in the end: the first and the last moment at
which an edge was told are kept, and it holds while its last is the last of its job.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from pipelines_app import locks
from pipelines_app.lineage.declaring import AT_ONCE, End, ends, node
from pipelines_app.models import Edge, ForeignJob, Link, Team

Key = tuple[int, str, int, str, str]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What runs, as its tool names it."""

    team: Team
    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """One column that feeds another; an empty one stands for all of its dataset; `how` in the words of OpenLineage."""

    source: End
    target: End
    source_column: str = ""
    target_column: str = ""
    kind: str = "direct"
    how: frozenset[str] = frozenset()
    masked: bool = False


@transaction.atomic
def tell(job: Job, *, at: datetime, links: Iterable[tuple[End, End]], edges: Iterable[Told] = ()) -> None:
    """Note what a run that ended well at a moment told of; a dataset is not made from itself."""
    held, _ = ForeignJob.objects.get_or_create(team=job.team, namespace=job.namespace, name=job.name)
    held = locks.held(ForeignJob.objects.filter(pk=held.pk)).get()
    told = [one for one in edges if node(one.source) != node(one.target)]
    pairs = {(node(source), node(target)): (source, target) for source, target in links}
    pairs |= {(node(one.source), node(one.target)): (one.source, one.target) for one in told}
    by_value = {(node(one.source), node(one.target)) for one in told if one.kind == "direct"}
    spoken = {(node(one.source), node(one.target)) for one in told}
    _links(
        held, {pair: ends for pair, ends in pairs.items() if pair[0] != pair[1]}, by_value | (pairs.keys() - spoken), at
    )
    _edges(held, told, at)
    if held.last_at is None or at > held.last_at:
        held.last_at = at
        held.save(update_fields=["last_at"])
    for rows in (Link.objects.filter(job=held), Edge.objects.filter(job=held)):
        rows.filter(last_at=held.last_at).exclude(valid_to=None).update(valid_to=None)
        over = rows.filter(last_at__lt=held.last_at)
        over.filter(Q(valid_to=None) | ~Q(valid_to=F("last_at"))).update(valid_to=F("last_at"))


def _links(
    job: ForeignJob, pairs: Mapping[tuple[int, int], tuple[End, End]], by_value: set[tuple[int, int]], at: datetime
) -> None:
    there = {(link.source_node, link.target_node): link for link in Link.objects.filter(job=job)}
    for pair in pairs.keys() & there.keys():
        link = there[pair]
        link.by_value = link.by_value or pair in by_value
        _stretch(link, at)
    Link.objects.bulk_update(
        [there[pair] for pair in pairs.keys() & there.keys()], ["by_value", "valid_from", "last_at"], batch_size=500
    )
    Link.objects.bulk_create(
        [
            Link(job=job, **ends(*pairs[pair]), by_value=pair in by_value, valid_from=at, last_at=at)
            for pair in sorted(pairs.keys() - there.keys())
        ],
        batch_size=AT_ONCE,
    )


def _edges(job: ForeignJob, told: Iterable[Told], at: datetime) -> None:
    wanted: dict[Key, Told] = {}
    for one in told:
        key: Key = (node(one.source), one.source_column, node(one.target), one.target_column, one.kind)
        before = wanted.get(key)
        wanted[key] = one if before is None else _joined(before, one)
    targets = {key[2] for key in wanted}
    there = {
        (edge.source_node, edge.source_column, edge.target_node, edge.target_column, edge.kind): edge
        for edge in Edge.objects.filter(job=job, target_node__in=targets)
    }
    for key in wanted.keys() & there.keys():
        edge = there[key]
        edge.how = ",".join(sorted({*filter(None, edge.how.split(",")), *wanted[key].how}))
        edge.masked = edge.masked and wanted[key].masked
        _stretch(edge, at)
    Edge.objects.bulk_update(
        [there[key] for key in wanted.keys() & there.keys()], ["how", "masked", "valid_from", "last_at"], batch_size=500
    )
    Edge.objects.bulk_create([_row(job, wanted[key], at) for key in wanted if key not in there], batch_size=AT_ONCE)


def _joined(before: Told, one: Told) -> Told:
    return Told(
        source=before.source,
        target=before.target,
        source_column=before.source_column,
        target_column=before.target_column,
        kind=before.kind,
        how=before.how | one.how,
        masked=before.masked and one.masked,
    )


def _row(job: ForeignJob, one: Told, at: datetime) -> Edge:
    return Edge(
        job=job,
        **ends(one.source, one.target),
        source_column=one.source_column,
        target_column=one.target_column,
        kind=one.kind,
        how=",".join(sorted(one.how)),
        masked=one.masked,
        valid_from=at,
        last_at=at,
    )


def _stretch(row: Any, at: datetime) -> None:
    row.valid_from = min(row.valid_from, at)
    row.last_at = max(row.last_at, at)
