"""By what lists can be narrowed."""

import django_filters as filters
from django.db.models import Exists, OuterRef, QuerySet

from pipelines_app import narrowing
from pipelines_app.models import (
    Arrival,
    ArrivalState,
    Check,
    Dataset,
    DatasetVersion,
    Delivery,
    DeliveryState,
    Disposition,
    Door,
    Event,
    Habit,
    HabitState,
    Pipeline,
    Run,
    RunState,
    Severity,
    Slot,
    SlotState,
    VersionState,
)
from pipelines_app.narrowing import Several


class PipelineFilter(filters.FilterSet):
    team = filters.CharFilter("team__name")
    name_prefix = filters.CharFilter("name", "startswith")
    paused = filters.BooleanFilter("paused_at", "isnull", exclude=True)

    class Meta:
        model = Pipeline
        fields: list[str] = []


class DatasetFilter(filters.FilterSet):
    team = filters.CharFilter("team__name")
    pipeline = filters.CharFilter("pipeline__name")
    name_prefix = filters.CharFilter("name", "startswith")
    is_source = filters.BooleanFilter()

    class Meta:
        model = Dataset
        fields: list[str] = []


class VersionFilter(filters.FilterSet):
    state = Several(choices=VersionState.choices)
    period = filters.CharFilter()
    after, before = narrowing.stretch("created_at")

    class Meta:
        model = DatasetVersion
        fields: list[str] = []


class ArrivalFilter(filters.FilterSet):
    door = Several(choices=Door.choices)
    state = Several(choices=ArrivalState.choices)
    period = filters.CharFilter()
    after, before = narrowing.stretch("received_at")

    class Meta:
        model = Arrival
        fields: list[str] = []


class AllArrivalsFilter(ArrivalFilter):
    dataset = filters.CharFilter("dataset__name")
    team = filters.CharFilter("dataset__team__name")


class SlotFilter(filters.FilterSet):
    dataset = filters.CharFilter("dataset__name")
    team = filters.CharFilter("dataset__team__name")
    state = Several(choices=SlotState.choices)
    period = filters.CharFilter()
    period_gte = filters.CharFilter("period", "gte", help_text="Periods from this one on.")
    period_lte = filters.CharFilter("period", "lte", help_text="Periods up to this one.")
    after, before = narrowing.stretch("due_at")

    class Meta:
        model = Slot
        fields: list[str] = []


class HabitFilter(filters.FilterSet):
    state = Several(choices=HabitState.choices)
    team = filters.CharFilter("dataset__team__name")

    class Meta:
        model = Habit
        fields: list[str] = []


class RunFilter(filters.FilterSet):
    pipeline = filters.CharFilter("pipeline__name")
    team = filters.CharFilter("pipeline__team__name")
    dataset = filters.CharFilter("steps__dataset__name")
    state = Several(choices=RunState.choices)
    idle = filters.BooleanFilter(help_text="Only those that found nothing to do, or none of them.")
    period = filters.CharFilter()
    after, before = narrowing.stretch("created_at")

    class Meta:
        model = Run
        fields: list[str] = []


class EventFilter(filters.FilterSet):
    kind = filters.CharFilter()
    pipeline = filters.CharFilter()
    dataset = filters.CharFilter()
    run = filters.NumberFilter()
    since = filters.NumberFilter("id", "gt", help_text="Only events after the one with this id.")
    period = filters.CharFilter()
    after, before = narrowing.stretch("at")
    disposition = Several(
        choices=Disposition.choices, method="with_disposition", help_text="What became of it at one of its consumers."
    )

    def with_disposition(self, events: QuerySet[Event], name: str, value: list[str]) -> QuerySet[Event]:
        """Events of which one of these became at one of their consumers."""
        became = Delivery.objects.filter(event=OuterRef("pk"), disposition__in=value)
        return events.filter(Exists(became)) if value else events

    class Meta:
        model = Event
        fields: list[str] = []


class DeliveryFilter(filters.FilterSet):
    state = Several(choices=DeliveryState.choices)
    consumer = filters.CharFilter()
    disposition = Several(choices=Disposition.choices)

    class Meta:
        model = Delivery
        fields: list[str] = []


class CheckFilter(filters.FilterSet):
    dataset = filters.CharFilter("dataset__name")
    kind = filters.CharFilter()
    severity = Several(choices=Severity.choices)

    class Meta:
        model = Check
        fields: list[str] = []
