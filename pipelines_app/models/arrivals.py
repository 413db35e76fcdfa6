"""What comes in, and the doors it comes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.models.access import User
from pipelines_app.models.datasets import Dataset
from pipelines_app.models.events import Event
from pipelines_app.models.runs import Run

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Door(models.TextChoices):
    FORM = "form", "uploaded in the console"
    API = "api", "uploaded through the API"
    WEBHOOK = "webhook", "sent to a webhook"
    DROP = "drop", "dropped into a folder or bucket"


class ArrivalState(models.TextChoices):
    PENDING = "pending", "Waiting"
    CONSUMED = "consumed", "Consumed"
    DUPLICATE = "duplicate", "Duplicate"
    SUPERSEDED = "superseded", "Superseded"
    QUARANTINED = "quarantined", "Quarantined"
    FAILED = "failed", "Failed"


class ArrivalQuerySet(models.QuerySet["Arrival"]):
    def visible_to(self, user: User | AnonymousUser) -> ArrivalQuerySet:
        return self.filter(dataset__in=Dataset.objects.visible_to(user))

    def operable_by(self, user: User | AnonymousUser) -> ArrivalQuerySet:
        return self.filter(dataset__in=Dataset.objects.operable_by(user))


class Arrival(models.Model):
    """Something that came in for a dataset: its bytes are kept under its id, whatever becomes of them."""

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="arrivals", db_index=False)
    door = models.CharField(max_length=7, choices=Door.choices)
    name = models.CharField(max_length=300, help_text="The name it came with; only ever shown, never a path.")
    period = models.CharField(max_length=13, blank=True)
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, help_text="Below the lake's root.")
    sender = models.CharField(max_length=200)
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=11, choices=ArrivalState.choices, default=ArrivalState.PENDING)
    disposition = models.CharField(max_length=500, blank=True, help_text="What became of it, in words.")
    run = models.ForeignKey(Run, models.PROTECT, null=True, related_name="arrivals", db_index=False)
    replay_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="replays", db_index=False)
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+", db_index=False)
    parameters = models.JSONField(default=dict, db_default={}, help_text="What it gives the run that it starts.")
    parameters_key = models.CharField(max_length=64, blank=True, db_default="", help_text="Their digest.")

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ArrivalState.values), name="arrival_state_known"),
            models.CheckConstraint(condition=Q(door__in=Door.values), name="arrival_door_known"),
        ]
        indexes = [
            models.Index(fields=["dataset", "period"], condition=Q(state="pending"), name="arrival_pending"),
            models.Index(fields=["dataset", "sha256"], name="arrival_twin"),
            models.Index(fields=["dataset", "-id"], name="arrival_of_dataset"),
            # What comes in has none of these yet: it costs nothing until it has.
            models.Index(fields=["run"], condition=Q(run__isnull=False), name="arrival_of_run"),
            models.Index(fields=["replay_of"], condition=Q(replay_of__isnull=False), name="arrival_again"),
            models.Index(fields=["event"], condition=Q(event__isnull=False), name="arrival_of_event"),
            # Whether a period has come before: every acceptance asks, and for a new period there is nothing to find.
            models.Index(fields=["dataset", "period", "-id"], name="arrival_of_period"),
            # The list by state: of those that are few among many.
            models.Index(
                fields=["state", "-id"],
                condition=Q(state__in=["duplicate", "superseded", "quarantined", "failed"]),
                name="arrival_by_state",
            ),
            models.Index(fields=["received_at"], name="arrival_by_time"),  # what came in a stretch of time
            models.Index(fields=["path"], name="arrival_kept_at"),  # housekeeping: which files are still pointed to
        ]

    def __str__(self) -> str:
        return f"{self.name} for {self.dataset}"

    @property
    def identity(self) -> str:
        """What makes two of them one and the same: of files their content; of messages, which have ids, being one.

        What is brought in again keeps the place of its bytes, and so stays the same message.
        """
        return self.path if self.door == Door.WEBHOOK else self.sha256


class KeptMessage(models.Model):
    """The bytes of a small message, kept under the place that its arrival names and committed together with it."""

    place = models.CharField(max_length=300, primary_key=True)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.place


class IdempotencyKey(models.Model):
    """The answer given to a request that carried a key, given again when the same request comes again."""

    scope = models.CharField(max_length=100, help_text="Who sent it and where: one caller's keys are its own.")
    key = models.CharField(max_length=255)
    digest = models.CharField(
        max_length=64, help_text="sha256 of the request: another body under the same key is refused."
    )
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
