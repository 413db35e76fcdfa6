"""Environments: the engine that each runs on."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import said
from pipelines_app.api.serializers.environments import ChangeEngine, EnvironmentSerializer
from pipelines_app.definitions import fitting
from pipelines_app.environments import moving


class EnvironmentsView(APIView):
    """Every environment."""

    @extend_schema(
        operation_id="environments_list",
        tags=["operations"],
        summary="The environments and their engines",
        responses=EnvironmentSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = [asdict(row) for row in moving.seen_by(person(request))]
        return Response(EnvironmentSerializer(rows, many=True).data)


class EnvironmentEngineView(APIView):
    """Where one environment runs."""

    @extend_schema(
        operation_id="environments_engine",
        tags=["operations"],
        summary="Move an environment to another engine",
        request=ChangeEngine,
        responses=EnvironmentSerializer,
    )
    def put(self, request: Request, name: str) -> Response:
        given = said(ChangeEngine, request)
        unfit = None if given["anyway"] else fitting.unfit
        moved = moving.change(person(request), name=name, engine=given["engine"], unfit=unfit, actor=actor(request))
        return Response(EnvironmentSerializer(asdict(moved)).data)
