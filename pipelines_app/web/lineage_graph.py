"""Lineage drawn for a viewer: the picture and the list that says the same. Values in, values out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipelines_app.lineage.showing import Node as Seen
from pipelines_app.lineage.showing import Shown


@dataclass(frozen=True)
class Node:
    """A dataset as the viewer may see it: one that is restricted has no name, no state and no address."""

    id: str
    label: str
    sub: str = ""
    url: str = ""
    state: str = ""
    is_hidden: bool = False
    partial: tuple[str, ...] = ()


@dataclass(frozen=True)
class Neighbour:
    """A dataset beside another, and how they go together."""

    node: Node
    by_value: bool
    declared: bool
    observed: bool | None


@dataclass(frozen=True)
class Row:
    """One line of the list that says the same as the picture."""

    node: Node
    sources: list[Neighbour]
    targets: list[Neighbour]


@dataclass(frozen=True)
class Drawn:
    """What the picture and the list show: nodes, edges, and for each what it is made from and what is made from it."""

    nodes: list[Node]
    edges: list[dict[str, str]]
    rows: list[Row] = field(default_factory=list)

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        """The picture's nodes and edges."""
        nodes = [
            {"id": node.id, "label": node.label, "sub": node.sub, "kind": "hidden" if node.is_hidden else "dataset"}
            | ({"url": node.url} if node.url else {})
            | ({"state": node.state} if node.state else {})
            for node in self.nodes
        ]
        return {"nodes": nodes, "edges": self.edges}


Standings = Mapping[int, str]


def draw(shown: Shown, standings: Standings, address: Callable[[Seen], str], *, indirect: bool = True) -> Drawn:
    """Draw a graph; `address` is where a node leads, `indirect` whether what only decides over rows is shown."""
    known = {number: _node(seen, standings.get(number, ""), address) for number, seen in shown.nodes.items()}
    sources: dict[int, list[Neighbour]] = {}
    targets: dict[int, list[Neighbour]] = {}
    edges = []
    for way in shown.ways:
        if not indirect and not way.by_value:
            continue
        kind = "told" if not way.declared else "direct" if way.by_value else "indirect"
        edges.append({"from": known[way.source].id, "to": known[way.target].id, "kind": kind})
        as_shown = (way.by_value, way.declared, way.observed)
        targets.setdefault(way.source, []).append(Neighbour(known[way.target], *as_shown))
        sources.setdefault(way.target, []).append(Neighbour(known[way.source], *as_shown))
    order = sorted(known, key=lambda number: (known[number].is_hidden, known[number].label, number))
    rows = [Row(known[pk], sources.get(pk, []), targets.get(pk, [])) for pk in order if not known[pk].is_hidden]
    return Drawn(nodes=[known[pk] for pk in order], edges=edges, rows=rows)


def _node(seen: Seen, state: str, address: Callable[[Seen], str]) -> Node:
    if seen.restricted:
        hidden = seen.id.replace("restricted-", "hidden-")
        return Node(id=hidden, label="Restricted", sub="of another team", is_hidden=True)
    if seen.is_foreign:
        sub = f"external: {seen.namespace}"
        return Node(id=seen.id, label=seen.name, sub=sub, url=address(seen), state="external")
    url, sub = address(seen), seen.pipeline or seen.team
    return Node(id=f"dataset-{seen.number}", label=seen.name, sub=sub, url=url, state=state, partial=seen.partial)
