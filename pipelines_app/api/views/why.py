"""Why something happened, what came of it, and why something has not happened yet."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.api.authentication import person
from pipelines_app.api.serializers.why import ChainSerializer, WaitingListSerializer, tree
from pipelines_app.intake import why, why_not
from pipelines_app.intake.why import Node
from pipelines_app.models import Dataset, DatasetVersion, Event, Pipeline, Run


class RunWhyViewSet(viewsets.ViewSet):
    """Why a run ran and what it set off."""

    @extend_schema(operation_id="runs_causes", tags=["runs"], summary="What led to a run", responses=ChainSerializer)
    def causes(self, request: Request, pk: int) -> Response:
        return Response(tree(why.causes(_run(request, pk), person(request))))

    @extend_schema(operation_id="runs_effects", tags=["runs"], summary="What came of a run", responses=ChainSerializer)
    def effects(self, request: Request, pk: int) -> Response:
        return Response(tree(why.effects(_run(request, pk), person(request))))


class EventWhyViewSet(viewsets.ViewSet):
    """Why an event happened and what it led to."""

    @extend_schema(
        operation_id="events_causes", tags=["events"], summary="What led to an event", responses=ChainSerializer
    )
    def causes(self, request: Request, pk: int) -> Response:
        return Response(tree(why.causes(_event(request, pk), person(request))))

    @extend_schema(
        operation_id="events_effects", tags=["events"], summary="What came of an event", responses=ChainSerializer
    )
    def effects(self, request: Request, pk: int) -> Response:
        return Response(tree(why.effects(_event(request, pk), person(request))))


class VersionWhyViewSet(viewsets.ViewSet):
    """Why a version of a dataset is what it is and what was made from it."""

    @extend_schema(
        operation_id="versions_causes", tags=["datasets"], summary="What led to a version", responses=ChainSerializer
    )
    def causes(self, request: Request, pk: int) -> Response:
        return Response(tree(why.causes(why.of_version(_version(request, pk))[0], person(request))))

    @extend_schema(
        operation_id="versions_effects", tags=["datasets"], summary="What came of a version", responses=ChainSerializer
    )
    def effects(self, request: Request, pk: int) -> Response:
        return Response(tree(why.effects(why.of_version(_version(request, pk))[1], person(request))))


def _run(request: Request, pk: int) -> Node:
    return Node(run=get_object_or_404(Run.objects.visible_to(person(request)).select_related("pipeline"), pk=pk))


def _event(request: Request, pk: int) -> Node:
    return Node(event=get_object_or_404(Event.objects.visible_to(person(request)), pk=pk))


def _version(request: Request, pk: int) -> DatasetVersion:
    seen = DatasetVersion.objects.filter(dataset__in=Dataset.objects.visible_to(person(request)))
    return get_object_or_404(seen.select_related("dataset", "step_run"), pk=pk)


class WaitingView(APIView):
    """What a pipeline waits for."""

    @extend_schema(
        operation_id="pipelines_waiting",
        tags=["pipelines"],
        summary="Why it has not run yet: per period the conditions, and which of them hold",
        responses=WaitingListSerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        pipeline = get_object_or_404(Pipeline.objects.visible_to(person(request)), name=name)
        found = why_not.of(pipeline, person(request), now=timezone.now())
        return Response(WaitingListSerializer({"results": found}).data)
