"""The door for other tools: OpenLineage run events in, and what was told so far."""

import zlib
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.access import permits
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.serializers.triggers import (
    BatchSerializer,
    ForeignRunSerializer,
    ImportedSerializer,
    RecordedSerializer,
)
from pipelines_app.api.views.lineage import LineageView
from pipelines_app.errors import MessageInvalid, NotAllowed, TooLarge
from pipelines_app.intake import dbt, openlineage, runevents
from pipelines_app.models import EDITING, ForeignRun, Team

EVENT = OpenApiExample(
    "a run that has completed",
    value={
        "eventType": "COMPLETE",
        "eventTime": "2026-05-04T05:58:00Z",
        "run": {"runId": "3f5e83fa-3480-44ff-99c5-ff943904e5e8"},
        "job": {"namespace": "warehouse", "name": "load_flights"},
        "outputs": [{"namespace": "postgres://warehouse:5432", "name": "public.flights"}],
        "producer": "https://example.org/loader",
    },
    request_only=True,
)
TELLING: Any = {
    "tags": ["openlineage"],
    "summary": "Tell of a run, a job or a dataset of another tool, as an OpenLineage event",
    "description": "A COMPLETE event starts the team's pipelines that listen to one of its outputs. Once committed "
    "it is not lost; the same kind of event of the same run again changes nothing.",
    "parameters": [
        OpenApiParameter("team", OpenApiTypes.STR, description="Whose tool it is; not needed by who is in one team.")
    ],
    "request": {"application/json": OpenApiTypes.OBJECT},
    "responses": {
        200: OpenApiResponse(RecordedSerializer, description="The same had been told before."),
        201: RecordedSerializer,
    },
    "examples": [EVENT],
}


class Whole(BaseParser):
    """A JSON body as the bytes that came: they are judged strictly, and told apart by their place."""

    media_type = "application/json"
    most = 0  # the setting's, where it is not another

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The bytes; raises TooLarge by what is announced, or as soon as it is so."""
        announced = str((parser_context or {})["request"].META.get("CONTENT_LENGTH") or "0")
        most = self.most or settings.WEBHOOK_MAX_BYTES
        packed = (parser_context or {})["request"].META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        body = b"" if announced.isdigit() and int(announced) > most else stream.read(most + 1)
        if not announced.isdigit() or int(announced) > most or len(body) > most:
            raise _too_large(most)
        if packed in {"", "identity"}:
            return body
        if packed != "gzip":
            raise MessageInvalid(f"The encoding {packed[:40]!r} is not known.", todo="Send it as it is, or by gzip.")
        return _unpacked(body, most)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"What is told at once may have {most:,} bytes.", todo="Leave out facets that nobody reads.")


def _unpacked(body: bytes, most: int) -> bytes:
    """What gzip holds, as far as it is no more than may come; a small bomb goes off nowhere."""
    reader = zlib.decompressobj(wbits=31)
    try:
        told = reader.decompress(body, most + 1)
    except zlib.error as error:
        raise MessageInvalid("The body is not gzip.", todo="Send what the header announces.") from error
    if len(told) > most or reader.unconsumed_tail:
        raise _too_large(most)
    if not reader.eof:
        raise MessageInvalid("The body ends within its gzip.", todo="Send it whole.")
    return told


def _told(request: Request) -> Response:
    """Record the event in a request's body."""
    team, body = _given(request)
    event = runevents.read(body)
    recorded = openlineage.record(event, team=team, sender=actor(request), now=timezone.now())
    return Response(RecordedSerializer(recorded).data, status=200 if recorded.repeated else 201)


def _given(request: Request) -> tuple[Team, bytes]:
    """For whom, and the bytes that came."""
    team = _team(request)
    body = request.data
    if not isinstance(body, bytes) or not body:
        raise MessageInvalid("The body is empty.", todo=runevents.ADVICE)
    return team, body


def _all_told(request: Request) -> Response:
    """Record every event of a batch that is one, and say of each what became of it."""
    team, body = _given(request)
    answers: list[dict[str, object]] = []
    for payload in runevents.read_all(body):
        try:
            event = runevents.event_of(payload)
            recorded = openlineage.record(event, team=team, sender=actor(request), now=timezone.now())
        except MessageInvalid as refusal:
            answers.append({"taken": False, "repeated": False, "started": 0, "fault": refusal.message})
        else:
            told = {"repeated": recorded.repeated, "started": recorded.started}
            answers.append({"taken": True, **told, "fault": ""})
    return Response(BatchSerializer({"results": answers}).data)


def _team(request: Request) -> Team:
    """For whom the caller tells: the team named, or the only one that they may write for."""
    own = person(request).teams_with(*EDITING)
    named = request.query_params.get("team", "").replace("\0", "")
    if named:
        permits.writes_for(person(request), named)
        return own.get(name=named)
    teams = list(own[:2])
    if not teams:
        raise NotAllowed("Your role allows no telling of runs.", todo="Ask an admin of the team for another role.")
    if len(teams) > 1:
        raise MessageInvalid("You are in several teams.", todo="Say for which one: add ?team=… to the address.")
    return teams[0]


class OpenLineageView(APIView):
    """OpenLineage events, in."""

    parser_classes = [Whole]
    takes = {"post": ("team",)}

    @extend_schema(operation_id="openlineage_tell", **TELLING)
    def post(self, request: Request) -> Response:
        return _told(request)


class LineageDoor(LineageView):
    """The graph, out; and OpenLineage events in, at the address that its clients use by themselves."""

    parser_classes = [Whole]
    takes = {"post": ("team",)}

    @extend_schema(operation_id="lineage_tell", **TELLING)
    def post(self, request: Request) -> Response:
        return _told(request)


class Manifest(Whole):
    """A manifest, which is larger than what is told at once."""

    most = dbt.MOST_BYTES


class DbtView(APIView):
    """A dbt project, in."""

    parser_classes = [Manifest]
    takes = {"post": ("team", "namespace")}

    @extend_schema(
        operation_id="lineage_dbt",
        tags=["openlineage"],
        summary="Record the tables, columns and lineage of a dbt project from its manifest.json",
        description="Versions 10 to 12; gzip is understood. All of it is recorded or nothing, and the same again "
        "changes nothing. What a later manifest makes no more is made from nothing from then on.",
        parameters=[
            *TELLING["parameters"],
            OpenApiParameter("namespace", OpenApiTypes.STR, description="Of its tables; dbt://<project> if not said."),
        ],
        request={"application/json": OpenApiTypes.OBJECT},
        responses=ImportedSerializer,
    )
    def post(self, request: Request) -> Response:
        team, body = _given(request)
        namespace = request.query_params.get("namespace", "").replace("\0", "").strip()[:200]
        done = dbt.record(dbt.read(body), team=team, sender=actor(request), namespace=namespace)
        return Response(ImportedSerializer(done).data)


class LineageBatchView(APIView):
    """Many OpenLineage events at once."""

    parser_classes = [Whole]
    takes = {"post": ("team",)}

    @extend_schema(
        operation_id="lineage_tell_all",
        tags=["openlineage"],
        summary="Tell many OpenLineage events at once",
        description="A list of events. Each is recorded on its own; what is no event is named, and keeps none back.",
        parameters=TELLING["parameters"],
        request={"application/json": OpenApiTypes.OBJECT},
        responses=BatchSerializer,
    )
    def post(self, request: Request) -> Response:
        return _all_told(request)


@extend_schema_view(
    list=extend_schema(operation_id="openlineage_runs", tags=["openlineage"], summary="Runs that other tools told of")
)
class ForeignRunViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[ForeignRun]):
    """Runs of other tools."""

    queryset = ForeignRun.objects.none()
    serializer_class = ForeignRunSerializer

    def get_queryset(self) -> QuerySet[ForeignRun]:
        return ForeignRun.objects.visible_to(self.request.user).select_related("team")
