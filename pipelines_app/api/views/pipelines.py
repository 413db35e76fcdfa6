"""Pipelines: look, register and revise, run, pause."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_view,
)
from rest_framework import mixins, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app import idempotency, keyed
from pipelines_app.access import discretion, permits
from pipelines_app.api import rehearsing, strictness
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Rehearsed, RunPipeline, said
from pipelines_app.api.filters import PipelineFilter
from pipelines_app.api.parsers import Json, Yaml
from pipelines_app.api.rehearsing import DRY_RUN, WOULD
from pipelines_app.api.serializers.pipelines import (
    PipelineDetailSerializer,
    PipelineSerializer,
    PlannedPipelineSerializer,
    RevisionDetailSerializer,
    RevisionSerializer,
    etag,
)
from pipelines_app.api.serializers.runs import RunSerializer
from pipelines_app.definitions import plans, register
from pipelines_app.definitions.files import File
from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid, LostRace, Outdated, Problem
from pipelines_app.idempotency import Reply
from pipelines_app.keyed import KEY
from pipelines_app.models import Pipeline, Revision
from pipelines_app.runs import pausing, queue

DOCUMENT = OpenApiExample(
    "a definition",
    value={
        "pipeline": "flights-daily",
        "team": "ops-analytics",
        "sources": {
            "raw.flights": {
                "format": "csv",
                "period": "day",
                "from": "flights_{period}.csv",
                "columns": {"carrier": "VARCHAR", "distance": "BIGINT"},
            }
        },
        "steps": [
            {"dataset": "mart.carriers", "sql": "SELECT carrier, count(*) AS flights FROM raw.flights GROUP BY 1"}
        ],
    },
    request_only=True,
)
WHY = OpenApiParameter("why", OpenApiTypes.STR, description="Why this revision is made.")
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, "header", description="The ETag that was read; 412 if it is old."
)
PIPELINE_OR_WOULD = rehearsing.either("Pipeline", PipelineSerializer)
WRITING: Any = {
    "request": {"application/json": OpenApiTypes.OBJECT, "application/yaml": OpenApiTypes.STR},
    "parameters": [DRY_RUN, WHY, IF_MATCH],
    "responses": {
        200: OpenApiResponse(
            PolymorphicProxySerializer(
                component_name="PipelineOrPlan",
                serializers=[PipelineDetailSerializer, PlannedPipelineSerializer],
                resource_type_field_name=None,
            ),
            description="Nothing differs from what is registered; with `dry_run`, what registering it would do.",
        ),
        201: OpenApiResponse(PipelineDetailSerializer, description="A new revision."),
    },
    "examples": [DOCUMENT],
    "tags": ["pipelines"],
}


@extend_schema_view(
    list=extend_schema(operation_id="pipelines_list", tags=["pipelines"], summary="Pipelines"),
    retrieve=extend_schema(
        operation_id="pipelines_read",
        tags=["pipelines"],
        summary="A pipeline and its current definition",
        responses=PipelineDetailSerializer,
    ),
)
class PipelineViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Pipeline]):
    """Pipelines."""

    queryset = Pipeline.objects.none()
    parser_classes = [Json, Yaml]
    filterset_class = PipelineFilter
    orders = ("name",)
    lookup_field = "name"
    takes = {
        **dict.fromkeys(("create", "update"), ("dry_run", "why")),
        **dict.fromkeys(("run", "pause", "resume"), ("dry_run",)),
    }

    def get_queryset(self) -> QuerySet[Pipeline]:
        return Pipeline.objects.visible_to(self.request.user).select_related("team", "current")

    def get_serializer_class(self) -> type[PipelineSerializer]:
        return PipelineSerializer if self.action == "list" else PipelineDetailSerializer

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        pipeline = self.get_object()
        told = {"hidden": discretion.concealed(pipeline, person(request))}
        return Response(PipelineDetailSerializer(pipeline, context=told).data, headers={"ETag": etag(pipeline.current)})

    @extend_schema(operation_id="pipelines_register", summary="Register or revise a pipeline", **WRITING)
    def create(self, request: Request) -> Response:
        return self._register(request, _document(request))

    @extend_schema(operation_id="pipelines_revise", summary="Register or revise the pipeline of this name", **WRITING)
    def update(self, request: Request, name: str) -> Response:
        document = _document(request)
        if document.get("pipeline") != name:
            message = f"The address names the pipeline {name!r}, the definition another."
            raise DefinitionInvalid([Problem(path="pipeline", message=message)])
        return self._register(request, document)

    def _register(self, request: Request, document: Mapping[str, object]) -> Response:
        writer = person(request)
        _refuse_others(request, document)
        onto = _onto(request, document)
        author = Author(actor=actor(request), user=writer, teams=permits.teams_written_for(writer))
        if strictness.said(request, "dry_run"):
            plan = plans.plan([File(name="", content=document)], author=author)
            return Response(PlannedPipelineSerializer(plan.pipelines[0]).data)
        why = request.query_params.get("why", "").replace("\0", "")
        try:
            revision, is_new = register.register(document, author=author, why=why, onto=onto)
        except IntegrityError as error:
            raise LostRace("Somebody registered this at the same moment.", todo="Send it again.") from error
        pipeline = Pipeline.objects.select_related("team", "current").get(pk=revision.pipeline_id)
        answer = PipelineDetailSerializer(pipeline).data
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(answer, status=code, headers={"ETag": etag(pipeline.current)})

    @extend_schema(
        operation_id="pipelines_run",
        tags=["pipelines"],
        summary="Run a pipeline now",
        parameters=[DRY_RUN, KEY],
        request=RunPipeline,
        responses={200: WOULD, 202: RunSerializer},
    )
    def run(self, request: Request, name: str) -> Response:
        pipeline = self._operable(name)
        asked = said(RunPipeline, request)
        period = asked["period"]
        if asked["dry_run"]:
            return rehearsing.told(
                name,
                f"runs for {period or 'no period'}, with a run that waits for it if there is one",
                lambda: queue.request(pipeline, period=period, actor=actor(request)),
            )

        def work() -> Reply:
            run = queue.request(pipeline, period=period, actor=actor(request))
            return Reply(status=status.HTTP_202_ACCEPTED, answer=dict(RunSerializer(run).data))

        reply = keyed.once(request, idempotency.digest("run", period), work)
        return Response(reply.answer, status=reply.status)

    @extend_schema(
        operation_id="pipelines_pause",
        tags=["pipelines"],
        summary="Start no further runs",
        parameters=[DRY_RUN],
        request=Rehearsed,
        responses=PIPELINE_OR_WOULD,
    )
    def pause(self, request: Request, name: str) -> Response:
        asked, pipeline = said(Rehearsed, request), self._operable(name)
        if asked["dry_run"]:
            return rehearsing.told(name, "starts no further run", lambda: pausing.pause(pipeline, actor=actor(request)))
        pausing.pause(pipeline, actor=actor(request))
        return Response(PipelineSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="pipelines_resume",
        tags=["pipelines"],
        summary="Go on with what has queued up",
        parameters=[DRY_RUN],
        request=Rehearsed,
        responses=PIPELINE_OR_WOULD,
    )
    def resume(self, request: Request, name: str) -> Response:
        asked, pipeline = said(Rehearsed, request), self._operable(name)
        if asked["dry_run"]:
            return rehearsing.told(
                name, "goes on, with what has waited", lambda: pausing.resume(pipeline, actor=actor(request))
            )
        pausing.resume(pipeline, actor=actor(request))
        return Response(PipelineSerializer(self.get_object()).data)

    def _operable(self, name: str) -> Pipeline:
        user = person(self.request)
        allowed = Pipeline.objects.operable_by(user).select_related("team", "current")
        return permits.operable(allowed, user, team="team", name=name)


def _document(request: Request) -> Mapping[str, object]:
    if not isinstance(request.data, Mapping) or not request.data:
        raise DefinitionInvalid([Problem(path="", message="The body is not a definition: it has to be a mapping.")])
    return request.data


def _refuse_others(request: Request, document: Mapping[str, object]) -> None:
    """Before anything is compiled: an error message about another team's definition would say what that team has."""
    named = [str(document["team"])[:63]] if "team" in document else []
    owner = Pipeline.objects.filter(name=str(document.get("pipeline", ""))[:63].replace("\0", ""))
    for team in [*named, *owner.values_list("team__name", flat=True)]:
        permits.writes_for(person(request), team.replace("\0", ""))


def _onto(request: Request, document: Mapping[str, object]) -> int | None:
    """The revision that the caller has read, by If-Match; raises Outdated if it is not the current one."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        return None
    name = str(document.get("pipeline", ""))[:63].replace("\0", "")
    pipeline = Pipeline.objects.filter(name=name).select_related("current").first()
    current = pipeline.current if pipeline else None
    tags = [tag.strip() for tag in given.split(",")]
    if current is None or (given != "*" and etag(current) not in tags):
        raise Outdated(
            "The pipeline is not what it was when you read it.",
            todo="Read it again, bring your change to what is there, and send that.",
        )
    return None if given == "*" else current.number


@extend_schema_view(
    list=extend_schema(operation_id="revisions_list", tags=["pipelines"], summary="Revisions of a pipeline"),
    retrieve=extend_schema(
        operation_id="revisions_read",
        tags=["pipelines"],
        summary="A revision and its definition",
        responses=RevisionDetailSerializer,
    ),
)
class RevisionViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Revision]):
    """The frozen states of one pipeline."""

    queryset = Revision.objects.none()
    serializer_class = RevisionSerializer

    def get_queryset(self) -> QuerySet[Revision]:
        seen = Pipeline.objects.visible_to(self.request.user)
        pipeline = get_object_or_404(seen, name=self.kwargs["name"])
        return Revision.objects.filter(pipeline=pipeline).select_related("pipeline", "author")

    def retrieve(self, request: Request, name: str, number: int) -> Response:
        found = get_object_or_404(self.get_queryset(), number=number)
        told = {"hidden": discretion.concealed(found.pipeline, person(request))}
        return Response(RevisionDetailSerializer(found, context=told).data)
