"""How a team's alerts behave, through the API: patience, maintenance, routes and quiet hours."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring_app.alerts import behaving
from monitoring_app.alerts.behaving import Manner, Quiet, Window, Wish
from monitoring_app.api.channels import HEARERS, ChannelSerializer
from monitoring_app.api.commands import Command, said
from monitoring_app.api.switching import NothingMore, actor, owned
from monitoring_app.models import MOST_MINUTES, AlertUrgency, ChannelKind, Maintenance, Policy, Route
from pipelines_app import clock
from pipelines_app.access import permits
from pipelines_app.models import ANY_ROLE, EDITING, Dataset, Role


class SayPolicy(Command):
    """Minutes; zero is never."""

    pending = serializers.IntegerField(min_value=0, max_value=MOST_MINUTES, default=0)
    keep = serializers.IntegerField(min_value=0, max_value=MOST_MINUTES, default=0)
    escalate = serializers.IntegerField(min_value=0, max_value=MOST_MINUTES, default=0)
    escalate_to = serializers.EmailField(max_length=254, default="", allow_blank=True)
    remind = serializers.IntegerField(min_value=0, max_value=MOST_MINUTES, default=0)
    report = serializers.BooleanField(default=True, help_text="A report of the promises each Monday, by e-mail.")


class PolicySerializer(serializers.ModelSerializer[Policy]):
    """How the alerts of a team behave, in minutes."""

    class Meta:
        model = Policy
        fields = ["pending", "keep", "escalate", "escalate_to", "remind", "report"]
        read_only_fields = fields


class PolicyView(APIView):
    """How the alerts of one of the caller's teams behave."""

    @extend_schema(
        operation_id="alert_policies_read",
        tags=["alerts"],
        summary="How a team's alerts behave",
        responses=PolicySerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        user = permits.signed_in(request.user)
        team = permits.operable(user.teams_with(*ANY_ROLE), user, team="pk", name=name)
        return Response(PolicySerializer(Policy.objects.filter(team=team).first() or Policy()).data)

    @extend_schema(
        operation_id="alert_policies_say",
        tags=["alerts"],
        summary="Say how a team's alerts behave",
        request=SayPolicy,
        responses=PolicySerializer,
    )
    def put(self, request: Request, name: str) -> Response:
        command, user = said(SayPolicy, request), permits.signed_in(request.user)
        team = permits.operable(user.teams_with(Role.ADMIN), user, team="pk", name=name)
        return Response(PolicySerializer(behaving.behave(team, Manner(**command), actor=actor(request))).data)


class BeginMaintenance(Command):
    """Whose, of which dataset (none: of all), from when until when, and why."""

    team = serializers.CharField(max_length=63)
    dataset = serializers.CharField(max_length=130, required=False, default="", allow_blank=True)
    begins_at = serializers.DateTimeField(validators=[clock.validate])
    ends_at = serializers.DateTimeField(validators=[clock.validate])
    reason = serializers.CharField(max_length=500)


class MaintenanceSerializer(serializers.ModelSerializer[Maintenance]):
    """A time in which nobody is told."""

    team = serializers.CharField(source="team.name", read_only=True)
    dataset = serializers.CharField(source="dataset.name", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Maintenance
        fields = ["id", "team", "dataset", "begins_at", "ends_at", "reason", "made_by", "created_at"]
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(operation_id="maintenance_list", tags=["alerts"], summary="When nobody is or was told")
)
class MaintenanceViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Maintenance]):
    """Maintenance of the caller's teams."""

    queryset = Maintenance.objects.none()
    serializer_class = MaintenanceSerializer

    def get_queryset(self) -> QuerySet[Maintenance]:
        return Maintenance.objects.visible_to(self.request.user).select_related("team", "dataset")

    @extend_schema(
        operation_id="maintenance_begin",
        tags=["alerts"],
        summary="Have nobody told for a time",
        request=BeginMaintenance,
        responses={201: MaintenanceSerializer},
    )
    def create(self, request: Request) -> Response:
        command, user = said(BeginMaintenance, request), permits.signed_in(request.user)
        team = permits.operable(user.teams_with(*EDITING), user, team="pk", name=command.pop("team"))
        name = command.pop("dataset")
        own = Dataset.objects.filter(team=team)
        dataset = permits.operable(own, user, team="team", name=name) if name else None
        made = behaving.maintain(team, Window(**command, dataset=dataset), actor=actor(request))
        return Response(MaintenanceSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="maintenance_end",
        tags=["alerts"],
        summary="End it now",
        request=NothingMore,
        responses={204: None},
    )
    def end(self, request: Request, pk: int) -> Response:
        said(NothingMore, request)
        user = permits.signed_in(request.user)
        window = permits.operable(
            Maintenance.objects.operable_by(user).select_related("team", "dataset"), user, team="team", pk=pk
        )
        behaving.end_maintenance(window, actor=actor(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AddRoute(Command):
    """Which channel, and which alerts it hears of; what is left out is any."""

    channel = serializers.IntegerField()
    pattern = serializers.CharField(max_length=130, default="", allow_blank=True)
    layer = serializers.CharField(max_length=63, default="", allow_blank=True)
    rule = serializers.CharField(max_length=210, default="", allow_blank=True)
    severity = serializers.ChoiceField(choices=AlertUrgency.choices, default=AlertUrgency.INFO)


class RouteSerializer(serializers.ModelSerializer[Route]):
    """Which alerts a channel hears of."""

    team = serializers.CharField(source="team.name", read_only=True)

    class Meta:
        model = Route
        fields = ["id", "team", "channel", "pattern", "layer", "rule", "severity", "created_at"]
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(operation_id="routes_list", tags=["channels"], summary="Which channel hears of what")
)
class RouteViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Route]):
    """Routes of the caller's teams."""

    queryset = Route.objects.none()
    serializer_class = RouteSerializer

    def get_queryset(self) -> QuerySet[Route]:
        return Route.objects.visible_to(self.request.user).select_related("team")

    @extend_schema(
        operation_id="routes_add",
        tags=["channels"],
        summary="Have a channel hear of some alerts only",
        request=AddRoute,
        responses={201: RouteSerializer},
    )
    def create(self, request: Request) -> Response:
        command: dict[str, Any] = said(AddRoute, request)
        channel = owned(request, command.pop("channel"), (*HEARERS, ChannelKind.WEBHOOK))
        made = behaving.route(channel, Wish(**command), actor=actor(request))
        return Response(RouteSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="routes_remove",
        tags=["channels"],
        summary="Take a route away",
        request=NothingMore,
        responses={204: None},
    )
    def remove(self, request: Request, pk: int) -> Response:
        said(NothingMore, request)
        user = permits.signed_in(request.user)
        found = permits.operable(
            Route.objects.operable_by(user).select_related("team", "channel"), user, team="team", pk=pk
        )
        behaving.unroute(found, actor=actor(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SayQuiet(Command):
    """From when to when by the clocks of which zone; without both there are none."""

    begins = serializers.TimeField(required=False, allow_null=True, default=None)
    ends = serializers.TimeField(required=False, allow_null=True, default=None)
    zone = serializers.CharField(max_length=64, default="UTC")


class QuietView(APIView):
    """The quiet hours of a channel."""

    @extend_schema(
        operation_id="channels_quiet",
        tags=["channels"],
        summary="Give a channel quiet hours, or none",
        request=SayQuiet,
        responses=ChannelSerializer,
    )
    def post(self, request: Request, pk: int) -> Response:
        command = said(SayQuiet, request)
        channel = owned(request, pk, HEARERS)
        begins, ends = command["begins"], command["ends"]
        quiet = Quiet(begins=begins, ends=ends, zone=command["zone"]) if begins and ends else None
        behaving.hush(channel, quiet, actor=actor(request))
        return Response(ChannelSerializer(channel).data)
