"""Alerts and what people do about them; the messages sent; the platform's health."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring_app import health
from monitoring_app.alerts import lifecycle, surprises
from monitoring_app.anomalies.labelling import Said
from monitoring_app.api.anomaly_shapes import LabelAnomaly, LabelledSerializer
from monitoring_app.api.commands import Acknowledge, Resolve, Snooze, said
from monitoring_app.api.filters import AlertFilter, NotificationFilter
from monitoring_app.api.serializers import (
    AlertDetailSerializer,
    AlertSerializer,
    HealthSerializer,
    NotificationSerializer,
)
from monitoring_app.models import Alert, Channel, Notification
from pipelines_app.access import permits
from pipelines_app.models import ApiToken


@extend_schema_view(
    list=extend_schema(operation_id="alerts_list", tags=["alerts"], summary="Problems, open and closed"),
    retrieve=extend_schema(operation_id="alerts_read", tags=["alerts"], summary="A problem and its time line"),
)
class AlertViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Alert]):
    """Problems."""

    queryset = Alert.objects.none()
    filterset_class = AlertFilter

    def get_queryset(self) -> QuerySet[Alert]:
        seen = Alert.objects.visible_to(self.request.user).select_related("team", "dataset")
        if self.action == "list":
            return seen
        return seen.prefetch_related("entries", Prefetch("affected", queryset=seen.order_by("pk")))

    def get_serializer_class(self) -> type[AlertSerializer]:
        return AlertSerializer if self.action == "list" else AlertDetailSerializer

    @extend_schema(
        operation_id="alerts_acknowledge",
        tags=["alerts"],
        summary="Say that you take care of it",
        request=Acknowledge,
        responses=AlertSerializer,
    )
    def acknowledge(self, request: Request, pk: int) -> Response:
        note = said(Acknowledge, request)["note"]
        alert = self._operable(pk)
        lifecycle.acknowledge(alert, actor=_actor(request), note=note)
        return Response(AlertSerializer(alert).data)

    @extend_schema(
        operation_id="alerts_snooze",
        tags=["alerts"],
        summary="Keep it quiet for a while",
        request=Snooze,
        responses=AlertSerializer,
    )
    def snooze(self, request: Request, pk: int) -> Response:
        until = said(Snooze, request)["until"]
        alert = self._operable(pk)
        lifecycle.snooze(alert, until=until, actor=_actor(request))
        return Response(AlertSerializer(alert).data)

    @extend_schema(
        operation_id="alerts_resolve",
        tags=["alerts"],
        summary="Close it by hand",
        request=Resolve,
        responses=AlertSerializer,
    )
    def resolve(self, request: Request, pk: int) -> Response:
        because = said(Resolve, request)["because"]
        alert = self._operable(pk)
        lifecycle.end(alert, because=because, actor=_actor(request))
        return Response(AlertSerializer(alert).data)

    @extend_schema(
        operation_id="alerts_label",
        tags=["alerts"],
        summary="Say whether what was unusual was fine or bad, of all that the alert tells",
        request=LabelAnomaly,
        responses=LabelledSerializer,
    )
    def label(self, request: Request, pk: int) -> Response:
        command, alert = said(LabelAnomaly, request), self._operable(pk)
        told = surprises.label(alert, Said(**command, actor=_actor(request)))
        return Response(LabelledSerializer({"anomalies": told}).data)

    def _operable(self, pk: int) -> Alert:
        user = permits.signed_in(self.request.user)
        allowed = Alert.objects.operable_by(user).select_related("team", "dataset")
        return permits.operable(allowed, user, team="team", pk=pk)


def _actor(request: Request) -> str:
    token = request.auth if isinstance(request.auth, ApiToken) else None
    return permits.actor(permits.signed_in(request.user), token)


@extend_schema_view(list=extend_schema(operation_id="notifications_list", tags=["alerts"], summary="Messages sent"))
class NotificationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Notification]):
    """Messages about alerts the caller may see, to channels of the caller's teams."""

    queryset = Notification.objects.none()
    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter

    def get_queryset(self) -> QuerySet[Notification]:
        user = self.request.user
        seen = Notification.objects.filter(
            alert__in=Alert.objects.visible_to(user), channel__in=Channel.objects.visible_to(user)
        )
        return seen.select_related("channel")


class HealthView(APIView):
    """The platform's own health."""

    @extend_schema(operation_id="health_read", tags=["health"], summary="What works", responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        faults = health.faults()
        answer: dict[str, Any] = {
            "status": "not ready" if any(faults.values()) else "ok",
            "parts": [{"name": name, "ok": not fault, "fault": fault} for name, fault in faults.items()],
        }
        return Response(HealthSerializer(answer).data)
