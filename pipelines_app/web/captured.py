"""A unit test taken from a version, to be put into the definition of its step."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from pipelines_app.compiler import documents, step_tests
from pipelines_app.errors import LooplineError
from pipelines_app.models import Dataset, DatasetVersion
from pipelines_app.runs import capturing
from pipelines_app.web import telling
from pipelines_app.web.asking import Asked

CHOICES = (1, 3, 5, 10, 20)


@login_required
@require_GET
def test(request: Asked, pk: int) -> HttpResponse:
    """The YAML of a test, for those who may edit the dataset."""
    mine = DatasetVersion.objects.filter(dataset__in=Dataset.objects.operable_by(request.user))
    version = get_object_or_404(mine.select_related("dataset", "step_run__run__pipeline"), pk=pk)
    asked = request.GET.get("rows", "")
    rows = int(asked) if asked in map(str, CHOICES) else CHOICES[1]
    text = fault = ""
    try:
        captured = capturing.capture(version, user=request.user, rows=rows)
        text = documents.to_yaml({"tests": [step_tests.dump(captured)]})
    except LooplineError as error:
        fault = telling.sentence(error)
    context = {"version": version, "dataset": version.dataset, "text": text, "fault": fault}
    return render(request, "datasets/version_test.html", {**context, "rows": rows, "choices": CHOICES})
