"""Lineage: the whole graph, or what lies around one dataset, as a picture, as a list, and column by column."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pipelines_app.models import Dataset, Edge, EdgeKind, User
from pipelines_app.web import catalogue, foreign_lineage, lineage_graph
from pipelines_app.web.asking import Asked
from pipelines_app.web.lineage_graph import Drawn, Graph, Node

DEPTHS = {"1": "1 step", "2": "2 steps", "3": "3 steps", "all": "Everything connected"}
MOST_DRAWN = 300


@login_required
@require_GET
def lineage(request: Asked) -> HttpResponse:
    """The lineage of everything, or of the dataset in `?of=` as far as `?depth=` says."""
    of, depth = request.GET.get("of", ""), request.GET.get("depth", "2")
    focus = catalogue.visible(request.user).filter(name=of).first() if of else None
    if of and focus is None:
        raise Http404("There is no dataset of this name that you may see.")
    depth = depth if depth in DEPTHS else "2"
    context = {
        "focus": focus,
        "depth": depth,
        "depths": DEPTHS.items(),
        "names": list(Dataset.objects.visible_to(request.user).order_by("name").values_list("name", flat=True)),
        **shown(request.user, focus, depth=depth),
    }
    return render(request, "lineage/lineage.html", context)


def shown(user: User, focus: Dataset | None, *, depth: str) -> dict[str, object]:
    """What the picture, the list and the columns of a focus (or of everything) need."""
    own = pairs()
    every = [*own, *foreign_lineage.pairs(user, own)]
    whole = lineage_graph.graph_of(every, () if focus is None else [focus.pk])
    steps = int(depth) if depth.isdecimal() else None
    graph = whole if focus is None else lineage_graph.around(whole, focus.pk, depth=steps)
    drawn = draw(user, graph)
    return {
        "drawn": drawn,
        "graph": drawn.as_json() if len(drawn.nodes) <= MOST_DRAWN else None,
        "most": MOST_DRAWN,
        "columns": column_edges(user, focus) if focus else None,
    }


def _current() -> QuerySet[Edge]:
    return Edge.objects.filter(revision__pipeline__current=F("revision"))


def pairs() -> list[tuple[int, int]]:
    """Which dataset is made from which, by the revisions that hold now."""
    return list(_current().values_list("source_id", "target_id").distinct())


def draw(user: User, graph: Graph) -> Drawn:
    """A graph as this person may see it."""
    datasets = catalogue.visible(user).filter(pk__in=graph.nodes)
    seen = {dataset.pk: _node(dataset) for dataset in datasets}
    return lineage_graph.draw(graph, seen | foreign_lineage.nodes(user, graph.nodes))


def _node(dataset: Dataset) -> Node:
    return Node(
        id=f"dataset-{dataset.pk}",
        label=dataset.name,
        sub=dataset.pipeline.name if dataset.pipeline else dataset.team.name,
        url=reverse("console:dataset", args=[dataset.name]),
        state=str(vars(dataset)["standing"]),
    )


@dataclass(frozen=True)
class ColumnEdge:
    """One column feeding another, as the viewer may see it; an empty column stands for all of them."""

    source: str
    source_column: str
    target: str
    target_column: str
    is_direct: bool


def column_edges(user: User, dataset: Dataset) -> dict[str, list[ColumnEdge]]:
    """The edges into and out of a dataset, column by column; columns of datasets that are not shown stay unnamed."""
    edges = _current().filter(Q(target=dataset) | Q(source=dataset)).select_related("source", "target")
    visible = set(Dataset.objects.visible_to(user).filter(Q(edges_out__target=dataset) | Q(edges_in__source=dataset)))
    visible.add(dataset)
    lines = edges.order_by("target__name", "target_column", "kind", "source__name", "source_column")
    into = [_column_edge(edge, visible) for edge in lines if edge.target_id == dataset.pk]
    out = [_column_edge(edge, visible) for edge in lines if edge.source_id == dataset.pk]
    return {"into": list(dict.fromkeys(into)), "out": list(dict.fromkeys(out))}


def _column_edge(edge: Edge, visible: set[Dataset]) -> ColumnEdge:
    source, target = edge.source in visible, edge.target in visible
    return ColumnEdge(
        source=edge.source.name if source else "",
        source_column=edge.source_column if source else "",
        target=edge.target.name if target else "",
        target_column=edge.target_column if target else "",
        is_direct=edge.kind == EdgeKind.DIRECT,
    )
