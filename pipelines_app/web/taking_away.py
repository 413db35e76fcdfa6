"""Rows at fault as files: those that break a check, and those that were set aside."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from pipelines_app.access import spreadsheets
from pipelines_app.models import CheckResult, Dataset, DatasetVersion, Reject
from pipelines_app.quality import faults
from pipelines_app.web.asking import Asked

LINES = ["file", "line", "column", "kind", "message", "text"]


@login_required
@require_GET
def of_result(request: Asked, pk: int) -> HttpResponseBase:
    """The rows that break a check, `?format=csv` or `json`; the name of the file says if there are more."""
    seen = CheckResult.objects.filter(check_made__dataset__in=Dataset.objects.visible_to(request.user))
    related = ("check_made__dataset", "check_made__revision", "version__dataset")
    found = faults.of(get_object_or_404(seen.select_related(*related), pk=pk), request.user)
    name = f"rows-at-fault-{pk}" + (f"-first-{len(found.rows)}" if found.is_capped else "")
    return _file(request, name, found.columns, found.rows)


@login_required
@require_GET
def of_version(request: Asked, pk: int) -> HttpResponseBase:
    """The lines that were set aside on the way in: the first hundred are kept."""
    seen = DatasetVersion.objects.filter(dataset__in=Dataset.objects.visible_to(request.user))
    version = get_object_or_404(seen, pk=pk)
    rejects = Reject.objects.filter(step_run=version.step_run_id).order_by("pk")
    rows = [list(row) for row in rejects.values_list(*LINES)]
    name = f"set-aside-{pk}" + (f"-first-{len(rows)}" if len(rows) < version.rejected else "")
    return _file(request, name, LINES, rows)


def _file(request: Asked, name: str, columns: list[str], rows: list[list[object]]) -> HttpResponseBase:
    wanted = request.GET.get("format", "csv")
    if wanted == "csv":
        return spreadsheets.answer(name, columns, rows)
    if wanted != "json":
        raise Http404("There is no such format: csv and json are offered.")
    answer = JsonResponse([dict(zip(columns, row, strict=True)) for row in rows], safe=False)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer
