"""Who sees a dataset or a pipeline, through the API: its team's admins say."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.access import permits
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Command, said
from pipelines_app.definitions import restricting
from pipelines_app.models import Dataset, Pipeline, Role


class Restrict(Command):
    """Whether only its own team sees it."""

    restricted = serializers.BooleanField()


class RestrictedSerializer(serializers.Serializer[Any]):
    """Whether only its own team sees it."""

    name = serializers.CharField()
    restricted = serializers.BooleanField()


class DatasetAccessView(APIView):
    """Who sees a dataset."""

    @extend_schema(
        operation_id="datasets_restrict",
        tags=["datasets"],
        summary="Have its own team alone see a dataset, or everybody (admins)",
        request=Restrict,
        responses=RestrictedSerializer,
    )
    def put(self, request: Request, name: str) -> Response:
        restricted, user = said(Restrict, request)["restricted"], person(request)
        led = Dataset.objects.filter(team__in=user.teams_with(Role.ADMIN)).select_related("team")
        found = permits.operable(led, user, team="team", name=name)
        restricting.dataset(found, restricted=restricted, actor=actor(request), address=_address(request))
        return Response(RestrictedSerializer(found).data)


class PipelineAccessView(APIView):
    """Who sees a pipeline and all that it makes."""

    @extend_schema(
        operation_id="pipelines_restrict",
        tags=["pipelines"],
        summary="Have its own team alone see a pipeline and all that it makes, or everybody (admins)",
        request=Restrict,
        responses=RestrictedSerializer,
    )
    def put(self, request: Request, name: str) -> Response:
        restricted, user = said(Restrict, request)["restricted"], person(request)
        led = Pipeline.objects.filter(team__in=user.teams_with(Role.ADMIN)).select_related("team")
        found = permits.operable(led, user, team="team", name=name)
        restricting.pipeline(found, restricted=restricted, actor=actor(request), address=_address(request))
        return Response(RestrictedSerializer(found).data)


def _address(request: Request) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:64]
