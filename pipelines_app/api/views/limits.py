"""Limits: how much may be at work at once."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import said
from pipelines_app.api.serializers.limits import ChangeLimit, LimitSerializer
from pipelines_app.runs import allowing


class LimitsView(APIView):
    """Every limit that concerns the caller."""

    @extend_schema(
        operation_id="limits_list",
        tags=["operations"],
        summary="How much may be at work at once",
        responses=LimitSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = [asdict(row) for row in allowing.seen_by(person(request))]
        return Response(LimitSerializer(rows, many=True).data)


class LimitView(APIView):
    """One limit."""

    @extend_schema(
        operation_id="limits_change",
        tags=["operations"],
        summary="Change a limit, or take it away",
        request=ChangeLimit,
        responses=LimitSerializer,
    )
    def put(self, request: Request, of: str, name: str) -> Response:
        most = said(ChangeLimit, request)["most"]
        changed = allowing.change(person(request), of=of, name=name, most=most, actor=actor(request))
        return Response(LimitSerializer(asdict(changed)).data)
