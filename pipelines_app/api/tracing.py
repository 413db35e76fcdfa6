"""The lineage around a dataset as the API tells it."""

from pipelines_app.lineage.impact import Removal
from pipelines_app.lineage.showing import ColumnWay, Node, Shown, Way


def told(shown: Shown) -> dict[str, object]:
    """Nodes, edges between datasets and edges between columns; what the caller may not see is an opaque node."""
    ids = {number: node.id for number, node in shown.nodes.items()}
    return {
        "of": ids[shown.of],
        "nodes": [_node(node) for node in sorted(shown.nodes.values(), key=lambda node: (node.restricted, node.id))],
        "edges": [_way(way, ids) for way in shown.ways],
        "columns": [_column(way, ids) for way in shown.columns],
        "truncated": shown.truncated,
    }


def _node(node: Node) -> dict[str, object]:
    if node.restricted:
        return {"id": node.id, "restricted": True, "depth": node.depth}
    said: dict[str, object] = {"id": node.id, "restricted": False, "dataset": node.name, "team": node.team}
    said |= {"depth": node.depth}
    said |= {"pipeline": node.pipeline} if node.pipeline else {}
    said |= {"namespace": node.namespace} if node.is_foreign else {}
    return said | ({"partial": list(node.partial)} if node.partial else {})


def _way(way: Way, ids: dict[int, str]) -> dict[str, object]:
    return {
        "source": ids[way.source],
        "target": ids[way.target],
        "kind": "direct" if way.by_value else "indirect",
        "declared": way.declared,
        "observed": way.observed,
    }


def _column(way: ColumnWay, ids: dict[int, str]) -> dict[str, object]:
    return {
        "source": ids[way.source],
        "source_column": way.source_column,
        "target": ids[way.target],
        "target_column": way.target_column,
        "kind": way.kind,
        "how": list(way.how),
        "masked": way.masked,
        "observed": way.observed,
    }


def breaks(removals: list[Removal]) -> list[dict[str, object]]:
    """What goes, and for each whom that hits."""
    return [
        {
            "dataset": one.dataset,
            "columns": list(one.columns),
            "truncated": one.truncated,
            "hits": [
                _node(hit.node)
                | {"breaks": hit.breaks, "through": list(hit.through), "columns": list(hit.columns)}
                | {"email": hit.email, "promises": list(hit.promises)}
                for hit in one.hits
            ],
        }
        for one in removals
    ]
