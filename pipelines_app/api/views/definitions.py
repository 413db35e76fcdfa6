"""Definitions as code: plan, apply and export, many at once."""

from typing import Any

from django.db import IntegrityError
from django.http import JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.access import discretion, permits
from pipelines_app.api import archives, strictness
from pipelines_app.api.archives import Archive
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Command, said
from pipelines_app.api.parsers import LargeJson
from pipelines_app.api.rehearsing import DRY_RUN
from pipelines_app.api.serializers.pipelines import AppliedListSerializer, ExportSerializer, PlanSerializer, etag
from pipelines_app.api.texts import LongText
from pipelines_app.compiler import file_schema
from pipelines_app.definitions import files, plans
from pipelines_app.definitions.files import File
from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid, LostRace, Problem
from pipelines_app.models import Pipeline, Template

MOST_EXPORTED = 200
EXAMPLE = OpenApiExample(
    "two files",
    value={
        "files": {
            "orders.yaml": "pipeline: orders\nteam: shop\nsources:\n  raw.orders:\n    format: csv\n"
            "    columns: {id: INTEGER, amount: DOUBLE}\n",
            "totals.yaml": "pipeline: totals\nteam: shop\nsteps:\n  - dataset: mart.totals\n"
            "    sql: SELECT sum(amount) AS total FROM raw.orders\n",
        }
    },
    request_only=True,
)


class Definitions(Command):
    """Definitions in YAML, by the names that faults call them; pipelines that are not among them stay as they are."""

    files = serializers.DictField(child=LongText(trim_whitespace=False), allow_empty=False)


class Apply(Definitions):
    """Definitions to be registered: all of them, or none."""

    why = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(required=False, default=False)
    accept_breaks = serializers.BooleanField(
        required=False, default=False, help_text="Apply even where a reader would no longer find a column it uses."
    )


BODY = "A JSON object of files, or the `.tar.gz` that `git archive` makes of a folder of them (`application/gzip`)."


def _either(command: type[Command]) -> dict[str, Any]:
    return {LargeJson.media_type: command, Archive.media_type: OpenApiTypes.BINARY}


class PlanView(APIView):
    """What applying definitions would do."""

    parser_classes = [LargeJson, Archive]

    @extend_schema(
        operation_id="definitions_plan",
        tags=["definitions"],
        summary="Say what applying definitions would do",
        description=BODY,
        request=_either(Definitions),
        responses=PlanSerializer,
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        return _planned(request, _files(request, said(Definitions, request)["files"]))


class ApplyView(APIView):
    """Registering many definitions at once."""

    takes = {"post": ("dry_run", *archives.SAID)}
    parser_classes = [LargeJson, Archive]

    @extend_schema(
        operation_id="definitions_apply",
        tags=["definitions"],
        summary="Register definitions: all of them, or none",
        description=f"{BODY} A plan's `state`, sent as `If-Match`, lets it do what the plan said or nothing: 412 if "
        "what the plan was made against has changed.",
        parameters=[
            DRY_RUN,
            OpenApiParameter("why", OpenApiTypes.STR, description="Why, where the body is an archive."),
            OpenApiParameter(
                "accept_breaks", OpenApiTypes.BOOL, description="As in the body, where that is an archive."
            ),
            OpenApiParameter("If-Match", OpenApiTypes.STR, "header", description="The state of a plan."),
        ],
        request=_either(Apply),
        responses=PolymorphicProxySerializer(
            component_name="AppliedOrPlan",
            serializers=[AppliedListSerializer, PlanSerializer],
            resource_type_field_name=None,
        ),
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        command = said(Apply, request)
        given = _files(request, command["files"])
        if command["dry_run"]:
            return _planned(request, given)
        state = request.headers.get("If-Match", "").strip().strip('"')
        try:
            done = plans.carry_out(
                given,
                author=_author(request),
                why=command["why"],
                state="" if state == "*" else state,
                breaking=command["accept_breaks"],
            )
        except IntegrityError as error:
            raise LostRace("Somebody registered one of these at the same moment.", todo="Send it again.") from error
        told = [
            {"pipeline": revision.pipeline.name, "revision": revision.number, "etag": etag(revision)}
            for revision, _ in done.pipelines
        ]
        revised = [
            {"template": revision.template.name, "revision": revision.number, "etag": etag(revision)}
            for revision in done.templates
        ]
        return Response({"applied": told, "templates": revised})


class ExportView(APIView):
    """Definitions as YAML files."""

    @extend_schema(
        operation_id="definitions_export",
        tags=["definitions"],
        summary="Definitions as YAML files, by name; applied, they change nothing",
        parameters=[
            OpenApiParameter("team", OpenApiTypes.STR, description="Only the pipelines of this team."),
            OpenApiParameter("after", OpenApiTypes.STR, description="Only names after this one."),
        ],
        responses=ExportSerializer,
    )
    def get(self, request: Request) -> Response:
        strictness.refuse_unknown(request, ("team", "after"))
        asked = {key: request.query_params.get(key, "").replace("\0", "") for key in ("team", "after")}
        seen = Pipeline.objects.visible_to(request.user).filter(name__gt=asked["after"], current__isnull=False)
        if asked["team"]:
            seen = seen.filter(team__name=asked["team"])
        found = list(seen.select_related("current").order_by("name")[: MOST_EXPORTED + 1])
        page = found[:MOST_EXPORTED]
        told = discretion.readable(page, person(request))
        following = page[-1].name if len(found) > MOST_EXPORTED else None
        wanted = Template.objects.visible_to(request.user).filter(team__isnull=False).select_related("current")
        if asked["team"]:
            wanted = wanted.filter(team__name=asked["team"])
        return Response({"files": files.exported(told, () if asked["after"] else wanted), "next": following})


class PipelineSchemaView(APIView):
    """The JSON Schema of a definition: for editors, which have no token."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="definitions_schema",
        tags=["definitions"],
        summary="The JSON Schema of a definition, for editors",
        auth=[],
        responses={(200, "application/schema+json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> JsonResponse:
        return JsonResponse(file_schema.schema(), content_type="application/schema+json")


def _planned(request: Request, given: list[File]) -> Response:
    plan = plans.plan(given, author=_author(request))
    return Response(PlanSerializer(plan).data, headers={"ETag": f'"{plan.state}"'})


def _author(request: Request) -> Author:
    writer = person(request)
    return Author(actor=actor(request), user=writer, teams=permits.teams_written_for(writer))


def _files(request: Request, texts: dict[str, Any]) -> list[File]:
    """The files, once it is known that the caller writes for their teams: faults would say what another team has."""
    if len(texts) > plans.MOST:
        message = f"A plan has up to {plans.MOST:,} definitions, not {len(texts):,}."
        raise DefinitionInvalid([Problem(path="files", message=message)])
    given = [File(name=name, content=text) for name, text in texts.items()]
    for team in files.teams(given):
        permits.writes_for(person(request), team)
    return given
