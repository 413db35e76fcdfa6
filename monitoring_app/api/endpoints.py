"""Outbound webhooks through the API: made, changed, tested; their messages with every attempt, and one sent again."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring_app.alerts import sending, subscribing
from monitoring_app.api.commands import Command, said
from monitoring_app.api.switching import NothingMore, Switched, TestedSerializer, actor, owned
from monitoring_app.channels import endpoints
from monitoring_app.channels.endpoints import Wanted
from monitoring_app.models import Attempt, Channel, ChannelKind, Notification
from pipelines_app import keyed
from pipelines_app.access import permits
from pipelines_app.idempotency import Reply
from pipelines_app.keyed import KEY
from pipelines_app.models import Role


class WantedCommand(Command):
    """What an endpoint is told of."""

    alerts = serializers.BooleanField(required=False, default=True)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=list(subscribing.KINDS.items())), required=False, default=list
    )


class MakeEndpoint(WantedCommand):
    """Whose, and where to."""

    team = serializers.CharField(max_length=63)
    url = serializers.CharField(max_length=2000, write_only=True)
    name = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)


class EndpointSerializer(serializers.ModelSerializer[Channel]):
    """An outbound webhook; its address and its secret are never given out."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True, read_only=True)
    host = serializers.CharField(source="endpoint.host", read_only=True)
    alerts = serializers.BooleanField(source="endpoint.alerts", read_only=True)
    kinds = serializers.SerializerMethodField()
    failing_since = serializers.DateTimeField(source="endpoint.failing_since", read_only=True, allow_null=True)
    closed_because = serializers.CharField(source="endpoint.closed_because", read_only=True)

    class Meta:
        model = Channel
        fields = [
            *("id", "team", "name", "host", "enabled", "alerts", "kinds", "created_at", "last_ok_at", "last_error"),
            *("failing_since", "closed_because"),
        ]
        read_only_fields = fields

    def get_kinds(self, channel: Channel) -> list[str]:
        return sorted(one.kind for one in channel.endpoint.subscriptions.all())


class NewEndpointSerializer(EndpointSerializer):
    """The same with its secret, which is given out this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One attempt, and what was answered."""

    class Meta:
        model = Attempt
        fields = ["at", "seconds", "delivered", "answer"]
        read_only_fields = fields


class EndpointMessageSerializer(serializers.ModelSerializer[Notification]):
    """One message to an endpoint with its attempts."""

    tries = AttemptSerializer(many=True, read_only=True)

    class Meta:
        model = Notification
        fields = [
            *("id", "alert", "event", "about", "subject", "state", "attempts", "not_before", "created_at", "done_at"),
            *("error", "tries"),
        ]
        read_only_fields = fields


def _with_secret(channel: Channel, secret: str) -> dict[str, Any]:
    return {**EndpointSerializer(channel).data, "secret": secret}


@extend_schema_view(
    list=extend_schema(operation_id="endpoints_list", tags=["endpoints"], summary="Outbound webhooks"),
    retrieve=extend_schema(operation_id="endpoints_read", tags=["endpoints"], summary="An outbound webhook"),
)
class EndpointViewSet(Switched, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Channel]):
    """Outbound webhooks."""

    kinds = (ChannelKind.WEBHOOK,)
    queryset = Channel.objects.none()
    serializer_class = EndpointSerializer

    def get_queryset(self) -> QuerySet[Channel]:
        seen = Channel.objects.visible_to(self.request.user).filter(kind=ChannelKind.WEBHOOK)
        return seen.select_related("endpoint", "team").prefetch_related("endpoint__subscriptions")

    @extend_schema(
        operation_id="endpoints_make",
        tags=["endpoints"],
        summary="Post alerts and events to an address",
        parameters=[KEY],
        request=MakeEndpoint,
        responses={
            200: OpenApiResponse(EndpointSerializer, description="Made under this key before; without its secret."),
            201: NewEndpointSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        command, user = said(MakeEndpoint, request), permits.signed_in(request.user)
        team = permits.operable(user.teams_with(Role.ADMIN), user, team="pk", name=command["team"])
        wanted = Wanted(alerts=command["alerts"], kinds=command["kinds"])
        given = {}

        def work() -> Reply:
            channel, given["secret"] = endpoints.add(
                team, url=command["url"], name=command["name"], wanted=wanted, actor=actor(request), owner=user.email
            )
            return Reply(status=status.HTTP_201_CREATED, answer=dict(EndpointSerializer(channel).data))

        reply = keyed.once(request, keyed.digest_of(command), work)
        # What is kept for the key holds no secret: who has lost the first answer makes a new one with `rotate`.
        return Response(reply.answer if reply.again else {**reply.answer, **given}, status=reply.status)

    @extend_schema(
        operation_id="endpoints_change",
        tags=["endpoints"],
        summary="Say what it is told of",
        request=WantedCommand,
        responses=EndpointSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        command, channel = said(WantedCommand, request), self.owned(request, pk)
        wanted = Wanted(alerts=command["alerts"], kinds=command["kinds"])
        endpoints.change(channel, wanted=wanted, actor=actor(request))
        return Response(EndpointSerializer(channel).data)

    @extend_schema(
        operation_id="endpoints_rotate",
        tags=["endpoints"],
        summary="Make a new secret",
        request=NothingMore,
        responses=NewEndpointSerializer,
    )
    def rotate(self, request: Request, pk: int) -> Response:
        said(NothingMore, request)
        channel = self.owned(request, pk)
        return Response(_with_secret(channel, endpoints.rotate(channel, actor=actor(request))))

    @extend_schema(
        operation_id="endpoints_enable",
        tags=["endpoints"],
        summary="Switch it on",
        request=NothingMore,
        responses=EndpointSerializer,
    )
    def enable(self, request: Request, pk: int) -> Response:
        return self.switched(request, pk, enabled=True)

    @extend_schema(
        operation_id="endpoints_disable",
        tags=["endpoints"],
        summary="Switch it off",
        request=NothingMore,
        responses=EndpointSerializer,
    )
    def disable(self, request: Request, pk: int) -> Response:
        return self.switched(request, pk, enabled=False)

    @extend_schema(
        operation_id="endpoints_test",
        tags=["endpoints"],
        summary="Send a test message now",
        request=NothingMore,
        responses=TestedSerializer,
    )
    def test(self, request: Request, pk: int) -> Response:
        return self.tested(request, pk)


@extend_schema_view(
    list=extend_schema(operation_id="endpoint_messages_list", tags=["endpoints"], summary="Messages and attempts")
)
class EndpointMessageViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Notification]):
    """Messages to an outbound webhook."""

    queryset = Notification.objects.none()
    serializer_class = EndpointMessageSerializer

    def get_queryset(self) -> QuerySet[Notification]:
        seen = Channel.objects.visible_to(self.request.user).filter(kind=ChannelKind.WEBHOOK)
        channel = get_object_or_404(seen, pk=self.kwargs["pk"])
        return Notification.objects.filter(channel=channel).prefetch_related("tries")

    @extend_schema(
        operation_id="endpoint_messages_again",
        tags=["endpoints"],
        summary="Send a message once more, under its id",
        request=NothingMore,
        responses={202: EndpointMessageSerializer},
    )
    def again(self, request: Request, pk: int, message: int) -> Response:
        said(NothingMore, request)
        notification = get_object_or_404(owned(request, pk, (ChannelKind.WEBHOOK,)).notifications.all(), pk=message)
        sending.again(notification, actor=actor(request))
        notification.refresh_from_db()
        return Response(EndpointMessageSerializer(notification).data, status=status.HTTP_202_ACCEPTED)
