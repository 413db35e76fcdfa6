"""The target that history suggests, as a part of the form that asks for one."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from monitoring_app.slas import attaining, suggesting
from monitoring_app.slas.suggesting import Wanted
from monitoring_app.web.asking import Asked
from pipelines_app.compiler.targets import OF_RUNS, USUAL_OBJECTIVE, TargetKind
from pipelines_app.models import Dataset, Pipeline

_KINDS = set(TargetKind) - {TargetKind.ARRIVAL}


@login_required
@require_GET
def suggested(request: Asked, name: str) -> HttpResponse:
    """What could be promised of a pipeline: the fields are those of one row, whatever stands before their names."""
    pipeline = get_object_or_404(Pipeline.objects.visible_to(request.user), name=name)
    given = _row(request.GET)
    kind = given.get("kind", "")
    wanted = _wanted(request, pipeline, TargetKind(kind), given) if kind in _KINDS else None
    found = suggesting.suggest(wanted, timezone.now()) if wanted is not None else None
    context = {"wanted": wanted, "found": found, "days": attaining.HISTORY.days}
    return render(request, "slas/_suggested.html", context)


def _row(given: QueryDict) -> dict[str, str]:
    return {key.rpartition("-")[2]: str(value).strip() for key, value in given.items()}


def _wanted(request: Asked, pipeline: Pipeline, kind: TargetKind, given: dict[str, str]) -> Wanted | None:
    seen = Dataset.objects.visible_to(request.user).filter(pipeline=pipeline)
    dataset = None if kind in OF_RUNS else seen.filter(name=given.get("dataset", "")).first()
    if dataset is None and kind not in OF_RUNS:
        return None
    columns = tuple(part.strip() for part in given.get("columns", "").split(",") if part.strip())
    return Wanted(
        pipeline=pipeline, kind=kind, dataset=dataset, objective=_objective(given.get("objective", "")), columns=columns
    )


def _objective(text: str) -> float:
    """`95 %` and `0.95`; what is none of these is the usual one."""
    try:
        share = float(text.removesuffix("%").replace(",", ".")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return USUAL_OBJECTIVE
    return share if 0 < share <= 1 else USUAL_OBJECTIVE
