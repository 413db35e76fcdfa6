"""Why things happened and what came of them: events and runs as a tree, a few questions for each level of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from pipelines_app.facts import (
    CheckFailed,
    ChecksHeld,
    DataQuarantined,
    DatasetPublished,
    RunMoved,
    RunWasPartial,
    StepEnded,
    StepHeld,
    StepRetried,
    StepReused,
    StepStaged,
    StepStarted,
)
from pipelines_app.models import DatasetVersion, Event, Run, RunState, User

DEPTH = 12
WIDTH = 20
MOST = 200
_STEPS = [StepStarted.kind, StepStaged.kind, StepReused.kind, StepRetried.kind, StepEnded.kind, StepHeld.kind]
_SHOWN = [DatasetPublished.kind, DataQuarantined.kind, CheckFailed.kind, RunWasPartial.kind]
# What a run tells of itself: it is shown as the run.
OF_RUNS = [*_STEPS, *_SHOWN, ChecksHeld.kind, RunMoved.kind]
_BAD_ENDS = [RunState.FAILED, RunState.QUARANTINED]

Key = tuple[str, int]


@dataclass(kw_only=True)
class Node:
    """An event or a run, and what led to it or came of it; `more` are left out, `again` says: told above."""

    event: Event | None = None
    run: Run | None = None
    restricted: bool = False
    children: list["Node"] = field(default_factory=list)
    more: int = 0
    again: bool = False

    @property
    def key(self) -> Key:
        return ("run", self.run.pk) if self.run is not None else ("event", self.event.pk if self.event else 0)


def causes(root: Node, user: User) -> Node:
    """What led to a run or an event, as far as the person may see it."""
    return _grown(root, _up, user)


def effects(root: Node, user: User) -> Node:
    """What came of a run or an event, as far as the person may see it."""
    return _grown(root, _down, user)


def of_version(version: DatasetVersion) -> tuple[Node, Node]:
    """Where the causes and the effects of a version begin: the run that made it, and its publication."""
    run = Run.objects.select_related("pipeline").get(pk=version.step_run.run_id)
    told = Event.objects.filter(run=run.pk, kind=DatasetPublished.kind, dataset=version.dataset.name)
    published = told.order_by("id").first()
    return Node(run=run), Node(event=published) if published is not None else Node(run=run)


Found = tuple[Node, Node, int]  # of which node, what, and of how many


def _grown(root: Node, grow: Any, user: User) -> Node:
    seen, level, number = {root.key}, [root], 1
    for _ in range(DEPTH):
        following: list[Node] = []
        for parent, child, total in grow(level):
            if len(parent.children) >= WIDTH or number >= MOST:
                parent.more = total - len(parent.children)
                continue
            parent.children.append(child)
            number += 1
            child.again = child.key in seen
            if not child.again:
                seen.add(child.key)
                following.append(child)
        level = following
        if not level:
            break
    for node in level:
        node.more = max(node.more, 0)
    _veil(root, user)
    return root


def _up(level: Sequence[Node]) -> list[Found]:
    made = [node for node in level if node.event is not None and node.event.run and node.event.kind in OF_RUNS]
    other = [node for node in level if node.event is not None and node not in made and node.event.cause_id]
    runs = {run.pk: run for run in _runs(Run.objects.filter(pk__in=[node.event.run for node in made if node.event]))}
    above = Event.objects.in_bulk([node.event.cause_id for node in other if node.event]) if other else {}
    found: list[Found] = []
    for node in made:
        if node.event is not None and node.event.run in runs:
            found.append((node, Node(run=runs[node.event.run]), 1))
    for node in other:
        if node.event is not None and node.event.cause_id in above:
            found.append((node, Node(event=above[node.event.cause_id]), 1))
    return found + _links(level, "run", "event")


def _down(level: Sequence[Node]) -> list[Found]:
    events = {node.event.pk: node for node in level if node.event is not None}
    runs = {node.run.pk: node for node in level if node.run is not None}
    found = _links(level, "event", "run")
    if events:
        came = Event.objects.filter(cause__in=events).exclude(kind__in=OF_RUNS)
        found += [(events[one.cause_id], Node(event=one), one.total) for one in _first(came, "cause")]
    if runs:
        ended = Q(kind=RunMoved.kind, body__state__in=_BAD_ENDS)
        told = Event.objects.filter(Q(kind__in=_SHOWN) | ended, run__in=runs)
        found += [(runs[one.run], Node(event=one), one.total) for one in _first(told, "run")]
    return found


def _links(level: Sequence[Node], side: str, other: str) -> list[Found]:
    """From runs to the events merged into them, or from events to the runs that took them."""
    nodes = {node.key[1]: node for node in level if node.key[0] == side}
    if not nodes:
        return []
    link = Run.causes.through.objects.filter(**{f"{side}__in": nodes})
    related = "event" if other == "event" else "run__pipeline"
    return [
        (nodes[getattr(one, f"{side}_id")], Node(**{other: getattr(one, other)}), one.total)
        for one in _first(link.select_related(related), side)
    ]


def _first(rows: QuerySet[Any], by: str) -> Iterable[Any]:
    """The first rows of each, oldest first, and how many each has."""
    numbered = rows.annotate(
        place=Window(RowNumber(), partition_by=F(by), order_by=F("pk").asc()),
        total=Window(Count("pk"), partition_by=F(by)),
    )
    first: Iterable[Any] = numbered.filter(place__lte=WIDTH + 1).order_by("pk")
    return first


def _runs(rows: QuerySet[Run]) -> QuerySet[Run]:
    return rows.select_related("pipeline")


def every(root: Node) -> Iterable[tuple[Node, int, int | None]]:
    """The nodes of a tree from its root on, each with its depth and the place of its parent."""
    waiting: list[tuple[Node, int, int | None]] = [(root, 0, None)]
    place = 0
    while waiting:
        node, depth, parent = waiting.pop()
        yield node, depth, parent
        waiting += [(child, depth + 1, place) for child in reversed(node.children)]
        place += 1


def _veil(root: Node, user: User) -> None:
    """Take away what the person may not see; costs two queries."""
    nodes = [node for node, _, _ in every(root)]
    events = [node.event.pk for node in nodes if node.event is not None]
    runs = [node.run.pk for node in nodes if node.run is not None]
    seen = {("event", pk) for pk in Event.objects.visible_to(user).filter(pk__in=events).values_list("pk", flat=True)}
    seen |= {("run", pk) for pk in Run.objects.visible_to(user).filter(pk__in=runs).values_list("pk", flat=True)}
    for node in nodes:
        if node.key not in seen:
            node.restricted, node.event, node.run, node.more = True, None, None, 0
