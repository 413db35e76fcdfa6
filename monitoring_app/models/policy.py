"""How a team's alerts behave in time: what waits before it is told, what is told again, and when nothing is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from pipelines_app.models import ANY_ROLE, EDITING, Dataset, Team, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

MOST_MINUTES = 7 * 24 * 60


class Policy(models.Model):
    """How the alerts of one team behave; zero minutes switch a thing off."""

    team = models.OneToOneField(Team, models.CASCADE, related_name="alert_policy")
    pending = models.PositiveIntegerField(default=0, help_text="Minutes that a problem has to last before it is told.")
    keep = models.PositiveIntegerField(default=0, help_text="Minutes that it has to be good before it is closed.")
    escalate = models.PositiveIntegerField(default=0, help_text="Minutes after which it is told again, unless taken.")
    escalate_to = models.EmailField(blank=True, help_text="Who hears of it then, besides all the others.")
    remind = models.PositiveIntegerField(default=0, help_text="Minutes between two reminders of what is open.")
    report = models.BooleanField(default=True, db_default=True, help_text="Whether it gets a report of its promises.")
    reported = models.CharField(max_length=8, blank=True, default="", db_default="", help_text="For which week last.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pending__lte=MOST_MINUTES, keep__lte=MOST_MINUTES, escalate__lte=MOST_MINUTES)
                & Q(remind__lte=MOST_MINUTES),
                name="policy_within_a_week",
            )
        ]

    def __str__(self) -> str:
        return f"how alerts of {self.team} behave"


class MaintenanceQuerySet(models.QuerySet["Maintenance"]):
    def visible_to(self, user: User | AnonymousUser) -> MaintenanceQuerySet:
        """Those of the user's own teams."""
        return self.filter(team__in=user.teams_with(*ANY_ROLE)) if isinstance(user, User) else self.none()

    def operable_by(self, user: User | AnonymousUser) -> MaintenanceQuerySet:
        """Those of the teams in which the user may edit."""
        return self.filter(team__in=user.teams_with(*EDITING)) if isinstance(user, User) else self.none()

    def at(self, moment: datetime) -> MaintenanceQuerySet:
        return self.filter(begins_at__lte=moment, ends_at__gt=moment)


class Maintenance(models.Model):
    """A time in which nobody is told of a team's alerts, or of those of one dataset; what lasts is told afterwards."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="maintenance")
    dataset = models.ForeignKey(Dataset, models.CASCADE, null=True, related_name="maintenance")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=500)
    made_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    objects = MaintenanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="maintenance_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(reason=""), name="maintenance_has_a_reason"),
        ]
        indexes = [models.Index(fields=["team", "ends_at"], name="maintenance_of_team")]

    def __str__(self) -> str:
        return f"maintenance of {self.dataset or self.team}: {self.reason}"
