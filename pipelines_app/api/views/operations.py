"""Doing again, filling in, and acting on many things at once."""

from collections.abc import Sequence
from typing import Any, TypeVar

import django_filters
from django.conf import settings
from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app import events, idempotency, keyed, narrowing
from pipelines_app.access import permits
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Nothing, said
from pipelines_app.api.filters import DeliveryFilter, PipelineFilter, RunFilter
from pipelines_app.api.rehearsing import DRY_RUN
from pipelines_app.api.serializers.operations import (
    BackfillDetailSerializer,
    BackfillPlanSerializer,
    BackfillSerializer,
    BeginBackfill,
    BulkAnswerSerializer,
    BulkDeliveries,
    BulkPipelines,
    BulkRuns,
    Rerun,
    RerunPlanSerializer,
)
from pipelines_app.api.serializers.runs import RunSerializer
from pipelines_app.api.views.events import DeliveryViewSet
from pipelines_app.idempotency import Reply
from pipelines_app.models import Backfill, BackfillState, Pipeline, Run
from pipelines_app.narrowing import Several
from pipelines_app.runs import backfilling, bulk, rerunning
from pipelines_app.runs.bulk import Item, Order

M = TypeVar("M", bound=Model)
BACKFILL_DONE = {
    200: OpenApiResponse(BackfillPlanSerializer, description="With `dry_run`: exactly what it would do."),
    202: OpenApiResponse(BackfillDetailSerializer, description="It has begun."),
}


class RerunView(APIView):
    """A run, done again."""

    takes = {"post": ("dry_run",)}

    @extend_schema(
        operation_id="runs_rerun",
        tags=["runs"],
        summary="Do a run again from what failed, from a step or from the start",
        parameters=[DRY_RUN],
        request=Rerun,
        responses={
            200: OpenApiResponse(RerunPlanSerializer, description="With `dry_run`: what it would do."),
            202: OpenApiResponse(RunSerializer, description="The new run."),
        },
    )
    def post(self, request: Request, pk: int) -> Response:
        fields = said(Rerun, request)
        user = person(request)
        allowed = Run.objects.operable_by(user).select_related("pipeline", "revision", "environment")
        run = permits.operable(allowed, user, team="pipeline__team", pk=pk)
        asked = rerunning.Asked(start_from=fields["start_from"], same_revision=fields["revision"] == "same")
        if fields["dry_run"]:
            return Response(_previewed(rerunning.preview(run, asked)))
        again = rerunning.again(run, asked, actor=actor(request))
        return Response(RunSerializer(again).data, status=status.HTTP_202_ACCEPTED)


def _previewed(seen: rerunning.Preview) -> dict[str, object]:
    return {
        "revision": seen.revision,
        "steps": list(seen.steps),
        "reads": [version.dataset.name for version in seen.reads],
        "renewed": sorted(seen.renewed),
        "held": seen.held,
    }


class PipelineBackfillsView(APIView):
    """Backfills of one pipeline."""

    takes = {"post": ("dry_run",)}

    @extend_schema(
        operation_id="pipelines_backfill",
        tags=["backfills"],
        summary="Make a range of periods, or say exactly what that would do",
        parameters=[DRY_RUN],
        request=BeginBackfill,
        responses=BACKFILL_DONE,
    )
    def post(self, request: Request, name: str) -> Response:
        user = person(request)
        allowed = Pipeline.objects.operable_by(user).select_related("team")
        pipeline = permits.operable(allowed, user, team="team", name=name)
        fields = said(BeginBackfill, request)
        dry_run, asked = fields.pop("dry_run"), fields
        if dry_run:
            return Response(BackfillPlanSerializer(backfilling.plan(pipeline, **asked)).data)

        def work() -> Reply:
            begun = backfilling.begin(pipeline, **asked, actor=actor(request))
            return Reply(status=status.HTTP_202_ACCEPTED, answer=dict(BackfillDetailSerializer(begun).data))

        reply = keyed.once(request, idempotency.digest("backfill", *map(str, asked.values())), work)
        return Response(reply.answer, status=reply.status)


class BackfillFilter(django_filters.FilterSet):
    pipeline = django_filters.CharFilter("pipeline__name")
    state = Several(choices=BackfillState.choices)
    after, before = narrowing.stretch("created_at")

    class Meta:
        model = Backfill
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="backfills_list", tags=["backfills"], summary="Backfills"),
    retrieve=extend_schema(
        operation_id="backfills_read",
        tags=["backfills"],
        summary="A backfill, period by period",
        responses=BackfillDetailSerializer,
    ),
)
class BackfillViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Backfill]):
    """Ranges of periods that are made afterwards."""

    queryset = Backfill.objects.none()
    serializer_class = BackfillSerializer
    filterset_class = BackfillFilter

    def get_queryset(self) -> QuerySet[Backfill]:
        return Backfill.objects.visible_to(self.request.user).select_related("pipeline")

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(BackfillDetailSerializer(get_object_or_404(self.get_queryset(), pk=pk)).data)

    @extend_schema(
        operation_id="backfills_pause",
        tags=["backfills"],
        summary="Begin no further period",
        request=Nothing,
        responses=BackfillSerializer,
    )
    def pause(self, request: Request, pk: int) -> Response:
        backfill = self._operable(request, pk)
        backfilling.pause(backfill, actor=actor(request))
        return Response(BackfillSerializer(backfill).data)

    @extend_schema(
        operation_id="backfills_resume",
        tags=["backfills"],
        summary="Go on with the oldest period that is left",
        request=Nothing,
        responses=BackfillSerializer,
    )
    def resume(self, request: Request, pk: int) -> Response:
        backfill = self._operable(request, pk)
        backfilling.resume(backfill, actor=actor(request))
        return Response(BackfillSerializer(backfill).data)

    @extend_schema(
        operation_id="backfills_cancel",
        tags=["backfills"],
        summary="End it for good, and stop what it runs",
        request=Nothing,
        responses=BackfillSerializer,
    )
    def cancel(self, request: Request, pk: int) -> Response:
        backfill = self._operable(request, pk)
        backfilling.cancel(backfill, actor=actor(request))
        return Response(BackfillSerializer(backfill).data)

    def _operable(self, request: Request, pk: int) -> Backfill:
        said(Nothing, request)
        user = person(request)
        allowed = Backfill.objects.operable_by(user).select_related("pipeline__team", "event")
        return permits.operable(allowed, user, team="pipeline__team", pk=pk)


class BulkRunsView(APIView):
    """Many runs at once."""

    takes = {"post": ("dry_run",)}

    @extend_schema(
        operation_id="runs_bulk",
        tags=["runs"],
        summary="Cancel runs or do them again, by ids or by the filters of the list",
        parameters=[DRY_RUN],
        request=BulkRuns,
        responses=BulkAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        fields = said(BulkRuns, request)
        user = person(request)
        seen = Run.objects.visible_to(user).select_related("pipeline")
        chosen, left = _chosen(seen, fields, RunFilter, key="ids", lookup="pk__in")
        mine = set(Run.objects.operable_by(user).filter(pk__in=[one.pk for one in chosen]).values_list("pk", flat=True))
        items = bulk.on_runs(_order(fields, request), chosen, mine=mine)
        return _answer(fields, items, left, missing=_missing(fields.get("ids"), [one.pk for one in chosen]))


class BulkPipelinesView(APIView):
    """Many pipelines at once."""

    takes = {"post": ("dry_run",)}

    @extend_schema(
        operation_id="pipelines_bulk",
        tags=["pipelines"],
        summary="Pause pipelines or let them go on, by names or by the filters of the list",
        parameters=[DRY_RUN],
        request=BulkPipelines,
        responses=BulkAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        fields = said(BulkPipelines, request)
        user = person(request)
        seen = Pipeline.objects.visible_to(user).select_related("team")
        chosen, left = _chosen(seen, fields, PipelineFilter, key="names", lookup="name__in")
        allowed = Pipeline.objects.operable_by(user).filter(pk__in=[one.pk for one in chosen])
        items = bulk.on_pipelines(_order(fields, request), chosen, mine=set(allowed.values_list("pk", flat=True)))
        return _answer(fields, items, left, missing=_missing(fields.get("names"), [one.name for one in chosen]))


class BulkDeliveriesView(DeliveryViewSet):
    """Many hand-overs at once."""

    takes = {"bulk": ("dry_run",)}

    @extend_schema(
        operation_id="deliveries_bulk",
        tags=["events"],
        summary="Try stuck deliveries again, by ids or by the filters of the list (admins)",
        parameters=[DRY_RUN],
        request=BulkDeliveries,
        responses=BulkAnswerSerializer,
    )
    def bulk(self, request: Request) -> Response:
        fields = said(BulkDeliveries, request)
        chosen, left = _chosen(self.get_queryset(), fields, DeliveryFilter, key="ids", lookup="pk__in")
        order = _order(fields, request)
        items = bulk.released(order, chosen, release=lambda one: events.release(one, actor=order.actor))
        return _answer(fields, items, left, missing=_missing(fields.get("ids"), [one.pk for one in chosen]))


def _chosen(
    seen: QuerySet[M], fields: dict[str, Any], filters: type[Any], *, key: str, lookup: str
) -> tuple[list[M], int]:
    """What is meant, oldest first, and how many more there are than one call takes."""
    if fields.get(key) is not None:
        found = seen.filter(**{lookup: fields[key]})
    else:
        unknown = sorted(set(fields["filter"]) - set(filters.base_filters))
        if unknown:
            raise ValidationError({"filter": [f"There is no filter {name!r}." for name in unknown]})
        narrowed = filters(data=fields["filter"], queryset=seen)
        if not narrowed.is_valid():
            raise ValidationError({"filter": narrowed.errors})
        found = narrowed.qs.distinct()
    chosen = list(found.order_by("pk")[: settings.BULK_MOST])
    left = found.count() - len(chosen) if len(chosen) == settings.BULK_MOST else 0
    return chosen, left


def _order(fields: dict[str, Any], request: Request) -> Order:
    return Order(action=fields["action"], actor=actor(request), because=fields["because"], dry_run=fields["dry_run"])


def _missing(named: Sequence[object] | None, found: Sequence[object]) -> list[Item]:
    gone = [one for one in dict.fromkeys(named or []) if one not in found]
    message = "There is nothing here of that name that you may see."
    return [Item(subject=str(one), outcome=bulk.Outcome.REFUSED, message=message) for one in gone]


def _answer(fields: dict[str, Any], items: list[Item], left: int, *, missing: list[Item]) -> Response:
    answer = {"action": fields["action"], "dry_run": fields["dry_run"], "items": [*items, *missing], "left": left}
    return Response(BulkAnswerSerializer(answer).data)
