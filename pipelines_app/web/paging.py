"""Lists in pages that hold while rows are added: a page begins after a key, never at a number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import models
from django.http import HttpRequest

M = TypeVar("M", bound=models.Model)
SIZE = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """The rows shown, and the queries (with `?`) of the pages before and after, empty where there is none."""

    rows: list[M]
    newer: str
    older: str


def newest_first(rows: models.QuerySet[M], request: HttpRequest, *, size: int = SIZE, few: bool = False) -> Page[M]:
    """A page of rows by id, newest first; `?before=<id>` asks for those before it.

    `few` says that they are found and sorted more quickly than by walking back through all ids, which a database
    would else do for as long as none fits.
    """
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    ordered = rows.order_by((models.F("pk") + 0).desc() if few else "-pk")
    return _page(ordered, request, "before", lambda row: str(row.pk), size)


def by_moment(rows: models.QuerySet[M], request: HttpRequest, moment: str, *, size: int = SIZE) -> Page[M]:
    """A page of rows of a stretch of time, newest first, by the index of its moments; `?before=<id>` as above."""
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        last = rows.model._default_manager.filter(pk=int(before)).values_list(moment, flat=True).first()
        further = models.Q(**{f"{moment}__lt": last}) | models.Q(**{moment: last, "pk__lt": int(before)})
        rows = rows.filter(further, **{f"{moment}__lte": last}) if last is not None else rows.none()
    return _page(rows.order_by(f"-{moment}", "-pk"), request, "before", lambda row: str(row.pk), size)


def by_name(rows: models.QuerySet[M], request: HttpRequest, *, size: int = SIZE) -> Page[M]:
    """A page of rows by their `name`; `?after=<name>` asks for those after it."""
    after = request.GET.get("after", "")
    if after:
        rows = rows.filter(name__gt=after)
    return _page(rows.order_by("name"), request, "after", lambda row: str(row.name), size)  # type: ignore[attr-defined]


def _page(
    rows: models.QuerySet[M], request: HttpRequest, parameter: str, key: Callable[[M], str], size: int
) -> Page[M]:
    found = list(rows[: size + 1])
    older = _with(request, parameter, key(found[size - 1])) if len(found) > size else ""
    newer = _with(request, parameter, "") if request.GET.get(parameter) else ""
    return Page(rows=found[:size], newer=newer, older=older)


def _with(request: HttpRequest, parameter: str, value: str) -> str:
    query = request.GET.copy()
    query.pop(parameter, None)
    if value:
        query[parameter] = value
    return "?" + query.urlencode()
