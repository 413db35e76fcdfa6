"""Arrivals: send a file, see what became of it, bring it in again."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app import idempotency, keyed
from pipelines_app.access import permits
from pipelines_app.api import incoming, rehearsing
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Rehearsed, said
from pipelines_app.api.filters import AllArrivalsFilter, ArrivalFilter
from pipelines_app.api.incoming import Announced
from pipelines_app.api.rehearsing import DRY_RUN, WOULD
from pipelines_app.api.serializers.arrivals import ArrivalSerializer
from pipelines_app.errors import LooplineError
from pipelines_app.idempotency import Reply
from pipelines_app.intake import accepting, receiving
from pipelines_app.intake.accepting import Envelope
from pipelines_app.intake.receiving import Received
from pipelines_app.keyed import KEY
from pipelines_app.models import Arrival, Dataset, Door

SENDING = [
    OpenApiParameter("name", OpenApiTypes.STR, description="The file's name, if Content-Disposition does not say it."),
    OpenApiParameter("period", OpenApiTypes.STR, description="The period, if the name does not say it."),
    OpenApiParameter("Content-Disposition", OpenApiTypes.STR, "header", description='attachment; filename="…"'),
    OpenApiParameter("Content-Digest", OpenApiTypes.STR, "header", description="sha-256=:base64: (RFC 9530)"),
    OpenApiParameter("X-Checksum-Sha256", OpenApiTypes.STR, "header", description="The sha256 in hex."),
    OpenApiParameter("Idempotency-Key", OpenApiTypes.STR, "header", description="Send again with the same key."),
]
FILES = ["application/octet-stream", "text/csv", "application/jsonl", "application/vnd.apache.parquet"]
ACCEPTED = OpenApiExample(
    "accepted",
    value={
        "id": 17,
        "dataset": "raw.flights",
        "door": "api",
        "name": "flights_2013-01-01.csv",
        "period": "2013-01-01",
        "bytes": 79133,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "sender": "token:ana/nightly load",
        "received_at": "2013-01-02T05:10:00Z",
        "state": "pending",
        "disposition": "",
        "run": None,
        "replay_of": None,
        "event": 412,
        "links": {"self": "/api/v1/arrivals/17", "dataset": "/api/v1/datasets/raw.flights"},
    },
    response_only=True,
    status_codes=["201"],
)


@extend_schema_view(
    list=extend_schema(operation_id="arrivals_all", tags=["arrivals"], summary="What has come in, for whatever dataset")
)
class AllArrivalsViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Arrival]):
    """Things that came in, for all datasets."""

    queryset = Arrival.objects.none()
    serializer_class = ArrivalSerializer
    filterset_class = AllArrivalsFilter
    moment = "received_at"

    def get_queryset(self) -> QuerySet[Arrival]:
        return Arrival.objects.visible_to(self.request.user).select_related("dataset")


@extend_schema_view(
    list=extend_schema(operation_id="arrivals_list", tags=["arrivals"], summary="What has come in for a dataset"),
    retrieve=extend_schema(operation_id="arrivals_read", tags=["arrivals"], summary="An arrival and what became of it"),
)
class ArrivalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Arrival]):
    """Things that came in."""

    queryset = Arrival.objects.none()
    serializer_class = ArrivalSerializer
    filterset_class = ArrivalFilter
    takes = {"create": ("name", "period"), "replay": ("dry_run",)}

    def get_queryset(self) -> QuerySet[Arrival]:
        arrivals = Arrival.objects.visible_to(self.request.user).select_related("dataset")
        if "name" not in self.kwargs:
            return arrivals
        seen = Dataset.objects.visible_to(self.request.user)
        return arrivals.filter(dataset=get_object_or_404(seen, name=self.kwargs["name"]))

    @extend_schema(
        operation_id="arrivals_send",
        tags=["arrivals"],
        summary="Send a file",
        description="The body is the file itself, of any length. 2xx means that it is committed and cannot be lost.",
        parameters=SENDING,
        request=dict.fromkeys(FILES, OpenApiTypes.BINARY),
        responses={
            200: OpenApiResponse(ArrivalSerializer, description="The same request came before under this key."),
            201: ArrivalSerializer,
        },
        examples=[ACCEPTED],
    )
    def create(self, request: Request, name: str) -> Response:
        allowed = Dataset.objects.operable_by(person(request)).select_related("pipeline")
        dataset = permits.operable(allowed, person(request), team="team", name=name)
        # Whatever can be refused by the headers alone is refused before the bytes are taken.
        promise = incoming.announced(request._request)
        keyed.key_of(request)
        accepting.period_of(accepting.source_of(dataset), name=promise.name, given=promise.period)
        reply = _accept(request, dataset, promise, incoming.receive(request._request, promise))
        return Response(reply.answer, status=reply.status)

    @extend_schema(
        operation_id="arrivals_replay",
        tags=["arrivals"],
        summary="Bring an arrival's bytes in again",
        parameters=[DRY_RUN, KEY],
        request=Rehearsed,
        responses={200: WOULD, 201: ArrivalSerializer},
    )
    def replay(self, request: Request, pk: int) -> Response:
        asked = said(Rehearsed, request)
        allowed = Arrival.objects.operable_by(person(request)).select_related("dataset")
        arrival = permits.operable(allowed, person(request), team="dataset__team", pk=pk)
        if asked["dry_run"]:
            return rehearsing.told(
                str(pk), "comes in again as a new arrival", lambda: accepting.replay(arrival, actor=actor(request))
            )

        def work() -> Reply:
            again = accepting.replay(arrival, actor=actor(request))
            return Reply(status=status.HTTP_201_CREATED, answer=_jsonable(again))

        reply = keyed.once(request, idempotency.digest("replay"), work)
        return Response(reply.answer, status=reply.status)


def _accept(request: Request, dataset: Dataset, promise: Announced, received: Received) -> Reply:
    """Accept what was received, once per key; bytes that nothing points to afterwards are discarded."""
    envelope = Envelope(dataset=dataset, door=Door.API, name=promise.name, sender=actor(request), period=promise.period)

    def work() -> Reply:
        arrival = accepting.accept(envelope, received)
        return Reply(status=status.HTTP_201_CREATED, answer=_jsonable(arrival))

    digest = idempotency.digest(received.sha256, promise.name, promise.period)
    try:
        reply = keyed.once(request, digest, work)
    except LooplineError:
        receiving.discard(received.place)
        raise
    # Any other error may come after the commit: then the bytes are needed, and if not, housekeeping removes them.
    if reply.again:
        receiving.discard(received.place)
    return reply


def _jsonable(arrival: Arrival) -> dict[str, Any]:
    return dict(ArrivalSerializer(arrival).data)
