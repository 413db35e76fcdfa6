"""Who hears of a team's alerts, through the API: e-mail addresses and Slack channels, added, switched, tested."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring_app.api.commands import Command, said
from monitoring_app.api.switching import NothingMore, Switched, TestedSerializer, actor
from monitoring_app.channels import keeping
from monitoring_app.models import Channel, ChannelKind
from pipelines_app.access import permits
from pipelines_app.models import Role

HEARERS = (ChannelKind.EMAIL, ChannelKind.SLACK, ChannelKind.BOT)
HEARER_CHOICES = [(kind.value, kind.label) for kind in HEARERS]


class AddChannel(Command):
    """Whose, and where to: an address for e-mail, an incoming webhook and a name for Slack, or an app's token."""

    team = serializers.CharField(max_length=63)
    kind = serializers.ChoiceField(choices=HEARER_CHOICES)
    name = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    address = serializers.CharField(max_length=254, required=False, default="", allow_blank=True)
    url = serializers.CharField(max_length=500, required=False, default="", allow_blank=True, write_only=True)
    token = serializers.CharField(max_length=300, required=False, default="", allow_blank=True, write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wanted = {
            ChannelKind.EMAIL: ("address",),
            ChannelKind.SLACK: ("url", "name"),
            ChannelKind.BOT: ("token", "address"),
        }[attrs["kind"]]
        lacking = {field: ["This is needed."] for field in wanted if not attrs[field]}
        if lacking:
            raise serializers.ValidationError(lacking)
        return attrs


class ChannelSerializer(serializers.ModelSerializer[Channel]):
    """An e-mail address or a Slack channel; what a Slack channel is reached by is never given out."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Channel
        fields = [
            *("id", "team", "kind", "name", "address", "enabled", "created_at", "last_ok_at", "last_error"),
            *("quiet_from", "quiet_to", "quiet_zone"),
        ]
        read_only_fields = fields


@extend_schema_view(list=extend_schema(operation_id="channels_list", tags=["channels"], summary="Who hears of alerts"))
class ChannelViewSet(Switched, mixins.ListModelMixin, viewsets.GenericViewSet[Channel]):
    """E-mail addresses and Slack channels of the caller's teams."""

    kinds = HEARERS
    queryset = Channel.objects.none()
    serializer_class = ChannelSerializer

    def get_queryset(self) -> QuerySet[Channel]:
        return Channel.objects.visible_to(self.request.user).filter(kind__in=HEARERS).select_related("team")

    @extend_schema(
        operation_id="channels_add",
        tags=["channels"],
        summary="Have an address or a Slack channel hear of a team's alerts",
        request=AddChannel,
        responses={201: ChannelSerializer},
    )
    def create(self, request: Request) -> Response:
        command, user = said(AddChannel, request), permits.signed_in(request.user)
        team = permits.operable(user.teams_with(Role.ADMIN), user, team="pk", name=command["team"])
        if command["kind"] == ChannelKind.EMAIL:
            given = {"address": command["address"], "name": command["name"]}
            channel = keeping.add_email(team, **given, actor=actor(request))
        elif command["kind"] == ChannelKind.BOT:
            place = {"token": command["token"], "place": command["address"], "name": command["name"]}
            channel = keeping.add_bot(team, **place, actor=actor(request))
        else:
            channel = keeping.add_slack(team, url=command["url"], name=command["name"], actor=actor(request))
        return Response(ChannelSerializer(channel).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="channels_enable",
        tags=["channels"],
        summary="Switch it on",
        request=NothingMore,
        responses=ChannelSerializer,
    )
    def enable(self, request: Request, pk: int) -> Response:
        return self.switched(request, pk, enabled=True)

    @extend_schema(
        operation_id="channels_disable",
        tags=["channels"],
        summary="Switch it off",
        request=NothingMore,
        responses=ChannelSerializer,
    )
    def disable(self, request: Request, pk: int) -> Response:
        return self.switched(request, pk, enabled=False)

    @extend_schema(
        operation_id="channels_test",
        tags=["channels"],
        summary="Send a test message now",
        request=NothingMore,
        responses=TestedSerializer,
    )
    def test(self, request: Request, pk: int) -> Response:
        return self.tested(request, pk)
