"""Lineage around a dataset as somebody may see it: what is restricted is there, without a word of what it is."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial

from pipelines_app.environments import mapping
from pipelines_app.lineage.among import Among
from pipelines_app.lineage.walking import MOST_NODES, Reach, Side, Walk
from pipelines_app.models import (
    Current,
    Dataset,
    Edge,
    EdgeKind,
    ForeignDataset,
    Gap,
    Link,
    User,
    VersionInput,
    held_at,
)

MOST_COLUMNS = 5_000
BOTH = (Side.UP, Side.DOWN)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked: which dataset, which way, how far; `columns` names those that are followed, if any are.

    Around each dataset in `also` one step more is shown.
    """

    of: int
    sides: tuple[Side, ...] = BOTH
    depth: int = 1
    columns: tuple[str, ...] = ()
    also: tuple[int, ...] = ()
    moment: datetime | None = None
    most: int = MOST_NODES
    with_columns: bool = True


@dataclass(frozen=True, kw_only=True)
class Node:
    """A dataset, ours or another tool's (with its namespace); of a restricted one only that it is there."""

    number: int
    id: str
    depth: int = 0
    restricted: bool = False
    name: str = ""
    namespace: str = ""
    team: str = ""
    pipeline: str = ""
    partial: tuple[str, ...] = ()

    @property
    def is_foreign(self) -> bool:
        return self.number < 0


@dataclass(frozen=True, kw_only=True)
class Way:
    """One dataset is made from another: as a revision declares it, as runs or other tools show it, or both.

    `observed` is None where nothing has been made yet that could show it.
    """

    source: int
    target: int
    by_value: bool
    declared: bool
    observed: bool | None


@dataclass(frozen=True, kw_only=True)
class ColumnWay:
    """One column feeds another; an empty one stands for all of its dataset."""

    source: int
    source_column: str
    target: int
    target_column: str
    kind: str
    how: tuple[str, ...]
    masked: bool
    observed: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The answer: the nearest datasets first, and whether there is more than fits."""

    of: int
    nodes: dict[int, Node]
    ways: list[Way]
    columns: list[ColumnWay]
    truncated: bool

    @cached_property
    def sources(self) -> dict[int, list[Node]]:
        """What each dataset is made from."""
        return self._neighbours((way.target, way.source) for way in self.ways)

    @cached_property
    def targets(self) -> dict[int, list[Node]]:
        """What is made from each dataset."""
        return self._neighbours((way.source, way.target) for way in self.ways)

    def _neighbours(self, pairs: Iterable[tuple[int, int]]) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = defaultdict(list)
        for here, there in pairs:
            found[here].append(self.nodes[there])
        return found


def look(user: User, question: Question) -> Shown:
    """Walk from a dataset that the person may see; restricted ones on the way do not break it."""
    walk = Walk(depth=question.depth, most=question.most, moment=question.moment)
    reaches = {side: _reach(walk, question, side) for side in question.sides}
    depths = _depths(reaches)
    cut = _opened(walk, question, depths)
    known = _known(user, depths)
    ways = _ways(user, known, question)
    connected = _connected(question, ways)
    shown = {number: make for number, make in known.items() if number in connected}
    gaps = _gaps(shown, question)
    nodes = {
        number: make(depth=_depth(depths[number], connected[number]), partial=gaps.get(number, ()))
        for number, make in shown.items()
    }
    ways = [way for way in ways if way.source in nodes and way.target in nodes]
    columns, more = _columns(user, nodes, question, reaches) if question.with_columns else ([], False)
    return Shown(
        of=question.of,
        nodes=nodes,
        ways=sorted(ways, key=lambda way: (nodes[way.source].id, nodes[way.target].id)),
        columns=columns,
        truncated=cut or more or any(reach.truncated for reach in reaches.values()),
    )


def whole(user: User, *, most: int, moment: datetime | None = None) -> Shown:
    """Everything that is made from something, where it is not too much; else the first of it."""
    links = Link.objects.told_to(user).held(moment).order_by("pk").values_list("source_node", "target_node")
    numbers: dict[int, int] = {}
    for pair in links[: 20 * most].iterator():
        numbers |= dict.fromkeys(pair, 0)
        if len(numbers) > most:
            break
    question = Question(of=0, moment=moment, with_columns=False)
    known = _known(user, dict(list(numbers.items())[:most]))
    ways = _ways(user, known, question)
    gaps = _gaps(known, question)
    nodes = {number: make(depth=0, partial=gaps.get(number, ())) for number, make in known.items()}
    return Shown(of=0, nodes=nodes, ways=ways, columns=[], truncated=len(numbers) > most)


def _reach(walk: Walk, question: Question, side: Side) -> Reach:
    if question.columns:
        return walk.columns(question.of, question.columns, side)
    return walk.datasets(question.of, side)


def _depths(reaches: Mapping[Side, Reach]) -> dict[int, int]:
    """By dataset how far away it is, upstream below zero; nearest first."""
    found: dict[int, int] = {}
    for side, reach in reaches.items():
        for number, depth in reach.depths.items():
            found.setdefault(number, -depth if side is Side.UP else depth)
    return dict(sorted(found.items(), key=lambda item: (abs(item[1]), item[0])))


def _opened(walk: Walk, question: Question, depths: dict[int, int]) -> bool:
    """Add what lies one step around the datasets that were opened, as far as it fits; says whether it did not."""
    for number in question.also:
        at = depths.get(number)
        if at is None:
            continue
        for side in BOTH:
            for neighbour, far in replace(walk, depth=1).datasets(number, side).depths.items():
                if neighbour not in depths and len(depths) >= question.most:
                    return True
                depths.setdefault(neighbour, at - far if side is Side.UP else at + far)
    return False


def _known(user: User, depths: Mapping[int, int]) -> dict[int, "partial[Node]"]:
    """The nodes as the person may see them, but for their distance and gaps; what other tools told other teams is left
    out."""
    own = Dataset.objects.visible_to(user).filter(pk__in=Among(number for number in depths if number > 0))
    shown = {
        pk: partial(Node, number=pk, id=name, name=name, team=team, pipeline=pipeline or "")
        for pk, name, team, pipeline in own.values_list("pk", "name", "team__name", "pipeline__name")
    }
    foreign = [-number for number in depths if number < 0]
    if foreign:
        for one in ForeignDataset.objects.visible_to(user).filter(pk__in=foreign).select_related("team"):
            told = partial(Node, number=-one.pk, id=f"foreign-{one.pk}", name=one.name, namespace=one.namespace)
            shown[-one.pk] = partial(told, team=one.team.name)
    hidden = sorted(number for number in depths if number > 0 and number not in shown)
    for place, number in enumerate(hidden, start=1):
        shown[number] = partial(Node, number=number, id=f"restricted-{place}", restricted=True)
    return {number: shown[number] for number in depths if number in shown}


def _ways(user: User, known: Collection[int], question: Question) -> list[Way]:
    links = Link.objects.told_to(user).held(question.moment).filter(source_node__in=Among(known))
    found: dict[tuple[int, int], Way] = {}
    made = {} if question.moment else _made_from(known)
    for source, target, by_value, job in links.values_list("source_node", "target_node", "by_value", "job_id"):
        if target not in known:
            continue
        way = found.get((source, target))
        declared = job is None or (way is not None and way.declared)
        told = job is not None or (way is not None and bool(way.observed))
        seen = told or (source in made[target] if target in made else None)
        value = by_value or (way is not None and way.by_value)
        found[source, target] = Way(
            source=source,
            target=target,
            by_value=value,
            declared=declared,
            observed=seen or (None if seen is None else False),
        )
    for target, sources in made.items():
        for source in sources & set(known) - {source for source, to in found if to == target}:
            found[source, target] = Way(source=source, target=target, by_value=False, declared=False, observed=True)
    return list(found.values())


def _made_from(known: Iterable[int]) -> dict[int, set[int]]:
    """By dataset what the version that readers see was made from."""
    ours = Among(one for one in known if one > 0)
    current = Current.objects.filter(environment__name=mapping.PRODUCTION, dataset__in=ours)
    versions = dict(current.values_list("version_id", "dataset_id"))
    found: dict[int, set[int]] = {dataset: set() for dataset in versions.values()}
    inputs = VersionInput.objects.filter(version__in=Among(versions)) if versions else VersionInput.objects.none()
    for version, source in inputs.values_list("version_id", "read__dataset_id"):
        found[versions[version]].add(source)
    return found


def _connected(question: Question, ways: Iterable[Way]) -> dict[int, int]:
    """What can still be reached once that which nobody told this person is left out, and in how many steps."""
    steps: dict[Side, dict[int, list[int]]] = {Side.UP: defaultdict(list), Side.DOWN: defaultdict(list)}
    for way in ways:
        steps[Side.DOWN][way.source].append(way.target)
        steps[Side.UP][way.target].append(way.source)
    reached = {question.of: 0}
    for side in question.sides:
        reached = _walked(steps[side], question.of) | reached
    for number in question.also:
        if number in reached:
            near = [*steps[Side.UP][number], *steps[Side.DOWN][number]]
            reached = dict.fromkeys(near, reached[number] + 1) | reached
    return reached


def _walked(steps: Mapping[int, list[int]], start: int) -> dict[int, int]:
    seen, waiting = {start: 0}, deque([start])
    while waiting:
        here = waiting.popleft()
        for number in steps.get(here, []):
            if number not in seen:
                seen[number] = seen[here] + 1
                waiting.append(number)
    return seen


def _depth(walked: int, steps: int) -> int:
    """How far a node is: a walk all the way tells only near from far, and columns may go longer ways."""
    if steps <= abs(walked):
        return walked
    return steps if walked > 0 else -steps


def _columns(
    user: User, nodes: Mapping[int, Node], question: Question, reaches: Mapping[Side, Reach]
) -> tuple[list[ColumnWay], bool]:
    """The edges between the columns of datasets that are shown: those that were followed, or all of them."""
    seen = [number for number, node in nodes.items() if not node.restricted]
    both = {"source_node__in": Among(seen), "target_node__in": Among(seen)}
    edges = Edge.objects.told_to(user).held(question.moment).filter(**both)
    fields = ("source_node", "source_column", "target_node", "target_column", "kind", "how", "masked", "job_id")
    rows = list(
        edges.order_by("target_node", "target_column", "kind", "source_node", "source_column", "pk").values_list(
            *fields
        )[: MOST_COLUMNS + 1]
    )
    found = [
        ColumnWay(
            source=source,
            source_column=source_column,
            target=target,
            target_column=target_column,
            kind=kind,
            how=tuple(how.split(",")) if how else (),
            masked=masked,
            observed=job is not None,
        )
        for source, source_column, target, target_column, kind, how, masked, job in rows[:MOST_COLUMNS]
    ]
    if question.columns:
        found = [way for way in found if _followed(way, reaches)]
    return list(dict.fromkeys(found)), len(rows) > MOST_COLUMNS


def _followed(way: ColumnWay, reaches: Mapping[Side, Reach]) -> bool:
    """Whether an edge lies on the walk of some side."""
    ends = {
        Side.DOWN: (way.source, way.source_column, way.target),
        Side.UP: (way.target, way.target_column, way.source),
    }
    for side, reach in reaches.items():
        near, name, far = ends[side]
        names = reach.columns.get(near, frozenset())
        whole = name == "" and (side is Side.UP or (way.kind == EdgeKind.DIRECT and not way.masked))
        if names and far in reach.columns and ("" in names or name in names or whole):
            return True
    return False


def _gaps(known: Mapping[int, "partial[Node]"], question: Question) -> dict[int, tuple[str, ...]]:
    """By dataset why not all of its columns could be told; of restricted ones nothing is."""
    seen = Among(number for number, make in known.items() if number > 0 and not make.keywords.get("restricted"))
    gaps = Gap.objects.filter(held_at(question.moment), dataset__in=seen)
    reasons: dict[int, tuple[str, ...]] = {}
    for dataset, reason in gaps.order_by("pk").values_list("dataset_id", "reason"):
        reasons[dataset] = (*reasons.get(dataset, ()), reason)
    return reasons
