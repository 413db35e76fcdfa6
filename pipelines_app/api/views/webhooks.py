"""Webhooks of sources: made, tried, given a new secret, closed and opened; and what came through them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app import keyed
from pipelines_app.access import audit, permits
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Nothing, said
from pipelines_app.api.serializers.webhooks import (
    LimitWebhook,
    MakeWebhook,
    NewWebhookSerializer,
    TriedSerializer,
    TryWebhook,
    WebhookDeliverySerializer,
    WebhookSerializer,
)
from pipelines_app.compiler.definition import Format
from pipelines_app.idempotency import Reply
from pipelines_app.intake import accepting, rehearsing, webhook_log, webhooks
from pipelines_app.intake.webhooks import Limits
from pipelines_app.keyed import KEY
from pipelines_app.models import Dataset, Webhook


@extend_schema_view(list=extend_schema(operation_id="webhooks_list", tags=["webhooks"], summary="Webhooks of sources"))
class WebhookViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Webhook]):
    """Webhooks of sources; only those who may edit the source see them."""

    queryset = Webhook.objects.none()
    serializer_class = WebhookSerializer

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.operable_by(self.request.user).select_related("dataset")

    @extend_schema(operation_id="webhooks_read", tags=["webhooks"], summary="A webhook", responses=WebhookSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(WebhookSerializer(_owned(request, pk)).data)

    @extend_schema(
        operation_id="webhooks_make",
        tags=["webhooks"],
        summary="Make an address for a source",
        parameters=[KEY],
        request=MakeWebhook,
        responses={
            200: OpenApiResponse(WebhookSerializer, description="Made under this key before; without its secret."),
            201: NewWebhookSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        command, user = said(MakeWebhook, request), person(request)
        allowed = Dataset.objects.operable_by(user).select_related("team", "pipeline")
        dataset = permits.operable(allowed, user, team="team", name=command["dataset"])
        accepting.source_of(dataset)  # refuses what takes no files
        given = {}

        def work() -> Reply:
            webhook, given["secret"] = webhooks.create(
                dataset, signature=command["signature"], per_minute=command["per_minute"]
            )
            _note(request, webhook, "webhook.created")
            return Reply(status=status.HTTP_201_CREATED, answer=dict(WebhookSerializer(webhook).data))

        reply = keyed.once(request, keyed.digest_of(command), work)
        # What is kept for the key holds no secret: who has lost the first answer makes a new one with `rotate`.
        return Response(reply.answer if reply.again else {**reply.answer, **given}, status=reply.status)

    @extend_schema(
        operation_id="webhooks_limit",
        tags=["webhooks"],
        summary="Say how much its supplier may send",
        request=LimitWebhook,
        responses=WebhookSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        limits, webhook = Limits(**said(LimitWebhook, request)), _owned(request, pk)
        _note(request, webhook, "webhook.limited", change=webhooks.limit(webhook, limits))
        return Response(WebhookSerializer(webhook).data)

    @extend_schema(
        operation_id="webhooks_rotate",
        tags=["webhooks"],
        summary="Make a new secret; the old one holds for a day",
        request=Nothing,
        responses=NewWebhookSerializer,
    )
    def rotate(self, request: Request, pk: int) -> Response:
        said(Nothing, request)
        webhook = _owned(request, pk)
        secret = webhooks.rotate(webhook)
        _note(request, webhook, "webhook.rotated")
        return Response(_with_secret(webhook, secret))

    @extend_schema(
        operation_id="webhooks_enable",
        tags=["webhooks"],
        summary="Open the address",
        request=Nothing,
        responses=WebhookSerializer,
    )
    def enable(self, request: Request, pk: int) -> Response:
        return _switch(request, pk, enabled=True)

    @extend_schema(
        operation_id="webhooks_disable",
        tags=["webhooks"],
        summary="Close the address",
        request=Nothing,
        responses=WebhookSerializer,
    )
    def disable(self, request: Request, pk: int) -> Response:
        return _switch(request, pk, enabled=False)

    @extend_schema(
        operation_id="webhooks_test",
        tags=["webhooks"],
        summary="Try a body: it is signed, goes the whole way and is taken back",
        request=TryWebhook,
        responses=TriedSerializer,
    )
    def test(self, request: Request, pk: int) -> Response:
        command, webhook = said(TryWebhook, request), _owned(request, pk)
        is_records = accepting.source_of(webhook.dataset).format is Format.JSONL
        name = rehearsing.rehearse(
            webhook,
            body=command["body"].encode(),
            content_type="application/json" if is_records else "application/octet-stream",
            period=command["period"],
            now=timezone.now(),
        )
        return Response({"name": name})

    @extend_schema(
        operation_id="webhook_deliveries",
        tags=["webhooks"],
        summary="The last fifty messages, taken and refused",
        responses=WebhookDeliverySerializer(many=True),
    )
    def deliveries(self, request: Request, pk: int) -> Response:
        last = webhook_log.last(_owned(request, pk))
        return Response(WebhookDeliverySerializer(last, many=True).data)


def _owned(request: Request, pk: int) -> Webhook:
    allowed = Webhook.objects.operable_by(person(request)).select_related("dataset__team", "dataset__pipeline")
    return permits.operable(allowed, person(request), team="dataset__team", pk=pk)


def _with_secret(webhook: Webhook, secret: str) -> dict[str, Any]:
    return {**WebhookSerializer(webhook).data, "secret": secret}


def _switch(request: Request, pk: int, *, enabled: bool) -> Response:
    said(Nothing, request)
    webhook = _owned(request, pk)
    webhooks.switch(webhook, enabled=enabled)
    _note(request, webhook, "webhook.enabled" if enabled else "webhook.disabled")
    return Response(WebhookSerializer(webhook).data)


def _note(request: Request, webhook: Webhook, action: str, *, change: Mapping[str, object] | None = None) -> None:
    audit.record(
        actor=actor(request),
        action=action,
        subject=str(webhook),
        team=webhook.dataset.team,
        address=str(request.META.get("REMOTE_ADDR", ""))[:64],
        change=change,
    )
