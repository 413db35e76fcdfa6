"""Lists by key: a page deep in the past costs what the first one costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from pipelines_app.api import cursors, ordering

if TYPE_CHECKING:  # the framework's views read the settings that name this module
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

DEFAULT = 50
MOST = 100


class KeysetPagination(BasePagination):
    """`limit`, `order_by` and an opaque `cursor`; the answer names the next and the previous page."""

    def paginate_queryset(  # type: ignore[override]  # a key is asked of the database: a sequence has none
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """One page of the rows, in one query: the newest first, or in the order asked for."""
        self._address = request.build_absolute_uri()
        asked = request.query_params
        self._order = ordering.chosen(view, asked)
        limit = cursors.number(asked.get("limit", ""), name="limit", most=MOST, default=DEFAULT)
        place = self._place(asked.get("cursor", ""))
        back = place.get("side") == "back"
        rows = self._order.beyond(queryset, place, backwards=back) if place else queryset
        found = list(self._order.sorted(rows, backwards=back)[: limit + 1])
        more, page = len(found) > limit, found[:limit]
        page = page[::-1] if back else page
        self._next = self._link(page, "on", back or more)
        self._previous = self._link(page, "back", more if back else bool(place))
        return page

    def _place(self, cursor: str) -> dict[str, int | str]:
        """Where the page begins; raises ValidationError for a cursor of something else, or of another order."""
        place = cursors.read(cursor) if cursor else {}
        if place and (place.get("order") != self._order.name or "pk" not in place):
            raise ValidationError({"cursor": ["This is not a cursor of this list in this order."]})
        return place

    def _link(self, page: Sequence[Model], side: str, there_is_more: bool) -> str | None:
        if not page or not there_is_more:
            return None
        edge = self._order.place(page[-1] if side == "on" else page[0])
        cursor = cursors.write({**edge, "side": side, "order": self._order.name})
        return replace_query_param(self._address, "cursor", cursor)

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
        order = {"type": "string", "enum": ordering.possible(view), "default": ordering.NEWEST}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limit, "description": "Rows on a page."},
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "A place in the list, from `next` or `previous`.",
            },
            {"name": "order_by", "in": "query", "required": False, "schema": order, "description": "A minus: down."},
        ]
