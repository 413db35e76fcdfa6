"""By what lists can be narrowed."""

import django_filters as filters
from django.db.models import Exists, OuterRef, QuerySet

from pipelines_app.models import (
    Arrival,
    ArrivalState,
    Check,
    Dataset,
    DatasetVersion,
    Delivery,
    DeliveryState,
    Disposition,
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
    state = filters.ChoiceFilter(choices=VersionState.choices)
    period = filters.CharFilter()

    class Meta:
        model = DatasetVersion
        fields: list[str] = []


class ArrivalFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=ArrivalState.choices)
    period = filters.CharFilter()

    class Meta:
        model = Arrival
        fields: list[str] = []


class SlotFilter(filters.FilterSet):
    dataset = filters.CharFilter("dataset__name")
    team = filters.CharFilter("dataset__team__name")
    state = filters.MultipleChoiceFilter(choices=SlotState.choices)
    period = filters.CharFilter()
    period_gte = filters.CharFilter("period", "gte", help_text="Periods from this one on.")
    period_lte = filters.CharFilter("period", "lte", help_text="Periods up to this one.")

    class Meta:
        model = Slot
        fields: list[str] = []


class HabitFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=HabitState.choices)
    team = filters.CharFilter("dataset__team__name")

    class Meta:
        model = Habit
        fields: list[str] = []


class RunFilter(filters.FilterSet):
    pipeline = filters.CharFilter("pipeline__name")
    dataset = filters.CharFilter("steps__dataset__name")
    state = filters.ChoiceFilter(choices=RunState.choices)
    period = filters.CharFilter()

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
    disposition = filters.ChoiceFilter(
        choices=Disposition.choices, method="with_disposition", help_text="What became of it at one of its consumers."
    )

    def with_disposition(self, events: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        """Events of which this became at one of their consumers."""
        return events.filter(Exists(Delivery.objects.filter(event=OuterRef("pk"), disposition=value)))

    class Meta:
        model = Event
        fields: list[str] = []


class DeliveryFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=DeliveryState.choices)
    consumer = filters.CharFilter()
    disposition = filters.ChoiceFilter(choices=Disposition.choices)

    class Meta:
        model = Delivery
        fields: list[str] = []


class CheckFilter(filters.FilterSet):
    dataset = filters.CharFilter("dataset__name")
    kind = filters.CharFilter()
    severity = filters.ChoiceFilter(choices=Severity.choices)

    class Meta:
        model = Check
        fields: list[str] = []
