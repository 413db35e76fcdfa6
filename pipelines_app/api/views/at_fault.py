"""Rows at fault through the API: those that break a check, and those that were set aside."""

from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.api.authentication import person
from pipelines_app.api.serializers.at_fault import FaultsSerializer, LineSerializer, SetAsideSerializer
from pipelines_app.models import CheckResult, Dataset, DatasetVersion, Reject
from pipelines_app.quality import faults


class ResultRowsView(APIView):
    """The rows that break a check."""

    @extend_schema(
        operation_id="checks_rows_at_fault",
        tags=["checks"],
        summary="The rows that break a check, ten thousand at most, as the caller may see them",
        responses=FaultsSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        seen = CheckResult.objects.filter(check_made__dataset__in=Dataset.objects.visible_to(person(request)))
        related = ("check_made__dataset", "check_made__revision", "version__dataset")
        result = get_object_or_404(seen.select_related(*related), pk=pk)
        found = faults.of(result, person(request))
        told = {
            "check": result.check_made.name,
            "dataset": result.check_made.dataset.name,
            "version": result.version_id,
            "bad_rows": result.bad_rows,
            "capped": found.is_capped,
            "redacted": found.redacted,
            "results": [dict(zip(found.columns, row, strict=True)) for row in found.rows],
        }
        return Response(told)


class SetAsideView(APIView):
    """The lines that were set aside."""

    @extend_schema(
        operation_id="versions_set_aside",
        tags=["datasets"],
        summary="The lines that were set aside on the way into a version; the first hundred are kept",
        responses=SetAsideSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        seen = DatasetVersion.objects.filter(dataset__in=Dataset.objects.visible_to(person(request)))
        version = get_object_or_404(seen.select_related("dataset"), pk=pk)
        lines = LineSerializer(Reject.objects.filter(step_run=version.step_run_id).order_by("pk"), many=True).data
        told = {
            "dataset": version.dataset.name,
            "version": pk,
            "rejected": version.rejected,
            "capped": len(lines) < version.rejected,
            "results": lines,
        }
        return Response(told)
