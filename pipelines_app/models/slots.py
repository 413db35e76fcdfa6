"""What is expected: a row per dataset and period, written before anything arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.models.access import User
from pipelines_app.models.arrivals import Arrival
from pipelines_app.models.datasets import Dataset
from pipelines_app.models.definitions import Pipeline, Revision
from pipelines_app.models.events import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class SlotState(models.TextChoices):
    EXPECTED = "expected", "Expected"
    DUE = "due", "Due"
    LATE = "late", "Late"
    MISSING = "missing", "Missing"
    ARRIVED = "arrived", "Arrived"
    PARTIAL = "partial", "Partial"
    QUARANTINED = "quarantined", "Quarantined"
    CONSUMED = "consumed", "Consumed"
    WAIVED = "waived", "Waived"


OPEN = (SlotState.EXPECTED, SlotState.DUE, SlotState.LATE, SlotState.MISSING)
OVERDUE = (SlotState.LATE, SlotState.MISSING)
WANTING = (SlotState.PARTIAL, SlotState.QUARANTINED)  # something came, and something better may still come


class SlotQuerySet(models.QuerySet["Slot"]):
    def visible_to(self, user: User | AnonymousUser) -> SlotQuerySet:
        return self.filter(dataset__in=Dataset.objects.visible_to(user))

    def operable_by(self, user: User | AnonymousUser) -> SlotQuerySet:
        return self.filter(dataset__in=Dataset.objects.operable_by(user))

    def open(self) -> SlotQuerySet:
        """Those for which nothing has come yet."""
        return self.filter(state__in=OPEN)

    def overdue(self) -> SlotQuerySet:
        """Those that are late or missing."""
        return self.filter(state__in=OVERDUE)


class Slot(models.Model):
    """One expected arrival: a dataset's period, the moments by which it is due, and what came."""

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="slots")
    period = models.CharField(max_length=13, blank=True)
    expected_at = models.DateTimeField(help_text="When it usually comes: as declared, or as learned; else when due.")
    due_at = models.DateTimeField(help_text="The deadline.")
    late_at = models.DateTimeField(help_text="From when on it is late: the deadline and its grace.")
    missing_at = models.DateTimeField(help_text="From when on it is taken to be missing.")
    state = models.CharField(max_length=12, choices=SlotState.choices, default=SlotState.EXPECTED)
    late_seconds = models.FloatField(null=True, help_text="How long after the deadline it came; 0 within the grace.")
    next_at = models.DateTimeField(null=True, help_text="When the clock has something to say about it.")
    risk_at = models.DateTimeField(null=True, help_text="From when on something promised downstream is at risk.")
    arrival = models.ForeignKey(Arrival, models.PROTECT, null=True, related_name="slots")
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was waived.")
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", help_text="What opened it.")

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "period"], name="slot_once"),
            models.CheckConstraint(condition=Q(state__in=SlotState.values), name="slot_state_known"),
        ]
        indexes = [
            # The sweep: what the clock moves next, however many slots there are.
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="slot_next"),
            # What needs a person, on Today and in the counts.
            models.Index(fields=["due_at"], condition=Q(state__in=["late", "missing"]), name="slot_overdue"),
            # The time line of Today, however long the ledger is.
            models.Index(fields=["due_at"], name="slot_by_due"),
            # What a dataset still waits for.
            models.Index(fields=["dataset", "due_at"], condition=Q(state__in=OPEN), name="slot_open"),
            # The ledger by state: nearly all of it is consumed, and those are found from the newest on.
            models.Index(fields=["state", "-id"], condition=~Q(state="consumed"), name="slot_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.period}"


class Outlook(models.Model):
    """How far a pipeline's arrivals are foreseen: by which revision, and when it is worth looking again."""

    pipeline = models.OneToOneField(Pipeline, models.CASCADE, related_name="outlook")
    revision = models.ForeignKey(Revision, models.CASCADE, related_name="+")
    look_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.pipeline} until {self.look_at}"


class HabitState(models.TextChoices):
    PROPOSED = "proposed", "Proposed"
    ACCEPTED = "accepted", "Accepted"
    DISMISSED = "dismissed", "Dismissed"


class HabitQuerySet(models.QuerySet["Habit"]):
    def visible_to(self, user: User | AnonymousUser) -> HabitQuerySet:
        return self.filter(dataset__in=Dataset.objects.visible_to(user))

    def operable_by(self, user: User | AnonymousUser) -> HabitQuerySet:
        return self.filter(dataset__in=Dataset.objects.operable_by(user))


class Habit(models.Model):
    """When a dataset usually arrives, learned from what came; and the deadline proposed from it."""

    dataset = models.OneToOneField(Dataset, models.CASCADE, related_name="habit")
    state = models.CharField(max_length=9, choices=HabitState.choices, default=HabitState.PROPOSED)
    zone = models.CharField(max_length=64)
    arrivals = models.PositiveIntegerField(help_text="How many periods it was learned from.")
    weekdays = models.JSONField(help_text="Per weekday: how many, the median and the spread, in seconds after the day.")
    history = models.JSONField(help_text="The last of them: period, moment, seconds after the day.")
    arrival = models.JSONField(help_text="The `arrival:` block that is proposed.")
    learned_at = models.DateTimeField(default=timezone.now)
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)

    objects = HabitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=HabitState.values), name="habit_state_known"),
        ]

    def __str__(self) -> str:
        return f"the habit of {self.dataset}"
