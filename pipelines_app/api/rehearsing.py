"""What a command would do: it is done in a transaction that is taken back, so it refuses just what the command does."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from pipelines_app.api.serializers.operations import ItemSerializer
from pipelines_app.runs.bulk import Item, Outcome

DRY_RUN = OpenApiParameter("dry_run", OpenApiTypes.BOOL, description="Only say what it would do.")
WOULD = OpenApiResponse(ItemSerializer, description="With `dry_run`: what it would do.")


def either(name: str, done: type[Serializer[Any]]) -> PolymorphicProxySerializer:
    """How the answer of a command is described that answers 200 both when it is done and when it is rehearsed."""
    return PolymorphicProxySerializer(
        component_name=f"{name}OrWould", serializers=[done, ItemSerializer], resource_type_field_name=None
    )


def told(subject: str, message: str, work: Callable[[], Any]) -> Response:
    """Say what a command would do; raises what the command would raise."""
    with transaction.atomic():
        work()
        transaction.set_rollback(True)
    item = Item(subject=subject, outcome=Outcome.WOULD, message=message)
    return Response(ItemSerializer(item).data)
