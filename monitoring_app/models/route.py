"""Who hears of which of a team's alerts."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from monitoring_app.models.alert import Alert, AlertUrgency
from monitoring_app.models.channel import Channel
from pipelines_app.models import ANY_ROLE, Role, Team, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class RouteQuerySet(models.QuerySet["Route"]):
    def visible_to(self, user: User | AnonymousUser) -> RouteQuerySet:
        """Those of the user's own teams."""
        return self.filter(team__in=user.teams_with(*ANY_ROLE)) if isinstance(user, User) else self.none()

    def operable_by(self, user: User | AnonymousUser) -> RouteQuerySet:
        """Those of the teams that the user administers."""
        return self.filter(team__in=user.teams_with(Role.ADMIN)) if isinstance(user, User) else self.none()


class Route(models.Model):
    """What a channel hears of: alerts about such datasets, of such a rule, at least so severe; empty is any.

    A team without routes tells every channel of everything; with routes, what none of them fits still goes to all.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="routes")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="routes")
    pattern = models.CharField(max_length=130, blank=True, help_text="Such as mart.* or raw.flights.")
    layer = models.CharField(max_length=63, blank=True)
    rule = models.CharField(max_length=210, blank=True, help_text="How its rule begins: late, check:, quarantine …")
    severity = models.CharField(max_length=8, choices=AlertUrgency.choices, default=AlertUrgency.INFO)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RouteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(severity__in=AlertUrgency.values), name="route_severity_known"),
            models.UniqueConstraint(
                fields=["channel", "pattern", "layer", "rule", "severity"], name="route_of_channel_once"
            ),
        ]

    def __str__(self) -> str:
        about = [self.pattern, f"layer {self.layer}" if self.layer else "", self.rule]
        return f"{', '.join(filter(None, about)) or 'everything'}, at least {self.get_severity_display().lower()}"

    def fits(self, alert: Alert) -> bool:
        """Whether the alert is one of those that are meant."""
        name = alert.dataset.name if alert.dataset is not None else ""
        if AlertUrgency.values.index(alert.severity) < AlertUrgency.values.index(self.severity):
            return False
        if self.layer and name.partition(".")[0] != self.layer:
            return False
        return alert.rule.startswith(self.rule) and fnmatchcase(name, self.pattern or "*")
