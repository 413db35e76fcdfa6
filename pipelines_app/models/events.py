"""The event log and the hand-over of its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from pipelines_app.models.access import User
from pipelines_app.models.datasets import Dataset
from pipelines_app.models.definitions import Pipeline

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, user: User | AnonymousUser) -> EventQuerySet:
        """Events of what the user may see; those of the platform itself, about neither, are its superusers'."""
        if not isinstance(user, User):
            return self.none()
        if user.is_superuser:
            return self
        hidden = Pipeline.objects.exclude(pk__in=Pipeline.objects.visible_to(user).values("pk")).values("name")
        about = self.exclude(dataset="", pipeline="")
        return about.exclude(dataset__in=Dataset.objects.hidden_from(user).values("name")).exclude(pipeline__in=hidden)


class Event(models.Model):
    """A fact, past tense and append-only, with the event that caused it or the actor who began the chain."""

    kind = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=200, blank=True, help_text="Who began the chain: user:ana, webhook:…, clock.")
    cause = models.ForeignKey("self", models.PROTECT, null=True, related_name="effects", db_index=False)
    pipeline = models.CharField(max_length=63, blank=True)
    dataset = models.CharField(max_length=130, blank=True)
    period = models.CharField(max_length=13, blank=True)
    run = models.BigIntegerField(null=True)
    body = models.JSONField(help_text="The fields of the fact.")

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(actor="") | Q(cause__isnull=False), name="event_has_cause_or_actor")
        ]
        indexes = [
            models.Index(fields=["cause"], name="event_effects", condition=Q(cause__isnull=False)),
            models.Index(fields=["run", "id"], name="event_of_run", condition=Q(run__isnull=False)),
            models.Index(fields=["dataset", "-id"], name="event_of_dataset", condition=~Q(dataset="")),
            # What became of one expected arrival.
            models.Index(fields=["dataset", "period", "-id"], name="event_of_period", condition=~Q(period="")),
            models.Index(fields=["pipeline", "-id"], name="event_of_pipeline", condition=~Q(pipeline="")),
            models.Index(fields=["kind", "-id"], name="event_of_kind"),
            models.Index(fields=["at"], name="event_by_time"),  # the log of a stretch of time
            models.Index(fields=["actor", "-id"], name="event_of_actor", condition=~Q(actor="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class DeliveryState(models.TextChoices):
    PENDING = "pending", "Waiting"
    DONE = "done", "Done"
    STUCK = "stuck", "Stuck"


class Disposition(models.TextChoices):
    """What became of an event at a consumer."""

    CONSUMED = "consumed", "Consumed"
    MERGED = "merged", "Merged"
    WAITING = "waiting", "Waiting"
    IGNORED = "ignored", "Ignored"
    FAILED = "failed", "Failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a consumer made of an event: its disposition, also in words, and the run that took it or is awaited."""

    kind: str
    text: str
    run: int | None = None

    @staticmethod
    def of(said: Outcome | str) -> Outcome:
        """An answer in words alone: it was made use of, unless it begins with `ignored`."""
        if isinstance(said, Outcome):
            return said
        ignored = said.startswith("ignored")
        return Outcome(kind=Disposition.IGNORED if ignored else Disposition.CONSUMED, text=said)


class Delivery(models.Model):
    """The hand-over of one event to one consumer: done once, tried again with back-off, stuck (shown) at the cap."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries", db_index=False)
    consumer = models.CharField(max_length=30)
    state = models.CharField(max_length=7, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True)
    outcome = models.CharField(max_length=500, blank=True, help_text="What became of the event there, in words.")
    done_at = models.DateTimeField(null=True)
    disposition = models.CharField(max_length=8, choices=Disposition.choices, blank=True, db_default="")
    run = models.BigIntegerField(null=True, help_text="The run that took the event, or that it waits for.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "consumer"], name="delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=Q(disposition__in=["", *Disposition.values]), name="delivery_disposition_known"
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state="pending"), name="delivery_queue"),
            models.Index(fields=["state"], condition=Q(state="stuck"), name="delivery_stuck"),
            # Which events wait: the filter of the lists.
            models.Index(fields=["event"], condition=Q(disposition="waiting"), name="delivery_waiting"),
            models.Index(fields=["event"], condition=Q(disposition="failed"), name="delivery_failed"),
            models.Index(fields=["event"], condition=Q(disposition="merged"), name="delivery_merged"),
            models.Index(fields=["event"], condition=Q(disposition="ignored"), name="delivery_ignored"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.consumer}: {self.state}"


class Pulse(models.Model):
    """The last sign of life of one part of the platform: the sweep, or one worker."""

    name = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
