"""Drop folders and buckets: what their last look found, their keys, another look; and what a message would give."""

from dataclasses import asdict

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.access import audit, permits
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Command, Nothing, said
from pipelines_app.api.serializers.triggers import DropSerializer, DropTakenSerializer, PreviewSerializer
from pipelines_app.intake import accepting, keys, previewing
from pipelines_app.models import Dataset, DropSource, DropTaken


class GiveKeys(Command):
    """The access key of a bucket and its secret; both empty for a bucket that everybody may read."""

    key = serializers.CharField(max_length=keys.LONGEST, allow_blank=True)
    secret = serializers.CharField(max_length=keys.LONGEST, allow_blank=True, write_only=True)


class PreviewMessage(Command):
    """A message as text, or only the name of a file."""

    body = serializers.CharField(
        max_length=200_000, required=False, default="", allow_blank=True, trim_whitespace=False
    )
    name = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    period = serializers.CharField(max_length=13, required=False, default="", allow_blank=True)


@extend_schema_view(
    list=extend_schema(operation_id="drops_list", tags=["drops"], summary="Drop folders and buckets"),
)
class DropViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[DropSource]):
    """Drop folders and buckets."""

    queryset = DropSource.objects.none()
    serializer_class = DropSerializer

    def get_queryset(self) -> QuerySet[DropSource]:
        return DropSource.objects.visible_to(self.request.user).select_related("dataset")

    @extend_schema(operation_id="drops_read", tags=["drops"], summary="A drop folder or bucket")
    def retrieve(self, request: Request, name: str) -> Response:
        return Response(DropSerializer(get_object_or_404(self.get_queryset(), dataset__name=name)).data)

    @extend_schema(
        operation_id="drops_look", tags=["drops"], summary="Look there again", request=Nothing, responses=DropSerializer
    )
    def look(self, request: Request, name: str) -> Response:
        said(Nothing, request)
        source = _own(request, name)
        keys.look_again(source)
        return Response(DropSerializer(_own(request, name)).data)

    @extend_schema(
        operation_id="drops_give_keys",
        tags=["drops"],
        summary="Give the keys of a bucket; they are never shown again",
        request=GiveKeys,
        responses=DropSerializer,
    )
    def give(self, request: Request, name: str) -> Response:
        given = said(GiveKeys, request)
        source = _own(request, name)
        keys.give(source, key=given["key"], secret=given["secret"])
        audit.record(actor=actor(request), action="drop.keys_given", subject=str(source), team=source.dataset.team)
        return Response(DropSerializer(_own(request, name)).data)


def _own(request: Request, name: str) -> DropSource:
    allowed = DropSource.objects.operable_by(person(request)).select_related("dataset__team")
    return permits.operable(allowed, person(request), team="dataset__team", dataset__name=name)


@extend_schema_view(
    list=extend_schema(operation_id="drops_files", tags=["drops"], summary="Files taken in or refused there")
)
class DropTakenViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[DropTaken]):
    """Dropped files."""

    queryset = DropTaken.objects.none()
    serializer_class = DropTakenSerializer

    def get_queryset(self) -> QuerySet[DropTaken]:
        seen = DropSource.objects.visible_to(self.request.user)
        return DropTaken.objects.filter(source=get_object_or_404(seen, dataset__name=self.kwargs["name"]))


class PreviewView(APIView):
    """What a message to a source, or a file of some name, would give. Nothing is kept."""

    @extend_schema(
        operation_id="datasets_preview_message",
        tags=["arrivals"],
        summary="What a message or a file of this name would give",
        request=PreviewMessage,
        responses=PreviewSerializer,
    )
    def post(self, request: Request, name: str) -> Response:
        given = said(PreviewMessage, request)
        allowed = Dataset.objects.operable_by(person(request)).select_related("pipeline")
        dataset = permits.operable(allowed, person(request), team="team", name=name)
        accepting.source_of(dataset)
        if given["body"]:
            found = previewing.message(dataset, given["body"].encode(), name=given["name"], period=given["period"])
        else:
            found = previewing.file_name(dataset, given["name"])
        return Response(PreviewSerializer(asdict(found)).data)
