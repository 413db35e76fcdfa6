"""In which order a list may be asked for: by id, and by what an index serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError as Malformed
from django.db.models import Q
from rest_framework.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model, QuerySet

NEWEST = "-id"


@dataclass(frozen=True, kw_only=True)
class Order:
    """One order of a list: by a field and then by id, up or down."""

    name: str

    @property
    def field(self) -> str:
        field = self.name.removeprefix("-")
        return "pk" if field == "id" else field

    @property
    def is_down(self) -> bool:
        return self.name.startswith("-")

    def sorted(self, rows: QuerySet[Any], *, backwards: bool) -> QuerySet[Any]:
        """The rows in this order, or from its other end."""
        sign = "-" if self.is_down != backwards else ""
        return rows.order_by(*dict.fromkeys((f"{sign}{self.field}", f"{sign}pk")))

    def beyond(self, rows: QuerySet[Any], place: Mapping[str, int | str], *, backwards: bool) -> QuerySet[Any]:
        """The rows after a place, or before it; the first condition is what an index goes by."""
        side = "lt" if self.is_down != backwards else "gt"
        if self.field == "pk":
            return rows.filter(**{f"pk__{side}": place["pk"]})
        at = _value(rows.model, self.field, place.get("at"))
        further = Q(**{f"{self.field}__{side}": at}) | Q(**{self.field: at, f"pk__{side}": place["pk"]})
        return rows.filter(further, **{f"{self.field}__{side}e": at})

    def place(self, row: Model) -> dict[str, int | str]:
        """Where a row stands in this order."""
        if self.field == "pk":
            return {"pk": row.pk}
        at = getattr(row, self.field)
        return {"pk": row.pk, "at": at if isinstance(at, str) else at.isoformat()}


def possible(view: object) -> list[str]:
    """The orders of a list: `orders` and `moment` of its view say what an index serves beside ids."""
    fields = dict.fromkeys(("id", *getattr(view, "orders", ()), getattr(view, "moment", "") or "id"))
    return [f"{sign}{field}" for field in fields for sign in ("-", "")]


def chosen(view: object, asked: Mapping[str, str]) -> Order:
    """The order asked for, else the newest first; raises ValidationError with what is possible.

    A stretch of time is read by the index of its moments: walking by ids would pass all that is newer.
    """
    name, names = asked.get("order_by", ""), possible(view)
    if name and name not in names:
        raise ValidationError({"order_by": [f"This list is not sorted by {name[:60]!r}; it is by {', '.join(names)}."]})
    moment = getattr(view, "moment", "")
    is_stretch = moment and (asked.get("after") or asked.get("before"))
    return Order(name=name or (f"-{moment}" if is_stretch else NEWEST))


def _value(model: type[Model], field: str, at: object) -> Any:
    try:
        return model._meta.get_field(field).to_python(at)  # type: ignore[union-attr]  # no relation is sorted by
    except Malformed as error:
        raise ValidationError({"cursor": ["This is not a cursor of this list."]}) from error
