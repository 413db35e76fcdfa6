"""Other tools: what they told of their runs and datasets, and which pipelines start on them."""

from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pipelines_app.models import ForeignDataset, ForeignRun, ForeignTold, Listener, Pipeline
from pipelines_app.web import paging
from pipelines_app.web.asking import Asked

MOST = 200


@login_required
@require_GET
def other_tools(request: Asked) -> HttpResponse:
    """Runs, newest first, and the datasets they write, with the pipelines that listen."""
    page = paging.newest_first(ForeignRun.objects.visible_to(request.user).select_related("team"), request)
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
