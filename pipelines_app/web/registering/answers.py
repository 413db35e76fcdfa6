"""What the SQL editor and the live parts of the form ask for while somebody types. Nothing is written down."""

import copy

from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.compiler.compile import Checked
from pipelines_app.definitions import trying
from pipelines_app.web.asking import Asked
from pipelines_app.web.registering import picturing
from pipelines_app.web.registering.desk import Desk, editors_only, opened
from pipelines_app.web.registering.steps_page import Posted


def _typed(desk: Desk) -> tuple[trying.Bench, int | None]:
    """The draft with what stands in the form by now, and which step is asked about."""
    posted = Posted(desk.request.POST)
    document = posted.written(copy.deepcopy(desk.document))
    return desk.bench(document), posted.place(desk.request.POST.get("field", ""))


@editors_only
@require_POST
def check_sql(request: Asked, pk: int) -> HttpResponseBase:
    """The faults of a step's SQL with their places, or the columns it gives."""
    bench, place = _typed(opened(request, pk))
    found = Checked() if place is None else trying.check(bench, place)
    return JsonResponse(
        {
            "problems": [
                {
                    "line": problem.line or 1,
                    "column": problem.column or 1,
                    "message": problem.message,
                    "suggestion": problem.suggestion,
                }
                for problem in found.problems
            ],
            "columns": [{"name": column.name, "type": column.type} for column in found.columns],
        }
    )


@editors_only
@require_GET
def schema(request: Asked, pk: int) -> HttpResponseBase:
    """Tables, columns and parameters for completion."""
    desk = opened(request, pk)
    known = desk.bench().laid.known
    return JsonResponse(
        {
            "tables": [
                {"name": name, "columns": [{"name": one.name, "type": one.type} for one in relation.columns]}
                for name, relation in sorted(known.items())
            ],
            "parameters": [
                {"name": name, "type": str(entry.get("type", ""))} for name, entry in desk.section("parameters").items()
            ],
        }
    )


@editors_only
@require_POST
def preview(request: Asked, pk: int) -> HttpResponseBase:
    """The first rows of a step as it is typed; nothing new while its SQL has a fault."""
    bench, place = _typed(opened(request, pk))
    shown = picturing.preview(bench, place)
    if shown is None or (place is not None and bench.laid.checked[place].problems):
        return HttpResponse(status=204)
    return render(request, "register/_preview.html", {"shown": shown})


@editors_only
@require_POST
def graph(request: Asked, pk: int) -> HttpResponseBase:
    """The graph as the SQL in the form says it."""
    bench, _ = _typed(opened(request, pk))
    return render(request, "register/_graph.html", {"picture": picturing.of_bench(bench)})
