"""One version: what it holds, what it was made from, how its checks went, and what was set aside on the way."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from pipelines_app.access import discretion, redaction
from pipelines_app.models import Arrival, CheckResult, Dataset, DatasetVersion, Part, Reject, VersionInput, VersionState
from pipelines_app.web import dataset_tabs
from pipelines_app.web.asking import Asked, is_fragment

MOST_LISTED = 100


@login_required
@require_GET
@vary_on_headers("HX-Request")
def version(request: Asked, pk: int) -> HttpResponse:
    """A version's page; `?part=preview` gives its first rows alone."""
    visible = Dataset.objects.visible_to(request.user)
    known = DatasetVersion.objects.filter(dataset__in=visible)
    found = get_object_or_404(known.select_related("dataset__team", "environment", "step_run__run__pipeline"), pk=pk)
    if request.GET.get("part") == "preview":
        _refuse_held(request, found)
        shown = dataset_tabs.preview(request.user, found, limit=20)
        template = "datasets/_preview.html" if is_fragment(request) else "datasets/version_rows.html"
        return render(request, template, {"version": found, "dataset": found.dataset, **shown})
    return render(request, "datasets/version.html", _context(request, found))


def _refuse_held(request: Asked, found: DatasetVersion) -> None:
    """Rows in quarantine are for those who may mend them."""
    if found.state != VersionState.QUARANTINED:
        return
    if not Dataset.objects.operable_by(request.user).filter(pk=found.dataset_id).exists():
        raise Http404("A version in quarantine is shown to those who may edit the dataset.")


def _context(request: Asked, found: DatasetVersion) -> dict[str, object]:
    visible = set(Dataset.objects.visible_to(request.user).values_list("pk", flat=True))
    inputs = VersionInput.objects.filter(version=found).select_related("read__dataset").order_by("pk")
    readers = VersionInput.objects.filter(read=found).select_related("version__dataset").order_by("-pk")
    made = CheckResult.objects.filter(version=found).select_related("check_made__dataset")
    results = list(made.order_by("passed", "pk"))
    redaction.veil(results, request.user)
    arrivals = Arrival.objects.filter(run=found.step_run.run_id, dataset=found.dataset_id).order_by("pk")
    hidden = discretion.hidden_names(request.user) if found.lacks else frozenset()
    parts = Part.objects.of_version(found).order_by("-period", "-pk")
    return {
        "version": found,
        "dataset": found.dataset,
        "lacks": discretion.without(found.lacks, hidden),
        "is_held": found.state == VersionState.QUARANTINED,
        "parts": list(parts[: MOST_LISTED + 1]),
        "most": MOST_LISTED,
        "inputs": [(one.read, one.read.dataset_id in visible) for one in inputs[:MOST_LISTED]],
        "readers": [one.version for one in readers[:MOST_LISTED] if one.version.dataset_id in visible],
        "results": results,
        "rejects": list(Reject.objects.filter(step_run=found.step_run_id).order_by("pk")[:MOST_LISTED]),
        "arrivals": list(arrivals),
        "may_edit": Dataset.objects.operable_by(request.user).filter(pk=found.dataset_id).exists(),
    }
