"""Expectations of a dataset, for programs: read, decided on, labelled, tried at other bounds, taken away as checks."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring_app.api.commands import said
from monitoring_app.api.expectation_shapes import (
    Accept,
    AtBounds,
    BreachSerializer,
    ChecksSerializer,
    Edit,
    ExpectationDetailSerializer,
    ExpectationFilter,
    ExpectationSerializer,
    Label,
    LookedSerializer,
    OutlookSerializer,
    Retire,
    SayHowFar,
    TrialSerializer,
)
from monitoring_app.api.profile_shapes import asked
from monitoring_app.api.switching import NothingMore, actor
from monitoring_app.expectations import deciding, exporting, labelling, looking, policies, trying
from monitoring_app.expectations.deciding import Wanted
from monitoring_app.models import Expectation, Outlook, Profile
from pipelines_app.access import permits
from pipelines_app.definitions.authors import Author
from pipelines_app.models import Dataset

TAGS = ["expectations"]


def _seen(request: Request, name: str) -> Dataset:
    return get_object_or_404(Dataset.objects.visible_to(request.user), name=name)


def _editable(request: Request, name: str) -> Dataset:
    user = permits.signed_in(request.user)
    allowed = Dataset.objects.operable_by(user).select_related("team", "pipeline__current")
    return permits.operable(allowed, user, team="team", name=name)


@extend_schema_view(
    list=extend_schema(operation_id="expectations_list", tags=TAGS, summary="What was learned to expect of a dataset"),
    retrieve=extend_schema(operation_id="expectations_read", tags=TAGS, summary="An expectation and how it changed"),
)
class ExpectationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Expectation]):
    """Expectations of one dataset."""

    queryset = Expectation.objects.none()
    filterset_class = ExpectationFilter

    def get_queryset(self) -> QuerySet[Expectation]:
        seen = Expectation.objects.visible_to(self.request.user).select_related("dataset")
        return seen.filter(dataset=_seen(self.request, self.kwargs["name"]))

    def get_serializer_class(self) -> type[ExpectationSerializer]:
        return ExpectationSerializer if self.action == "list" else ExpectationDetailSerializer

    def _operable(self, name: str, pk: int) -> Expectation:
        user = permits.signed_in(self.request.user)
        allowed = Expectation.objects.operable_by(user).filter(dataset__name=name).select_related("dataset__team")
        return permits.operable(allowed, user, team="dataset__team", pk=pk)

    def _answer(self, found: Expectation) -> Response:
        return Response(ExpectationSerializer(found).data)

    @extend_schema(
        operation_id="expectations_accept",
        tags=TAGS,
        summary="Judge every new batch by it",
        request=Accept,
        responses=ExpectationSerializer,
    )
    def accept(self, request: Request, name: str, pk: int) -> Response:
        command = said(Accept, request)
        return self._answer(deciding.accept(self._operable(name, pk), actor=actor(request), **command))

    @extend_schema(
        operation_id="expectations_edit",
        tags=TAGS,
        summary="Give it other bounds, which no longer move by themselves",
        request=Edit,
        responses=ExpectationSerializer,
    )
    def edit(self, request: Request, name: str, pk: int) -> Response:
        command = said(Edit, request)
        wanted = Wanted(low=command["min"], high=command["max"], severity=command["severity"])
        found = self._operable(name, pk)
        return self._answer(deciding.edit(found, wanted, actor=actor(request), because=command["because"]))

    @extend_schema(
        operation_id="expectations_retire",
        tags=TAGS,
        summary="Judge by it no more, and do not propose it again",
        request=Retire,
        responses=ExpectationSerializer,
    )
    def retire(self, request: Request, name: str, pk: int) -> Response:
        command = said(Retire, request)
        return self._answer(deciding.retire(self._operable(name, pk), actor=actor(request), **command))

    @extend_schema(
        operation_id="expectations_label",
        tags=TAGS,
        summary="Say that a batch was fine, which widens it, or bad, which tightens it",
        request=Label,
        responses=BreachSerializer,
    )
    def label(self, request: Request, name: str, pk: int) -> Response:
        command, found = said(Label, request), self._operable(name, pk)
        seen = Profile.objects.visible_to(request.user).measured().published()
        about = seen.filter(dataset=found.dataset_id).select_related("version")
        profile = get_object_or_404(about, pk=command["profile"])
        row = labelling.label(found, profile, verdict=command["verdict"], actor=actor(request))
        return Response(BreachSerializer(row).data)

    @extend_schema(
        operation_id="expectations_try",
        tags=TAGS,
        summary="How often it would have alarmed, at its own bounds or at others",
        parameters=[AtBounds],
        responses=TrialSerializer,
    )
    def trial(self, request: Request, name: str, pk: int) -> Response:
        bounds = asked(AtBounds, request)
        found = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(TrialSerializer(trying.tried(found, low=bounds["min"], high=bounds["max"])).data)

    @extend_schema(
        operation_id="expectations_checks",
        tags=TAGS,
        summary="What is in force, as the checks of a definition",
        responses=ChecksSerializer,
    )
    def checks(self, request: Request, name: str) -> Response:
        found = list(self.get_queryset().in_force().order_by("-worth", "pk")[:200])  # type: ignore[attr-defined]
        return Response({"checks": exporting.entries(found), "yaml": exporting.lines(found)})

    @extend_schema(
        operation_id="expectations_look",
        tags=TAGS,
        summary="Look at the history now",
        request=None,
        responses=LookedSerializer,
    )
    def look(self, request: Request, name: str) -> Response:
        said(NothingMore, request)
        return Response(LookedSerializer(looking.look(_editable(request, name))).data)


class OutlookView(APIView):
    """How far the platform goes by itself with what it learns of a dataset."""

    @extend_schema(
        operation_id="expectations_policy", tags=TAGS, summary="How far it goes by itself", responses=OutlookSerializer
    )
    def get(self, request: Request, name: str) -> Response:
        dataset = _seen(request, name)
        return Response(OutlookSerializer(Outlook.objects.filter(dataset=dataset).first() or Outlook()).data)

    @extend_schema(
        operation_id="expectations_say_policy",
        tags=TAGS,
        summary="Say how far it goes by itself",
        request=SayHowFar,
        responses=OutlookSerializer,
    )
    def put(self, request: Request, name: str) -> Response:
        command: dict[str, Any] = said(SayHowFar, request)
        dataset, user = _editable(request, name), permits.signed_in(request.user)
        author = Author(actor=actor(request), user=user, teams=permits.teams_written_for(user))
        return Response(OutlookSerializer(policies.choose(dataset, command["policy"], author=author)).data)
