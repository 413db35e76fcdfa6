"""The event log, why things happened, and what was handed to whom."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app import events
from pipelines_app.access import discretion, permits
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Nothing, said
from pipelines_app.api.filters import DeliveryFilter, EventFilter
from pipelines_app.api.serializers.events import DeliverySerializer, EventDetailSerializer, EventSerializer
from pipelines_app.errors import NotAllowed
from pipelines_app.models import Dataset, Delivery, Event, Pipeline, Role, User

LONGEST_CHAIN = 100
EFFECTS_SHOWN = 100


@extend_schema_view(
    list=extend_schema(operation_id="events_list", tags=["events"], summary="The event log"),
    retrieve=extend_schema(
        operation_id="events_read",
        tags=["events"],
        summary="An event, why it happened and what it led to",
        responses=EventDetailSerializer,
    ),
)
class EventViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Event]):
    """Facts."""

    queryset = Event.objects.none()
    serializer_class = EventSerializer
    filterset_class = EventFilter
    moment = "at"

    def get_queryset(self) -> QuerySet[Event]:
        return Event.objects.visible_to(self.request.user)

    def retrieve(self, request: Request, pk: int) -> Response:
        event = get_object_or_404(self.get_queryset().prefetch_related("deliveries"), pk=pk)
        discretion.veil(event.deliveries.all(), person(request))
        context: dict[str, Any] = {
            "causes": _causes(event, person(request)),
            "effects": list(self.get_queryset().filter(cause=event).order_by("id")[:EFFECTS_SHOWN]),
        }
        return Response(EventDetailSerializer(event, context=context).data)


def _causes(event: Event, user: User) -> list[Event | None]:
    """The chain that led to an event, the nearest first; none in place of what the user may not see."""
    chain: list[Event] = []
    above = event.cause_id
    while above is not None and len(chain) < LONGEST_CHAIN:
        found = Event.objects.select_related("cause__cause__cause").get(pk=above)
        for one in (found, found.cause, found.cause and found.cause.cause):
            if one is not None:
                chain.append(one)
        above = chain[-1].cause_id
    ids = [one.pk for one in chain]
    visible = set(Event.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
    return [one if one.pk in visible else None for one in chain]


@extend_schema_view(
    list=extend_schema(operation_id="deliveries_list", tags=["events"], summary="Events handed to consumers (admins)")
)
class DeliveryViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Delivery]):
    """Hand-overs of events, for admins: those of what their teams own."""

    queryset = Delivery.objects.none()
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter

    def get_queryset(self) -> QuerySet[Delivery]:
        user = person(self.request)
        if not permits.is_admin_somewhere(user):
            raise NotAllowed("Deliveries are for admins.", todo="Ask an admin of your team to look.")
        deliveries = Delivery.objects.select_related("event")
        if user.is_superuser:
            return deliveries
        teams = user.teams_with(Role.ADMIN)
        own_datasets = Dataset.objects.filter(team__in=teams).values("name")
        own_pipelines = Pipeline.objects.filter(team__in=teams).values("name")
        return deliveries.filter(
            Q(event__dataset__in=own_datasets) | Q(event__dataset="", event__pipeline__in=own_pipelines)
        )

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        """A page of them, told as the caller may hear it."""
        page: list[Delivery] = list(super().paginate_queryset(queryset) or [])
        return discretion.veil(page, person(self.request))

    @extend_schema(
        operation_id="deliveries_release",
        tags=["events"],
        summary="Try a stuck delivery again",
        request=Nothing,
        responses=DeliverySerializer,
    )
    def release(self, request: Request, pk: int) -> Response:
        said(Nothing, request)
        delivery = get_object_or_404(self.get_queryset(), pk=pk)
        events.release(delivery, actor=actor(request))
        delivery.refresh_from_db()
        return Response(DeliverySerializer(delivery).data)
