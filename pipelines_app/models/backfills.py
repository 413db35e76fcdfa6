"""Making a range of periods afterwards: what was asked, period by period, and whom to tell at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.models.access import User
from pipelines_app.models.definitions import Pipeline
from pipelines_app.models.events import Event
from pipelines_app.models.runs import Run

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class BackfillMode(models.TextChoices):
    MISSING = "missing", "Only what is missing"
    FAILED = "failed", "What is missing, and what failed last"
    ALL = "all", "Everything again"


class BackfillState(models.TextChoices):
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


class BackfillQuerySet(models.QuerySet["Backfill"]):
    def visible_to(self, user: User | AnonymousUser) -> BackfillQuerySet:
        return self.filter(pipeline__in=Pipeline.objects.visible_to(user))

    def operable_by(self, user: User | AnonymousUser) -> BackfillQuerySet:
        return self.filter(pipeline__in=Pipeline.objects.operable_by(user))

    def unsettled(self) -> BackfillQuerySet:
        """Those with periods to run, or with readers that have not been told yet."""
        return self.filter(settled_at=None)


class Backfill(models.Model):
    """A range of periods of one pipeline that somebody asked to be made, oldest first, after whatever is live."""

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="backfills")
    first = models.CharField(max_length=13)
    last = models.CharField(max_length=13)
    mode = models.CharField(max_length=7, choices=BackfillMode.choices, default=BackfillMode.MISSING)
    state = models.CharField(max_length=9, choices=BackfillState.choices, default=BackfillState.RUNNING)
    created_by = models.CharField(max_length=200)
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", help_text="What began it.")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, help_text="When its last period was over, or it was cancelled.")
    settled_at = models.DateTimeField(null=True, help_text="When every reader of what it made was told.")

    objects = BackfillQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BackfillState.values), name="backfill_state_known"),
            models.CheckConstraint(condition=Q(mode__in=BackfillMode.values), name="backfill_mode_known"),
            models.UniqueConstraint(
                fields=["pipeline"], condition=Q(state__in=["running", "paused"]), name="backfill_one_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(settled_at=None), name="backfill_unsettled")]

    def __str__(self) -> str:
        return f"backfill {self.pk} of {self.pipeline}"

    @property
    def is_open(self) -> bool:
        """Whether periods of it may still be started."""
        return self.state in {BackfillState.RUNNING, BackfillState.PAUSED}


class BackfillPeriod(models.Model):
    """One period of a backfill: why it is made, and the run that makes it once its turn has come."""

    backfill = models.ForeignKey(Backfill, models.CASCADE, related_name="periods")
    period = models.CharField(max_length=13)
    reason = models.CharField(max_length=200)
    run = models.ForeignKey(Run, models.PROTECT, null=True, related_name="backfill_periods")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backfill", "period"], name="backfill_period_once")]
        indexes = [models.Index(fields=["backfill", "period"], condition=Q(run=None), name="backfill_next")]

    def __str__(self) -> str:
        return f"{self.period} of {self.backfill}"


class BackfillEffect(models.Model):
    """What a backfill published and a pipeline reads as a whole: that pipeline runs once, when its turn has come."""

    backfill = models.ForeignKey(Backfill, models.CASCADE, related_name="effects")
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="+")
    event = models.ForeignKey(Event, models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backfill", "pipeline", "event"], name="backfill_effect_once"),
        ]

    def __str__(self) -> str:
        return f"{self.event} on {self.pipeline}"
