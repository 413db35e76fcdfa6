"""The command palette's search: pipelines, datasets, runs by their number."""

from django.contrib.auth.decorators import login_required
from django.db.models import Model, QuerySet
from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from pipelines_app.models import Arrival, Dataset, Pipeline, Run
from pipelines_app.web.asking import Asked

MOST = 12
Found = dict[str, str]


@login_required
@require_GET
def palette(request: Asked) -> JsonResponse:
    """What fits `?q=`, as a list of {label, kind, url}; names that begin with it come first."""
    words = request.GET.get("q", "").strip().lower()[:100].split()
    if not words:
        return JsonResponse([], safe=False)
    pipelines = _named(Pipeline.objects.visible_to(request.user), words)
    datasets = _named(Dataset.objects.visible_to(request.user), words)
    found = [
        *_numbered(request, words[0].removeprefix("#")),
        *_best([_found(name, "Pipeline", "pipeline", name) for name in pipelines], words[0]),
        *_best([_found(name, "Dataset", "dataset", name) for name in datasets], words[0]),
    ]
    return JsonResponse(found, safe=False)


def _named(rows: QuerySet[Model], words: list[str]) -> list[str]:
    for word in words[:5]:
        rows = rows.filter(name__icontains=word)
    return [str(name) for name in rows.order_by("name").values_list("name", flat=True)[: MOST * 5]]


def _best(found: list[Found], word: str) -> list[Found]:
    parts = sorted(found, key=lambda one: (not one["label"].startswith(word), f".{word}" not in one["label"]))
    return parts[:MOST]


def _numbered(request: Asked, number: str) -> list[Found]:
    if not number.isdecimal() or len(number) > 18:
        return []
    found = []
    for run in Run.objects.visible_to(request.user).filter(pk=int(number)).select_related("pipeline"):
        found.append(_found(f"Run {run.pk} of {run.pipeline.name}", "Run", "run", run.pk))
    for arrival in Arrival.objects.visible_to(request.user).filter(pk=int(number)).select_related("dataset"):
        found.append(_found(f"Arrival {arrival.pk}: {arrival.name}", "Arrival", "arrival", arrival.pk))
    return found


def _found(label: str, kind: str, to: str, *args: object) -> Found:
    return {"label": label, "kind": kind, "url": reverse(f"console:{to}", args=args)}
