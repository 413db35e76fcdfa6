"""OpenLineage events that are to be sent, and what became of them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from pipelines_app.models import Event


class EmissionState(models.TextChoices):
    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    UNDELIVERED = "undelivered", "Not delivered"


class Emission(models.Model):
    """One OpenLineage event about a run of ours: sent at least once, those of one run in their order."""

    event = models.OneToOneField(Event, models.CASCADE, related_name="+", help_text="What happened.")
    run = models.BigIntegerField()
    body = models.JSONField()
    state = models.CharField(max_length=11, choices=EmissionState.choices, default=EmissionState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # The database's clock: while a sender has it this is the end of its lease, later the end of a back-off.
    not_before = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=EmissionState.values), name="emission_state_known")]
        indexes = [
            models.Index(fields=["run", "event"], condition=Q(state="pending"), name="emission_queue"),
            models.Index(fields=["created_at"], name="emission_old"),
        ]

    def __str__(self) -> str:
        return f"{self.body.get('eventType', '')} of run {self.run}"
