"""Templates: look, register and revise, fill, roll out, and fill many at once."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app.access import permits
from pipelines_app.api import strictness
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Command, said
from pipelines_app.api.parsers import Json, LargeJson, Yaml
from pipelines_app.api.serializers.pipelines import AppliedListSerializer, PlanSerializer, etag
from pipelines_app.api.serializers.templates import (
    ExpandedSerializer,
    MadeSerializer,
    TemplateDetailSerializer,
    TemplateRevisionDetailSerializer,
    TemplateRevisionSerializer,
    TemplateSerializer,
)
from pipelines_app.compiler import documents
from pipelines_app.definitions import files, plans, rolling, shelf, shipped, tables, templates
from pipelines_app.definitions.files import File
from pipelines_app.definitions.planned import Plan
from pipelines_app.definitions.plans import Applied
from pipelines_app.definitions.register import Author
from pipelines_app.definitions.rolling import Wave
from pipelines_app.definitions.shelf import Shelf
from pipelines_app.errors import DefinitionInvalid, LostRace, Outdated, Problem
from pipelines_app.models import Pipeline, Template, TemplateRevision

STATE = OpenApiParameter("If-Match", OpenApiTypes.STR, "header", description="The state of a plan; 412 if it is old.")
READ = OpenApiParameter("If-Match", OpenApiTypes.STR, "header", description="The ETag that was read; 412 if it is old.")
DRY_RUN = OpenApiParameter("dry_run", OpenApiTypes.BOOL, description="Only say what it would do.")
WHY = OpenApiParameter("why", OpenApiTypes.STR, description="Why this revision is made.")
DONE_OR_PLAN: Any = PolymorphicProxySerializer(
    component_name="AppliedOrPlan",
    serializers=[AppliedListSerializer, PlanSerializer],
    resource_type_field_name=None,
)
WRITING: Any = {
    "tags": ["templates"],
    "request": {"application/json": OpenApiTypes.OBJECT, "application/yaml": OpenApiTypes.STR},
    "parameters": [DRY_RUN, WHY, READ],
    "responses": {
        200: OpenApiResponse(
            PolymorphicProxySerializer(
                component_name="TemplateOrPlan",
                serializers=[TemplateDetailSerializer, PlanSerializer],
                resource_type_field_name=None,
            ),
            description="Nothing differs from what is registered; with `dry_run`, what registering it would do.",
        ),
        201: OpenApiResponse(TemplateDetailSerializer, description="A new revision."),
    },
}


class Fill(Command):
    """Values for what a template asks for."""

    pipeline = serializers.SlugField(max_length=63)
    team = serializers.SlugField(max_length=63)
    revision = serializers.IntegerField(min_value=1, required=False)
    values = serializers.DictField(required=False, default=dict)


class Doing(Command):
    """How something planned is to be done."""

    why = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(required=False, default=False)
    accept_breaks = serializers.BooleanField(
        required=False, default=False, help_text="Go on even where a reader would no longer find a column it uses."
    )


class RollOut(Doing):
    """Which pipelines are made from which revision: all of one's teams, and the current one, if none is said."""

    revision = serializers.IntegerField(min_value=1, required=False)
    pipelines = serializers.ListField(child=serializers.SlugField(max_length=63), required=False, max_length=plans.MOST)


class FillMany(Doing):
    """A table of values as CSV: a column `pipeline`, and one for each parameter; `team` where it has no such column."""

    csv = serializers.CharField(trim_whitespace=False)
    team = serializers.SlugField(max_length=63)


class TemplateViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Template]):
    """Templates."""

    queryset = Template.objects.none()
    serializer_class = TemplateSerializer
    parser_classes = [Json, Yaml]
    lookup_field = "name"
    orders = ("name",)
    takes = dict.fromkeys(("create", "update"), ("dry_run", "why"))

    def get_queryset(self) -> QuerySet[Template]:
        return Template.objects.visible_to(self.request.user).select_related("team", "current")

    @extend_schema(operation_id="templates_list", tags=["templates"], summary="Templates")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shipped.keep_up()
        return super().list(request, *args, **kwargs)

    @extend_schema(
        operation_id="templates_read",
        tags=["templates"],
        summary="A template and its current document",
        responses=TemplateDetailSerializer,
    )
    def retrieve(self, request: Request, name: str) -> Response:
        template = _found(self, name)
        return Response(TemplateDetailSerializer(template).data, headers={"ETag": etag(template.current)})

    @extend_schema(operation_id="templates_register", summary="Register or revise a template", **WRITING)
    def create(self, request: Request) -> Response:
        return _registered(request, _document(request))

    @extend_schema(operation_id="templates_revise", summary="Register or revise the template of this name", **WRITING)
    def update(self, request: Request, name: str) -> Response:
        document = _document(request)
        if document.get("template") != name:
            message = f"The address names the template {name!r}, the document another."
            raise DefinitionInvalid([Problem(path="template", message=message)])
        return _registered(request, document)

    @extend_schema(
        operation_id="templates_expand",
        tags=["templates"],
        summary="Say what a template makes of values",
        request=Fill,
        responses=ExpandedSerializer,
    )
    def expand(self, request: Request, name: str) -> Response:
        template = _found(self, name)
        fill = said(Fill, request)
        permits.writes_for(person(request), fill["team"])
        inner = {"name": template.name, "values": fill["values"]}
        if "revision" in fill:
            inner["revision"] = fill["revision"]
        document = {"pipeline": fill["pipeline"], "team": fill["team"], "template": inner}
        made = documents.dump(Shelf().read(document).definition)
        answer = {"revision": made["template"]["revision"], "document": made, "yaml": documents.to_yaml(made)}  # type: ignore[index]  # what a template made names it
        return Response(answer)


class TemplateRevisionViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[TemplateRevision]):
    """The frozen states of one template."""

    queryset = TemplateRevision.objects.none()
    serializer_class = TemplateRevisionSerializer

    def get_queryset(self) -> QuerySet[TemplateRevision]:
        shipped.keep_up(self.kwargs["name"])
        template = get_object_or_404(Template.objects.visible_to(self.request.user), name=self.kwargs["name"])
        return TemplateRevision.objects.filter(template=template).select_related("template", "author")

    @extend_schema(operation_id="template_revisions_list", tags=["templates"], summary="Revisions of a template")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(
        operation_id="template_revisions_read",
        tags=["templates"],
        summary="A revision of a template and its document",
        responses=TemplateRevisionDetailSerializer,
    )
    def retrieve(self, request: Request, name: str, number: int) -> Response:
        return Response(TemplateRevisionDetailSerializer(get_object_or_404(self.get_queryset(), number=number)).data)


class MadeViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Pipeline]):
    """The pipelines made from one template; registering many of them, and rolling a revision out to them."""

    queryset = Pipeline.objects.none()
    serializer_class = MadeSerializer
    parser_classes = [LargeJson]

    def get_queryset(self) -> QuerySet[Pipeline]:
        shipped.keep_up(self.kwargs["name"])
        template = get_object_or_404(Template.objects.visible_to(self.request.user), name=self.kwargs["name"])
        made = Pipeline.objects.visible_to(self.request.user).filter(current__made_from__template=template)
        return made.select_related("team", "current__made_from")

    @extend_schema(operation_id="template_pipelines_list", tags=["templates"], summary="Pipelines made from a template")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(
        operation_id="template_pipelines_register",
        tags=["templates"],
        summary="Register many pipelines from a table of values: all of them, or none",
        description="Faults name the row and the column: `row 3: template.values.by`.",
        parameters=[STATE],
        request=FillMany,
        responses=DONE_OR_PLAN,
    )
    def create(self, request: Request, name: str) -> Response:
        command = said(FillMany, request)
        permits.writes_for(person(request), command["team"])
        template = _found(self, name)
        table = tables.read(command["csv"])
        given = tables.files(table, shelf.stored(template.in_force), team=command["team"])
        _refuse_teams(request, given)
        if command["dry_run"]:
            return _planned(plans.plan(given, author=_author(request)))
        how = {key: command[key] for key in ("why",)}
        return _done(plans.carry_out(given, author=_author(request), **how, **_condition(request, command)))

    @extend_schema(
        operation_id="templates_roll_out",
        tags=["templates"],
        summary="Roll a revision of a template out to all, some or one of its pipelines",
        parameters=[STATE],
        request=RollOut,
        responses=DONE_OR_PLAN,
    )
    def roll_out(self, request: Request, name: str) -> Response:
        command = said(RollOut, request)
        permits.edits_somewhere(person(request))
        _found(self, name)
        names = tuple(command["pipelines"]) if "pipelines" in command else None
        wave = Wave(template=name, number=command.get("revision"), names=names)
        author = _author(request)
        if command["dry_run"]:
            return _planned(rolling.plan(wave, author=author))
        return _done(rolling.roll_out(wave, author=author, why=command["why"], **_condition(request, command)))


def _condition(request: Request, command: Mapping[str, Any]) -> dict[str, Any]:
    state = request.headers.get("If-Match", "").strip().strip('"')
    return {"state": "" if state == "*" else state, "breaking": command["accept_breaks"]}


def _found(view: viewsets.GenericViewSet[Any], name: str) -> Template:
    shipped.keep_up(name)
    seen = Template.objects.visible_to(view.request.user).select_related("team", "current")
    return get_object_or_404(seen, name=name)


def _refuse_teams(request: Request, given: list[File]) -> None:
    for team in files.teams(given):
        permits.writes_for(person(request), team)


def _planned(plan: Plan) -> Response:
    return Response(PlanSerializer(plan).data, headers={"ETag": f'"{plan.state}"'})


def _done(applied: Applied) -> Response:
    told = [
        {"pipeline": revision.pipeline.name, "revision": revision.number, "etag": etag(revision)}
        for revision, _ in applied.pipelines
    ]
    return Response({"applied": told, "templates": []})


def _author(request: Request) -> Author:
    writer = person(request)
    return Author(actor=actor(request), user=writer, teams=permits.teams_written_for(writer))


def _document(request: Request) -> Mapping[str, object]:
    if not isinstance(request.data, Mapping) or not request.data:
        raise DefinitionInvalid([Problem(path="", message="The body is not a template: it has to be a mapping.")])
    return request.data


def _registered(request: Request, document: Mapping[str, object]) -> Response:
    file = File(name="", content={"template": "", **document})
    for team in file.teams():
        permits.writes_for(person(request), team)
    onto = _onto(request, document)
    if strictness.said(request, "dry_run"):
        return _planned(plans.plan([file], author=_author(request)))
    why = request.query_params.get("why", "").replace("\0", "")
    try:
        revision, is_new = templates.register(document, author=_author(request), why=why, onto=onto)
    except IntegrityError as error:
        raise LostRace("Somebody registered this at the same moment.", todo="Send it again.") from error
    template = Template.objects.select_related("team", "current").get(pk=revision.template_id)
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(TemplateDetailSerializer(template).data, status=code, headers={"ETag": etag(revision)})


def _onto(request: Request, document: Mapping[str, object]) -> int | None:
    """The revision that the caller has read, by If-Match; raises Outdated if it is not the current one."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        return None
    name = str(document.get("template", ""))[:63].replace("\0", "")
    template = Template.objects.filter(name=name).select_related("current").first()
    current = template.current if template else None
    if current is None or (given != "*" and etag(current) not in [tag.strip() for tag in given.split(",")]):
        raise Outdated(
            "The template is not what it was when you read it.",
            todo="Read it again, bring your change to what is there, and send that.",
        )
    return None if given == "*" else current.number
