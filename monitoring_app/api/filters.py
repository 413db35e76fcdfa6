"""By what alerts and messages can be narrowed."""

import django_filters as filters

from monitoring_app.models import Alert, AlertState, AlertUrgency, Notification, NotificationState


class AlertFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=AlertState.choices)
    unresolved = filters.BooleanFilter("resolved_at", "isnull", help_text="Only what is not resolved.")
    severity = filters.ChoiceFilter(choices=AlertUrgency.choices)
    rule = filters.CharFilter()
    dataset = filters.CharFilter("dataset__name")
    pipeline = filters.CharFilter()
    team = filters.CharFilter("team__name")
    run = filters.NumberFilter()
    period = filters.CharFilter()

    class Meta:
        model = Alert
        fields: list[str] = []


class NotificationFilter(filters.FilterSet):
    alert = filters.NumberFilter("alert_id")
    state = filters.ChoiceFilter(choices=NotificationState.choices)

    class Meta:
        model = Notification
        fields: list[str] = []
