"""Lists by key: the newest first, and a page deep in the past costs what the first one costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from pipelines_app.api import cursors

if TYPE_CHECKING:  # the framework's views read the settings that name this module
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

DEFAULT = 50
MOST = 100


class KeysetPagination(BasePagination):
    """`limit` and an opaque `cursor`; the answer names the next and the previous page."""

    def paginate_queryset(  # type: ignore[override]  # a key is asked of the database: a sequence has none
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """One page of the rows, newest first, in one query."""
        self._address = request.build_absolute_uri()
        limit = cursors.number(request.query_params.get("limit", ""), name="limit", most=MOST, default=DEFAULT)
        place = cursors.read(cursor) if (cursor := request.query_params.get("cursor", "")) else {}
        if "newer" in place:
            found = list(queryset.filter(pk__gt=place["newer"]).order_by("pk")[: limit + 1])
            page, more_before, more_after = found[:limit][::-1], len(found) > limit, True
        else:
            older = queryset.filter(pk__lt=_older(place)) if place else queryset
            found = list(older.order_by("-pk")[: limit + 1])
            page, more_before, more_after = found[:limit], bool(place), len(found) > limit
        self._next = self._link(page, "older", more_after)
        self._previous = self._link(page, "newer", more_before)
        return page

    def _link(self, page: Sequence[Model], side: str, there_is_more: bool) -> str | None:
        if not page or not there_is_more:
            return None
        edge = page[-1] if side == "older" else page[0]
        return replace_query_param(self._address, "cursor", cursors.write({side: edge.pk}))

    def get_paginated_response(self, data: Any) -> Response:
        """The page with its neighbours."""
        return Response({"results": data, "next": self._next, "previous": self._previous})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """How a page is described."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """How `limit` and `cursor` are described."""
        limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limit, "description": "Rows on a page."},
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "A place in the list, from `next` or `previous`.",
            },
        ]


def _older(place: dict[str, int | str]) -> int | str:
    if "older" not in place:
        raise ValidationError({"cursor": ["This is not a cursor of this list."]})
    return place["older"]
