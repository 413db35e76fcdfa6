"""One dataset: what readers see now, where it comes from, whether it keeps its promises, and how to read it."""

from collections.abc import Callable, Mapping

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from pipelines_app.access import redaction
from pipelines_app.compiler.definition import Format
from pipelines_app.environments import mapping, reading
from pipelines_app.errors import EngineError
from pipelines_app.models import Dataset, DatasetVersion
from pipelines_app.web import catalogue, dataset_tabs, telling
from pipelines_app.web.asking import Asked, is_fragment

TABS: Mapping[str, tuple[str, Callable[[Asked, Dataset, DatasetVersion | None], dict[str, object]]]] = {
    "overview": ("Overview", dataset_tabs.overview),
    "rows": ("Rows", dataset_tabs.rows),
    "schema": ("Schema", dataset_tabs.schema),
    "profile": ("Profile", dataset_tabs.profile),
    "versions": ("Versions", dataset_tabs.versions),
    "checks": ("Checks", dataset_tabs.checks),
    "expectations": ("Expectations", dataset_tabs.expectations),
    "lineage": ("Lineage", dataset_tabs.lineage),
    "arrivals": ("Arrivals", dataset_tabs.arrivals),
    "use": ("Read it", dataset_tabs.use),
}
MEDIA = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.TSV: "text/tab-separated-values; charset=utf-8",
    Format.JSONL: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}


@login_required
@require_GET
@vary_on_headers("HX-Request")
def dataset(request: Asked, name: str) -> HttpResponse:
    """A dataset's page; `?tab=` says which part, and `?part=preview` gives the first rows alone."""
    found = get_object_or_404(catalogue.visible(request.user), name=name)
    version = current(found)
    if request.GET.get("part") == "preview" and is_fragment(request):
        return render(
            request,
            "datasets/_preview.html",
            {"dataset": found, **dataset_tabs.preview(request.user, version, limit=10)},
        )
    tab = request.GET.get("tab", "overview")
    if tab not in TABS or (tab == "arrivals" and not found.is_source):
        tab = "overview"
    _, fill = TABS[tab]
    context = {
        "dataset": found,
        "version": version,
        "tab": tab,
        "tabs": [_tab(one, label, tab) for one, (label, _) in TABS.items() if one != "arrivals" or found.is_source],
        "may_edit": Dataset.objects.operable_by(request.user).filter(pk=found.pk).exists(),
        **fill(request, found, version),
    }
    return render(request, f"datasets/{tab}.html", context)


def _tab(name: str, label: str, chosen: str) -> dict[str, object]:
    return {"label": label, "url": f"?tab={name}" if name != "overview" else "?", "current": name == chosen}


def current(dataset: Dataset) -> DatasetVersion | None:
    """The version that readers of production see."""
    version_id = vars(dataset)["version_id"]
    chosen = DatasetVersion.objects.filter(pk=version_id).select_related("dataset", "environment", "step_run__run")
    return chosen.first() if version_id else None


@login_required
@require_GET
def download(request: Asked, name: str) -> HttpResponse | FileResponse:
    """The current version as a file: `?format=` csv, tsv, jsonl or parquet."""
    found = get_object_or_404(Dataset.objects.visible_to(request.user), name=name)
    version = mapping.current(mapping.production(), [found]).get(found.pk)
    if version is None:
        raise Http404("Nothing has been published yet.")
    wanted = request.GET.get("format", "csv")
    if wanted not in set(Format):
        raise Http404("There is no such format: csv, tsv, jsonl and parquet are offered.")
    return _export(request, version, Format(wanted))


def _export(request: Asked, version: DatasetVersion, format: Format) -> HttpResponse | FileResponse:
    try:
        path = reading.export(version, format, hidden=redaction.hidden(version.dataset, request.user))
    except EngineError as error:
        telling.tell(request, error)
        return redirect("console:dataset", version.dataset.name)
    file = path.open("rb")
    path.unlink()  # the open file stays readable until it is sent
    filename = f"{version.dataset.name}.v{version.number}.{format}"
    return FileResponse(file, as_attachment=True, filename=filename, content_type=MEDIA[format])
