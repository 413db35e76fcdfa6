"""Expected arrivals: what is awaited, why it has not come, and the cadences that were learned."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app import keyed
from pipelines_app.access import permits
from pipelines_app.api import rehearsing
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import AnnounceSlot, Nothing, WaiveSlot, said
from pipelines_app.api.filters import HabitFilter, SlotFilter
from pipelines_app.api.rehearsing import DRY_RUN
from pipelines_app.api.serializers.slots import NO_PERIOD, HabitSerializer, SlotSerializer, WhySerializer
from pipelines_app.definitions.register import Author
from pipelines_app.idempotency import Reply
from pipelines_app.intake import habits, slot_why, slots
from pipelines_app.keyed import KEY
from pipelines_app.models import Dataset, Habit, Slot


@extend_schema_view(list=extend_schema(operation_id="slots_list", tags=["slots"], summary="Expected arrivals"))
class SlotViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Slot]):
    """Expected arrivals."""

    queryset = Slot.objects.none()
    serializer_class = SlotSerializer
    filterset_class = SlotFilter
    moment = "due_at"
    takes = {"waive": ("dry_run",)}

    def get_queryset(self) -> QuerySet[Slot]:
        return Slot.objects.visible_to(self.request.user).select_related("dataset")

    @extend_schema(operation_id="slots_read", tags=["slots"], summary="What is expected for a period of a dataset")
    def retrieve(self, request: Request, dataset: str, period: str) -> Response:
        return Response(SlotSerializer(self._slot(dataset, period)).data)

    def _slot(self, dataset: str, period: str) -> Slot:
        seen = self.get_queryset().select_related("dataset__pipeline", "event")
        return get_object_or_404(seen, dataset__name=dataset, period="" if period == NO_PERIOD else period)

    @extend_schema(
        operation_id="slots_why",
        tags=["slots"],
        summary="Why it has come or not: a tree of conditions",
        responses=WhySerializer,
    )
    def why(self, request: Request, dataset: str, period: str) -> Response:
        tree = slot_why.why(self._slot(dataset, period), person(request))
        return Response(WhySerializer(tree).data)

    @extend_schema(
        operation_id="slots_announce",
        tags=["slots"],
        summary="Expect an arrival by a moment",
        parameters=[KEY],
        request=AnnounceSlot,
        responses={
            200: OpenApiResponse(SlotSerializer, description="Expected already; it takes the moment if it may."),
            201: SlotSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        command = said(AnnounceSlot, request)
        user = person(request)
        allowed = Dataset.objects.operable_by(user).select_related("pipeline")
        dataset = permits.operable(allowed, user, team="team", name=command["dataset"])

        def work() -> Reply:
            slot, is_new = slots.expect(
                dataset, period=command["period"], due_at=command["due_at"], actor=actor(request)
            )
            code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
            return Reply(status=code, answer=dict(SlotSerializer(slot).data))

        reply = keyed.once(request, keyed.digest_of(command), work)
        return Response(reply.answer, status=reply.status)

    @extend_schema(
        operation_id="slots_waive",
        tags=["slots"],
        summary="Stop expecting an arrival",
        parameters=[DRY_RUN],
        request=WaiveSlot,
        responses=rehearsing.either("Slot", SlotSerializer),
    )
    def waive(self, request: Request, pk: int) -> Response:
        user = person(request)
        allowed = Slot.objects.operable_by(user).select_related("dataset__team")
        slot = permits.operable(allowed, user, team="dataset__team", pk=pk)
        asked = said(WaiveSlot, request)
        if asked["dry_run"]:
            return rehearsing.told(
                str(pk),
                "is not expected any more",
                lambda: slots.waive(slot, reason=asked["reason"], actor=actor(request)),
            )
        slots.waive(slot, reason=asked["reason"], actor=actor(request))
        slot.refresh_from_db(fields=["state", "reason"])
        return Response(SlotSerializer(slot).data)


@extend_schema_view(
    list=extend_schema(operation_id="habits_list", tags=["slots"], summary="When datasets usually come, as learned"),
    retrieve=extend_schema(operation_id="habits_read", tags=["slots"], summary="When a dataset usually comes"),
)
class HabitViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Habit]):
    """Cadences learned from past arrivals, and the deadlines proposed from them."""

    queryset = Habit.objects.none()
    serializer_class = HabitSerializer
    filterset_class = HabitFilter
    lookup_field = "dataset__name"
    lookup_url_kwarg = "name"

    def get_queryset(self) -> QuerySet[Habit]:
        return Habit.objects.visible_to(self.request.user).select_related("dataset")

    def _operable(self, request: Request, name: str) -> Habit:
        allowed = Habit.objects.operable_by(person(request)).select_related("dataset__pipeline__current")
        return permits.operable(allowed, person(request), team="dataset__team", dataset__name=name)

    @extend_schema(
        operation_id="habits_accept",
        tags=["slots"],
        summary="Declare the proposed deadline: a new revision of the pipeline",
        request=Nothing,
        responses=HabitSerializer,
    )
    def accept(self, request: Request, name: str) -> Response:
        habit = self._operable(request, name)
        said(Nothing, request)
        user = person(request)
        habits.accept(habit, author=Author(actor=actor(request), user=user, teams=permits.teams_written_for(user)))
        habit.refresh_from_db(fields=["state", "decided_by", "decided_at"])
        return Response(HabitSerializer(habit).data)

    @extend_schema(
        operation_id="habits_dismiss",
        tags=["slots"],
        summary="Do not propose this deadline again",
        request=Nothing,
        responses=HabitSerializer,
    )
    def dismiss(self, request: Request, name: str) -> Response:
        habit = self._operable(request, name)
        said(Nothing, request)
        habits.dismiss(habit, actor=actor(request))
        habit.refresh_from_db(fields=["state", "decided_by", "decided_at"])
        return Response(HabitSerializer(habit).data)
