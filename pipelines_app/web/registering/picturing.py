"""The graph of a draft as its SQL says it by now, and the first rows of a step."""

from dataclasses import dataclass

from pipelines_app.definitions import trying
from pipelines_app.definitions.trying import Bench
from pipelines_app.engines.base import Answer
from pipelines_app.errors import EngineError
from pipelines_app.web.telling import sentence


@dataclass(frozen=True)
class Node:
    """One dataset of the graph: what it is made from, and where it comes from."""

    name: str
    inputs: tuple[str, ...]
    role: str


@dataclass(frozen=True)
class Picture:
    """The graph for the eye and for the list beside it."""

    nodes: list[Node]

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        """Nodes and edges as static/js/lineage.js draws them."""
        named = {node.name for node in self.nodes}
        return {
            "nodes": [
                {"id": node.name, "label": node.name, "sub": node.role, "kind": "dataset"} for node in self.nodes
            ],
            "edges": [{"from": name, "to": node.name} for node in self.nodes for name in node.inputs if name in named],
        }


def of_bench(bench: Bench) -> Picture:
    """Sources, steps, and what the steps read from elsewhere."""
    sources = [source.dataset for source in bench.sources]
    made = {
        step.dataset or "(no name yet)": found for step, found in zip(bench.laid.steps, bench.laid.checked, strict=True)
    }
    read = {name for found in made.values() for name in found.inputs}
    nodes = [Node(name, (), "arrives") for name in sources] + [Node(name, (), "has a problem") for name in bench.faulty]
    for name in sorted(read - set(sources) - set(bench.faulty) - set(made)):
        nodes.append(Node(name, (), "exists already" if name in bench.laid.known else "does not exist"))
    nodes += [
        Node(name, found.inputs, "has a problem" if found.problems else "made here") for name, found in made.items()
    ]
    return Picture(nodes)


@dataclass(frozen=True)
class Preview:
    """The first rows of a step, or why there are none."""

    dataset: str = ""
    answer: Answer | None = None
    fault: str = ""
    rows: int = trying.PREVIEW_ROWS


def preview(bench: Bench, place: int | None) -> Preview | None:
    """The first rows of one step; None while there is nothing to run."""
    if place is None or place >= len(bench.laid.steps):
        return None
    dataset, found = bench.laid.steps[place].dataset, bench.laid.checked[place]
    if found.problems or dataset not in bench.laid.order:
        fault = found.problems[0].message if found.problems else "give the dataset a name first"
        return Preview(dataset=dataset, fault=fault)
    try:
        return Preview(dataset=dataset, answer=trying.preview(bench, dataset))
    except EngineError as error:
        return Preview(dataset=dataset, fault=sentence(error))
