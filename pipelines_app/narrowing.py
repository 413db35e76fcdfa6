"""Filters that lists have in common: several values of one thing, and a stretch of time."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters as filters
from django.db.models import Model, QuerySet
from django.forms import SelectMultiple
from django.utils.datastructures import MultiValueDict

from pipelines_app import clock


class Listed(SelectMultiple):
    """Values with commas between them, or the parameter said several times, or a list in a body."""

    def value_from_datadict(self, data: Mapping[str, Any], files: object, name: str) -> list[str]:
        """Every value that was given, in order."""
        found = data.getlist(name) if isinstance(data, MultiValueDict) else data.get(name, [])
        given: Sequence[object] = [found] if isinstance(found, str) else found
        return [value.strip() for text in given for value in str(text).split(",") if value.strip()]


class Several(filters.MultipleChoiceFilter):
    """One of a few known values, or any of several."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "One, or several with commas between them.")
        super().__init__(*args, widget=Listed, **kwargs)

    def filter(self, qs: QuerySet[Model], value: Sequence[str]) -> QuerySet[Model]:
        """The rows with any of the values."""
        chosen: QuerySet[Model] = self.get_method(qs)(**{f"{self.field_name}__in": list(value)}) if value else qs
        return chosen


def stretch(field: str) -> tuple[filters.IsoDateTimeFilter, filters.IsoDateTimeFilter]:
    """`after`, which takes its moment in, and `before`, which does not: two in a row share nothing."""
    return _moment(field, "gte", "From"), _moment(field, "lt", "Before")


def _moment(field: str, lookup: str, word: str) -> filters.IsoDateTimeFilter:
    said = f"{word} this moment, by `{field}`: 2026-05-04 or 2026-05-04T06:00:00Z."
    return filters.IsoDateTimeFilter(field, lookup, help_text=said, validators=[clock.validate])
