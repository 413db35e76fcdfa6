"""What pipelines wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.models.definitions import Pipeline
from pipelines_app.models.events import Event
from pipelines_app.models.runs import Run

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from pipelines_app.models.access import User


class WaitState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    PARTIAL = "partial", "Partial"
    STARTED = "started", "Started"
    SKIPPED = "skipped", "Skipped"


OPEN = [WaitState.WAITING, WaitState.PARTIAL]


class WaitingQuerySet(models.QuerySet["Waiting"]):
    def visible_to(self, user: User | AnonymousUser) -> WaitingQuerySet:
        return self.filter(pipeline__in=Pipeline.objects.visible_to(user))

    def open(self) -> WaitingQuerySet:
        """What waits, and what has run with a part and would be made good by the rest."""
        return self.filter(state__in=OPEN)


class Waiting(models.Model):
    """One period of a pipeline that waits: what has come, what is missing, from when it may and until when it waits."""

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="waits", db_index=False)
    period = models.CharField(max_length=13, blank=True)
    state = models.CharField(max_length=7, choices=WaitState.choices, default=WaitState.WAITING)
    since = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    needed = models.PositiveSmallIntegerField(help_text="How many of the inputs have to be there.")
    inputs = models.JSONField(default=list, help_text="Per input what is wanted, what has come and what is missing.")
    not_before = models.DateTimeField(null=True)
    at_latest = models.DateTimeField(null=True)
    then = models.CharField(max_length=7, blank=True, help_text="What happens at the latest moment.")
    overdue = models.BooleanField(default=False, help_text="The latest moment has passed, and it goes on waiting.")
    act_at = models.DateTimeField(null=True, help_text="When the clock moves it on; none while only data can.")
    run = models.ForeignKey(Run, models.PROTECT, null=True, related_name="+", help_text="What it has led to.")
    reason = models.CharField(max_length=500, blank=True, help_text="Why it ended as it did.")
    events = models.ManyToManyField(Event, related_name="waits", help_text="What has come for it and is kept.")

    objects = WaitingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=WaitState.values), name="waiting_state_known"),
            models.CheckConstraint(condition=Q(then__in=["", "wait", "partial", "skip"]), name="waiting_then_known"),
            models.UniqueConstraint(
                fields=["pipeline", "period"],
                condition=Q(state__in=["waiting", "partial"]),
                name="waiting_once_per_period",
            ),
        ]
        indexes = [
            models.Index(fields=["act_at"], condition=Q(state="waiting"), name="waiting_due"),  # the sweep
            models.Index(fields=["pipeline", "-id"], name="waiting_of_pipeline"),
            # Whether a period was skipped before.
            models.Index(fields=["pipeline", "period"], condition=Q(state="skipped"), name="waiting_skipped"),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline} {self.period}".rstrip()
