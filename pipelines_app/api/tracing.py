"""The lineage around a dataset, as far as somebody may see it."""

from collections.abc import Iterable, Sequence

from django.db.models import F

from pipelines_app.models import Dataset, Edge, User


def trace(dataset: Dataset, *, sides: Sequence[str], depth: int, user: User) -> dict[str, object]:
    """Nodes, edges between datasets and edges between columns, by the current revisions, one query for each step away.

    What the user may not see is an opaque node, and nothing beyond it is followed.
    """
    visible = set(Dataset.objects.visible_to(user).values_list("pk", flat=True))
    edges: dict[int, Edge] = {}
    for side in sides:
        edges.update(_walk(dataset, side, depth, visible))
    return _graph(dataset, list(edges.values()), visible)


def _walk(dataset: Dataset, side: str, depth: int, visible: set[int]) -> dict[int, Edge]:
    near, far = ("target", "source") if side == "upstream" else ("source", "target")
    found: dict[int, Edge] = {}
    known, frontier = {dataset.pk}, {dataset.pk}
    current = Edge.objects.filter(revision=F("revision__pipeline__current"))
    related = ("source__team", "source__pipeline", "target__team", "target__pipeline")
    for _ in range(depth):
        step = list(current.filter(**{f"{near}__in": frontier}).select_related(*related).order_by("id"))
        found.update({edge.pk: edge for edge in step})
        frontier = {getattr(edge, f"{far}_id") for edge in step} - known
        known |= frontier
        frontier &= visible
        if not frontier:
            break
    return found


def _graph(dataset: Dataset, edges: Sequence[Edge], visible: set[int]) -> dict[str, object]:
    touched = {dataset.pk: dataset}
    for edge in edges:
        touched.update({edge.source_id: edge.source, edge.target_id: edge.target})
    hidden = sorted(touched.keys() - visible)
    names = {pk: f"restricted-{number}" for number, pk in enumerate(hidden, start=1)}
    names.update({pk: one.name for pk, one in touched.items() if pk in visible})
    return {
        "of": dataset.name,
        "nodes": [_node(touched[pk], names[pk], shown=pk in visible) for pk in sorted(touched)],
        "edges": _between_tables(edges, names),
        "columns": [
            {
                "source": names[edge.source_id],
                "source_column": edge.source_column,
                "target": names[edge.target_id],
                "target_column": edge.target_column,
                "kind": edge.kind,
            }
            for edge in edges
            if edge.source_id in visible and edge.target_id in visible
        ],
    }


def _node(dataset: Dataset, name: str, *, shown: bool) -> dict[str, object]:
    if not shown:
        return {"id": name, "restricted": True}
    node = {"id": name, "restricted": False, "dataset": dataset.name, "team": dataset.team.name}
    return {**node, "pipeline": dataset.pipeline.name} if dataset.pipeline else node


def _between_tables(edges: Iterable[Edge], names: dict[int, str]) -> list[dict[str, str]]:
    pairs = sorted({(names[edge.source_id], names[edge.target_id]) for edge in edges})
    return [{"source": source, "target": target} for source, target in pairs]
