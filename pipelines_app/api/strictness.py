"""Lists that refuse what they do not know: a filter with a slip in its name would else answer everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.permissions import SAFE_METHODS, BasePermission

from pipelines_app.compiler import names
from pipelines_app.errors import LooplineError

if TYPE_CHECKING:  # the framework's views read the settings that name this module
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

PAGING = ("limit", "cursor", "order_by")
YES = frozenset({"true", "1", "yes"})
NO = frozenset({"", "false", "0", "no"})


class UnknownParameter(LooplineError):
    """A query holds a parameter that the address does not have."""

    code = "unknown_parameter"


class StrictFilterBackend(DjangoFilterBackend):
    """The filters of a list, and no others."""

    def filter_queryset(self, request: Any, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """Narrow a list; raises UnknownParameter. What is read alone, by its name or id, takes none."""
        chosen = getattr(view, "filterset_class", None) if getattr(view, "action", "") == "list" else None
        known = list(chosen.base_filters) if chosen is not None else []
        refuse_unknown(request, [*known, *PAGING] if getattr(view, "action", "") == "list" else known)
        narrowed: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return narrowed


class CommandsTakeNoOthers(BasePermission):
    """A command is refused before it begins if its address holds what it does not take: `takes` says what it does."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Let it through; raises UnknownParameter. It stands after who asks: nobody learns anything without a token."""
        method = str(request.method).lower()
        if request.method not in SAFE_METHODS and hasattr(view, method):
            takes: Mapping[str, tuple[str, ...]] = getattr(view, "takes", {})
            refuse_unknown(request, takes.get(getattr(view, "action", None) or method, ()))
        return True


def said(request: Request, name: str) -> bool:
    """Whether a yes or no in the query is a yes; raises UnknownParameter for what is neither."""
    given = request.query_params.get(name, "").strip().lower()
    if given in YES:
        return True
    if given in NO:
        return False
    raise UnknownParameter(f"{name} is true or false.", todo="Write it so, or leave it out.")


def refuse_unknown(request: Request, known: Iterable[str]) -> None:
    """Raise UnknownParameter, naming the nearest that is known, for whatever else the query holds."""
    there_is = sorted(known)
    for name in request.query_params:
        if name not in there_is:
            shown = "".join(character for character in name if character.isprintable())[:60]
            listed = f"Known here: {', '.join(there_is)}." if there_is else "This address takes none."
            raise UnknownParameter(f"There is no parameter {shown!r}{names.hint(shown, there_is)}.", todo=listed)
