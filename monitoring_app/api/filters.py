"""By what alerts and messages can be narrowed."""

import django_filters as filters
from django.db.models import QuerySet

from monitoring_app.models import (
    Alert,
    AlertState,
    AlertUrgency,
    Notification,
    NotificationState,
    Profile,
    ProfileState,
)
from pipelines_app import narrowing
from pipelines_app.narrowing import Several


class AlertFilter(filters.FilterSet):
    state = Several(choices=AlertState.choices)
    unresolved = filters.BooleanFilter("resolved_at", "isnull", help_text="Only what is not resolved.")
    severity = Several(choices=AlertUrgency.choices)
    rule = filters.CharFilter()
    dataset = filters.CharFilter("dataset__name")
    pipeline = filters.CharFilter()
    team = filters.CharFilter("team__name")
    run = filters.NumberFilter()
    period = filters.CharFilter()
    after, before = narrowing.stretch("first_at")
    root = filters.NumberFilter("root_id", help_text="Only what follows from this alert.")
    affected = filters.BooleanFilter(help_text="Also what follows from another alert.", method="_with_affected")

    def filter_queryset(self, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        """Those that stand by themselves, unless others are asked for."""
        found = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        return found if asked.get("root") is not None or asked.get("affected") else found.filter(root=None)

    def _with_affected(self, queryset: QuerySet[Alert], name: str, value: bool) -> QuerySet[Alert]:
        return queryset

    class Meta:
        model = Alert
        fields: list[str] = []


class NotificationFilter(filters.FilterSet):
    alert = filters.NumberFilter("alert_id")
    state = Several(choices=NotificationState.choices)
    after, before = narrowing.stretch("created_at")

    class Meta:
        model = Notification
        fields: list[str] = []


class ProfileFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=ProfileState.choices)
    version = filters.NumberFilter("version_id")
    period = filters.CharFilter()
    environment = filters.CharFilter("environment__name")
    is_merged = filters.BooleanFilter()

    class Meta:
        model = Profile
        fields: list[str] = []
