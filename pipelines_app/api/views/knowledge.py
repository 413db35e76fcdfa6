"""What is promised of the data, and where they come from."""

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.api import cursors, strictness, tracing
from pipelines_app.api.authentication import person
from pipelines_app.api.filters import CheckFilter
from pipelines_app.api.serializers.checks import CheckSerializer
from pipelines_app.api.serializers.lineage import LineageSerializer
from pipelines_app.models import Check, CheckResult, Dataset

DEPTH = 3
MOST_DEPTH = 20
DIRECTIONS = ("upstream", "downstream", "both")


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


class LineageView(APIView):
    """The graph around a dataset."""

    @extend_schema(
        operation_id="lineage_read",
        tags=["lineage"],
        summary="What a dataset is made from, and what is made from it",
        parameters=[
            OpenApiParameter("of", OpenApiTypes.STR, required=True, description="A dataset's name."),
            OpenApiParameter("direction", OpenApiTypes.STR, enum=DIRECTIONS, default="both"),
            OpenApiParameter("depth", {"type": "integer", "minimum": 1, "maximum": MOST_DEPTH, "default": DEPTH}),
        ],
        responses=LineageSerializer,
    )
    def get(self, request: Request) -> Response:
        strictness.refuse_unknown(request, ("of", "direction", "depth"))
        query = request.query_params
        direction = query.get("direction", "both")
        if direction not in DIRECTIONS:
            raise ValidationError({"direction": [f"Choose one of {', '.join(DIRECTIONS)}."]})
        depth = cursors.number(query.get("depth", ""), name="depth", most=MOST_DEPTH, default=DEPTH)
        user = person(request)
        name = query.get("of", "").replace("\0", "")
        dataset = get_object_or_404(Dataset.objects.visible_to(user), name=name)
        sides = ("upstream", "downstream") if direction == "both" else (direction,)
        return Response(LineageSerializer(tracing.trace(dataset, sides=sides, depth=depth, user=user)).data)
