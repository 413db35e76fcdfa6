"""Lineage: what lies around a dataset, what breaks if it goes, where a fault comes from; as a picture and as a list."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from pipelines_app.access import spreadsheets
from pipelines_app.lineage import finding, impact, showing, table
from pipelines_app.lineage.showing import Node, Question, Shown
from pipelines_app.models import Dataset, EdgeKind, User
from pipelines_app.web import catalogue, lineage_asked, lineage_graph
from pipelines_app.web.asking import Asked, is_fragment
from pipelines_app.web.lineage_asked import AskedLineage
from pipelines_app.web.lineage_graph import Drawn

MOST_DRAWN = 150
MOST_FOUND = 50
BAD = ("late", "quarantined", "waiting")


@login_required
@require_GET
def lineage(request: Asked) -> HttpResponseBase:
    """The lineage of everything, or around the dataset in `?of=`; the address says all there is to say."""
    asked = lineage_asked.read(request.GET)
    found = _found(request.user, asked)
    if [name for name in found if name == asked.q]:
        return redirect(asked.address(of=asked.q, q=""))
    focus = finding.number(request.user, asked.of) if asked.of else None
    if asked.of and focus is None:
        raise Http404("There is no dataset of this name that you may see.")
    if asked.node and is_fragment(request):
        return _vary(render(request, "lineage/_node.html", {"panel": panel(request.user, asked)}))
    shown = _look(request.user, focus, asked)
    if request.GET.get("format") == "csv":
        return spreadsheets.answer("lineage", table.HEADER, table.lines(shown))
    return _vary(render(request, "lineage/lineage.html", _context(request.user, asked, shown, found)))


def _vary(answer: HttpResponse) -> HttpResponse:
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def _found(user: User, asked: AskedLineage) -> list[str]:
    """The datasets that fit the words that are looked for."""
    if not asked.q:
        return []
    names = catalogue.searched(Dataset.objects.visible_to(user), words=asked.q)
    return list(names.order_by("name").values_list("name", flat=True)[:MOST_FOUND])


def _look(user: User, focus: int | None, asked: AskedLineage) -> Shown:
    if focus is None:
        return showing.whole(user, most=MOST_DRAWN, moment=asked.moment)
    question = Question(
        of=focus,
        sides=asked.sides,
        depth=asked.steps,
        columns=(asked.column,) if asked.column else (),
        also=tuple(finding.numbers(user, asked.opened)),
        moment=asked.moment,
    )
    return showing.look(user, question)


def _context(user: User, asked: AskedLineage, shown: Shown, found: list[str]) -> dict[str, object]:
    standings = _standings(user, shown)
    drawn = lineage_graph.draw(shown, standings, lambda node: asked.address(node=node.id), indirect=asked.show == "all")
    focus = shown.nodes.get(shown.of)
    return {
        "asked": asked,
        "focus": focus,
        "focus_id": _drawn_id(focus),
        "found": found,
        "modes": [(name, words, asked.address(mode=name, node="")) for name, words in lineage_asked.MODES.items()],
        "depths": lineage_asked.DEPTHS.items(),
        "shows": lineage_asked.SHOWN.items(),
        "shown": shown,
        "drawn": drawn,
        "graph": drawn.as_json() if len(drawn.nodes) <= MOST_DRAWN else None,
        "most": MOST_DRAWN,
        "csv_url": asked.csv,
        "hits": impact.hits(shown) if focus and asked.mode == "impact" else None,
        "causes": causes(shown, standings) if focus and asked.mode == "cause" else None,
        "panel": _chosen(user, asked, shown),
    }


def _chosen(user: User, asked: AskedLineage, shown: Shown) -> "Panel | None":
    """The panel of the chosen dataset, or of the one in the middle, which has been read already as a rule."""
    if asked.mode == "around" and not asked.column and asked.node in ("", asked.of):
        return _panel(shown, asked) if asked.of else None
    return panel(user, asked)


def _drawn_id(focus: Node | None) -> str:
    return "" if focus is None else focus.id if focus.is_foreign else f"dataset-{focus.number}"


def _standings(user: User, shown: Shown) -> dict[int, str]:
    own = [number for number, node in shown.nodes.items() if number > 0 and not node.restricted]
    return {one.pk: str(vars(one)["standing"]) for one in catalogue.visible(user).filter(pk__in=own)}


@dataclass(frozen=True)
class Cause:
    """A dataset upstream that is not as it should be; the first of them has nothing wrong above it."""

    node: Node
    state: str
    is_first: bool


def causes(shown: Shown, standings: dict[int, str]) -> list[Cause]:
    """What is wrong at or above a dataset, where it begins first."""
    bad = {number for number, state in standings.items() if state in BAD and number in shown.nodes}
    found = [Cause(shown.nodes[number], standings[number], not _above(shown, number) & bad) for number in bad]
    return sorted(found, key=lambda cause: (not cause.is_first, cause.node.depth, cause.node.id))


def _above(shown: Shown, number: int) -> set[int]:
    seen: set[int] = set()
    waiting = [number]
    while waiting:
        for node in shown.sources.get(waiting.pop(), []):
            if node.number not in seen:
                seen.add(node.number)
                waiting.append(node.number)
    return seen - {number}


@dataclass(frozen=True)
class ColumnEdge:
    """One column feeding another, as the viewer may see it; an empty column stands for all of them."""

    source: Node
    source_column: str
    target: Node
    target_column: str
    is_direct: bool
    how: str = ""
    masked: bool = False
    observed: bool = False


@dataclass(frozen=True)
class Panel:
    """The dataset that was chosen in the picture: its columns, and where one can go from it."""

    node: Node
    into: list[ColumnEdge]
    out: list[ColumnEdge]
    url: str
    focus_url: str
    open_url: str
    impact_url: str
    cause_url: str
    columns: list[tuple[str, str, str]]


def panel(user: User, asked: AskedLineage) -> Panel:
    """What is shown of the chosen dataset, or of the one in the middle."""
    number = finding.number(user, asked.node or asked.of)
    if number is None:
        raise Http404("There is no dataset of this name that you may see.")
    return _panel(showing.look(user, Question(of=number, depth=1, moment=asked.moment)), asked)


def _panel(shown: Shown, asked: AskedLineage) -> Panel:
    node = shown.nodes[shown.of]
    into, out = column_edges(shown)
    plain = AskedLineage(of=node.id, as_of=asked.as_of)
    names = sorted(
        {edge.target_column for edge in into if edge.target_column} | {e.source_column for e in out if e.source_column}
    )
    # A column that is followed is one of the dataset in the middle.
    followed = {"", asked.column.lower()} if asked.column and asked.node in ("", asked.of) else None
    return Panel(
        node=node,
        into=[edge for edge in into if followed is None or edge.target_column.lower() in followed],
        out=[edge for edge in out if followed is None or edge.source_column.lower() in followed],
        url=reverse("console:other-tools") if node.is_foreign else reverse("console:dataset", args=[node.name]),
        focus_url=plain.address(),
        open_url=asked.opening(node.id) if asked.of else plain.address(),
        impact_url=plain.address(mode="impact"),
        cause_url=plain.address(mode="cause"),
        columns=[
            (name, plain.address(mode="cause", column=name), plain.address(mode="impact", column=name))
            for name in names
        ],
    )


def column_edges(shown: Shown) -> tuple[list[ColumnEdge], list[ColumnEdge]]:
    """The edges into and out of the dataset in the middle; of restricted ones only that they are there."""
    edges = [
        ColumnEdge(
            source=shown.nodes[way.source],
            source_column=way.source_column,
            target=shown.nodes[way.target],
            target_column=way.target_column,
            is_direct=way.kind == EdgeKind.DIRECT,
            how=", ".join(way.how),
            masked=way.masked,
            observed=way.observed,
        )
        for way in shown.columns
    ]
    named = {(edge.source.number, edge.target.number) for edge in edges}
    for way in shown.ways:
        if (way.source, way.target) not in named:
            edges.append(
                ColumnEdge(
                    shown.nodes[way.source], "", shown.nodes[way.target], "", way.by_value, observed=not way.declared
                )
            )
    into = [edge for edge in edges if edge.target.number == shown.of]
    return into, [edge for edge in edges if edge.source.number == shown.of]


def around(user: User, dataset: Dataset, *, depth: int) -> dict[str, object]:
    """What the picture, the list and the columns of a dataset's page need."""
    shown = showing.look(user, Question(of=dataset.pk, depth=depth))
    drawn = drawn_for(user, shown)
    into, out = column_edges(shown)
    return {
        "drawn": drawn,
        "graph": drawn.as_json() if len(drawn.nodes) <= MOST_DRAWN else None,
        "most": MOST_DRAWN,
        "columns": {"into": into, "out": out},
        "focus_id": f"dataset-{dataset.pk}",
    }


def drawn_for(user: User, shown: Shown) -> Drawn:
    """A graph whose nodes lead to the pages of their datasets."""
    return lineage_graph.draw(shown, _standings(user, shown), page_of)


def page_of(node: Node) -> str:
    """Where a dataset is at home."""
    return reverse("console:other-tools") if node.is_foreign else reverse("console:dataset", args=[node.name])


def neighbours(user: User, dataset: Dataset) -> tuple[Iterable[lineage_graph.Node], Iterable[lineage_graph.Node]]:
    """What the dataset is made from and what is made from it, as the person may see them."""
    shown = showing.look(user, Question(of=dataset.pk, depth=1, with_columns=False))
    row = next(row for row in drawn_for(user, shown).rows if row.node.id == f"dataset-{dataset.pk}")
    return [one.node for one in row.sources], [one.node for one in row.targets]
