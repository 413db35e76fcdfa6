"""What is promised of the data, and where they come from."""

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app.api.filters import CheckFilter
from pipelines_app.api.serializers.checks import CheckSerializer
from pipelines_app.models import Check, CheckResult, Dataset


@extend_schema_view(
    list=extend_schema(operation_id="checks_list", tags=["checks"], summary="Checks and how they stand")
)
class CheckViewSet(viewsets.GenericViewSet[Check]):
    """The checks that the current revisions declare."""

    queryset = Check.objects.none()
    serializer_class = CheckSerializer
    filterset_class = CheckFilter

    def get_queryset(self) -> QuerySet[Check]:
        declared = Check.objects.filter(revision=F("revision__pipeline__current"))
        last = CheckResult.objects.filter(check_made=OuterRef("pk")).order_by("-id").values("pk")[:1]
        seen = declared.filter(dataset__in=Dataset.objects.visible_to(self.request.user))
        return seen.select_related("dataset", "revision__pipeline").annotate(last_result=Subquery(last))

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        shown = [check.last_result for check in page]  # type: ignore[attr-defined]  # annotated above
        results = CheckResult.objects.filter(pk__in=shown)
        context: dict[str, Any] = {"last": {result.check_made_id: _standing(result) for result in results}}
        return self.get_paginated_response(CheckSerializer(page, many=True, context=context).data)


def _standing(result: CheckResult) -> dict[str, object]:
    return {"passed": result.passed, "message": result.message, "version": result.version_id, "at": result.at}
