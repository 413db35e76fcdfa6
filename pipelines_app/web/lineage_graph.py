"""Lineage as a graph of datasets: who is made from whom, how far around one of them, drawn for a viewer. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Pairs = frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Graph:
    """Datasets by id, and pairs (source, target)."""

    nodes: frozenset[int]
    pairs: Pairs

    def sources(self, node: int) -> list[int]:
        """What a dataset is made from."""
        return sorted(source for source, target in self.pairs if target == node)

    def targets(self, node: int) -> list[int]:
        """What is made from a dataset."""
        return sorted(target for source, target in self.pairs if source == node)


def graph_of(pairs: Iterable[tuple[int, int]], alone: Iterable[int] = ()) -> Graph:
    """The graph of some pairs, and of datasets that stand alone."""
    found = frozenset(pairs)
    return Graph(nodes=frozenset(node for pair in found for node in pair) | frozenset(alone), pairs=found)


def around(graph: Graph, centre: int, *, depth: int | None) -> Graph:
    """What lies within `depth` steps up or down of a dataset, or all that is connected to it that way."""
    down: dict[int, list[int]] = {}
    up: dict[int, list[int]] = {}
    for source, target in graph.pairs:
        down.setdefault(source, []).append(target)
        up.setdefault(target, []).append(source)
    kept = {centre} | _reached(up, centre, depth) | _reached(down, centre, depth)
    return Graph(
        nodes=frozenset(kept), pairs=frozenset(pair for pair in graph.pairs if pair[0] in kept and pair[1] in kept)
    )


def _reached(ways: Mapping[int, list[int]], start: int, depth: int | None) -> set[int]:
    seen = {start}
    waiting = deque([(start, 0)])
    while waiting:
        node, steps = waiting.popleft()
        if depth is not None and steps >= depth:
            continue
        for neighbour in ways.get(node, []):
            if neighbour not in seen:
                seen.add(neighbour)
                waiting.append((neighbour, steps + 1))
    return seen


@dataclass(frozen=True)
class Node:
    """A dataset as the viewer may see it: one that is restricted has no name, no state and no address."""

    id: str
    label: str
    sub: str = ""
    url: str = ""
    state: str = ""
    is_hidden: bool = False


@dataclass(frozen=True)
class Drawn:
    """What the picture and the list show: nodes by id, and for each what it is made from and what is made from it."""

    nodes: list[Node]
    edges: list[dict[str, str]]
    rows: list["Row"] = field(default_factory=list)

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        """The picture's nodes and edges."""
        nodes = [
            {"id": node.id, "label": node.label, "sub": node.sub, "kind": "hidden" if node.is_hidden else "dataset"}
            | ({"url": node.url} if node.url else {})
            | ({"state": node.state} if node.state else {})
            for node in self.nodes
        ]
        return {"nodes": nodes, "edges": self.edges}


@dataclass(frozen=True)
class Row:
    """One line of the list that says the same as the picture."""

    node: Node
    sources: list[Node]
    targets: list[Node]


def draw(graph: Graph, seen: Mapping[int, Node]) -> Drawn:
    """Draw a graph; a dataset that is not in `seen` is there as a number and no more."""
    hidden = {pk: place for place, pk in enumerate(sorted(graph.nodes - seen.keys()), start=1)}
    known = {
        pk: seen.get(pk) or Node(id=f"hidden-{hidden[pk]}", label="Restricted", sub="of another team", is_hidden=True)
        for pk in graph.nodes
    }
    order = sorted(graph.nodes, key=lambda pk: (known[pk].is_hidden, known[pk].label, pk))
    edges = sorted(
        ({"from": known[a].id, "to": known[b].id} for a, b in graph.pairs), key=lambda edge: tuple(edge.values())
    )
    sources: dict[int, list[Node]] = {}
    targets: dict[int, list[Node]] = {}
    for source, target in sorted(graph.pairs):
        targets.setdefault(source, []).append(known[target])
        sources.setdefault(target, []).append(known[source])
    rows = [Row(known[pk], sources.get(pk, []), targets.get(pk, [])) for pk in order if not known[pk].is_hidden]
    return Drawn(nodes=[known[pk] for pk in order], edges=edges, rows=rows)
