"""The catalogue of datasets."""

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pipelines_app.access import spreadsheets
from pipelines_app.compiler import convention
from pipelines_app.models import Dataset, ForeignDataset, Team
from pipelines_app.web import catalogue, paging
from pipelines_app.web.asking import Asked

MOST_EXTERNAL = 50
HEADER = ["name", "team", "pipeline", "state", "version", "published_at", "rows", "description"]


@login_required
@require_GET
def datasets(request: Asked) -> HttpResponseBase:
    """Every dataset the person may see, by name, with filters and as CSV."""
    chosen = {name: request.GET.get(name, "").strip()[:200] for name in ("q", "layer", "team", "state")}
    found = catalogue.searched(
        catalogue.visible(request.user),
        words=chosen["q"],
        layer=chosen["layer"],
        team=chosen["team"],
        standing=chosen["state"],
    )
    if request.GET.get("format") == "csv":
        return spreadsheets.answer(
            "datasets", HEADER, (_line(dataset) for dataset in found.order_by("name").iterator())
        )
    context = {
        "page": paging.by_name(found, request, size=100),
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "layers": list(convention.in_force().by_name),
        "standings": catalogue.STANDINGS,
        "teams": _teams(request),
        "external": [] if request.GET.get("after") else _external(request, chosen),
    }
    return render(request, "datasets/datasets.html", context)


def _external(request: Asked, chosen: dict[str, str]) -> list[ForeignDataset]:
    """The datasets that other tools told of, where no filter asks for what only ours have."""
    if chosen["layer"] or chosen["state"]:
        return []
    found = ForeignDataset.objects.visible_to(request.user).select_related("team")
    for word in chosen["q"].split()[:10]:
        found = found.filter(Q(name__icontains=word) | Q(namespace__icontains=word))
    if chosen["team"]:
        found = found.filter(team__name=chosen["team"])
    return list(found.order_by("name", "namespace", "pk")[:MOST_EXTERNAL])


def _teams(request: Asked) -> list[str]:
    owned = Team.objects.filter(datasets__in=Dataset.objects.visible_to(request.user))
    return list(owned.order_by("name").values_list("name", flat=True).distinct())


def _line(dataset: Dataset) -> list[object]:
    described = vars(dataset)
    pipeline = dataset.pipeline.name if dataset.pipeline else ""
    shown = [described[name] for name in ("standing", "number", "published_at", "total_rows")]
    return [dataset.name, dataset.team.name, pipeline, *shown, dataset.description]
