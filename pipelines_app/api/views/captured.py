"""Unit tests taken from what was made."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.api import cursors, strictness
from pipelines_app.api.authentication import person
from pipelines_app.compiler import documents, step_tests
from pipelines_app.models import Dataset, DatasetVersion
from pipelines_app.runs import capturing

ROWS = 3


class CapturedSerializer(serializers.Serializer[Any]):
    """A test of a step, as it stands in a definition."""

    test = serializers.DictField(help_text="An entry of the step's `tests`.")
    yaml = serializers.CharField(help_text="The same as YAML.")


class VersionTestView(APIView):
    """A test of the step that made a version."""

    @extend_schema(
        operation_id="versions_test",
        tags=["datasets"],
        summary="A unit test from some rows of a version and the rows that led to them",
        parameters=[
            OpenApiParameter(
                "rows", {"type": "integer", "minimum": 1, "maximum": capturing.MOST_ASKED, "default": ROWS}
            )
        ],
        responses=CapturedSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        strictness.refuse_unknown(request, ("rows",))
        user = person(request)
        mine = DatasetVersion.objects.filter(dataset__in=Dataset.objects.operable_by(user))
        version = get_object_or_404(mine.select_related("dataset", "step_run__run__pipeline"), pk=pk)
        given = request.query_params.get("rows", "")
        rows = cursors.number(given, name="rows", most=capturing.MOST_ASKED, default=ROWS)
        test = step_tests.dump(capturing.capture(version, user=user, rows=rows))
        return Response({"test": test, "yaml": documents.to_yaml({"tests": [test]})})
