"""Other tools: what they told of their runs and datasets, and which pipelines start on them."""

from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pipelines_app.access import spreadsheets
from pipelines_app.models import ForeignDataset, ForeignRun, ForeignTold, Listener, Pipeline
from pipelines_app.web import paging
from pipelines_app.web.asking import Asked

MOST = 200
CSV_ROWS = 10_000
HEADER = ["run", "team", "namespace", "job", "state", "began_at", "ended_at", "writes", "error"]


@login_required
@require_GET
def other_tools(request: Asked) -> HttpResponseBase:
    """Runs, newest first, and the datasets they write, with the pipelines that listen."""
    runs = ForeignRun.objects.visible_to(request.user).select_related("team")
    if request.GET.get("format") == "csv":
        return spreadsheets.answer("runs-of-other-tools", HEADER, map(_line, runs.order_by("-pk")[:CSV_ROWS]))
    page = paging.newest_first(runs, request)
    told = ForeignTold.objects.filter(run__in=[run.pk for run in page.rows])
    started = dict(told.values_list("run").annotate(Sum("started")))
    datasets = ForeignDataset.objects.visible_to(request.user).select_related("team")
    listeners = Listener.objects.filter(pipeline__in=Pipeline.objects.visible_to(request.user))
    context = {
        "page": page,
        "rows": [(run, started.get(run.pk, 0)) for run in page.rows],
        "datasets": list(datasets.order_by("-completed_at", "-pk")[:MOST]),
        "listeners": list(listeners.select_related("pipeline").order_by("namespace", "dataset", "pk")[:MOST]),
    }
    return render(request, "tools/other_tools.html", context)


def _line(run: ForeignRun) -> list[object]:
    began, ended = (moment.isoformat() if moment else "" for moment in (run.began_at, run.ended_at))
    writes = " ".join(name for _, name in run.outputs)
    return [str(run.run_id), run.team.name, run.namespace, run.job, run.state, began, ended, writes, run.error]
