"""Addresses through which suppliers send, and what became of what they sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.models.access import User
from pipelines_app.models.arrivals import Arrival
from pipelines_app.models.datasets import Dataset

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class SignatureKind(models.TextChoices):
    STANDARD = "standard", "Standard Webhooks"
    GITHUB = "github", "GitHub-style"
    BEARER = "bearer", "Bearer token"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def operable_by(self, user: User | AnonymousUser) -> WebhookQuerySet:
        """The webhooks of the teams in which the person may edit; nobody else is shown any."""
        return self.filter(dataset__in=Dataset.objects.operable_by(user))


class Webhook(models.Model):
    """An address through which a supplier, who proves who they are, sends records or files for one dataset."""

    public_id = models.CharField(max_length=32, unique=True)
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="webhooks")
    signature = models.CharField(max_length=8, choices=SignatureKind.choices, default="standard", db_default="standard")
    secret = models.TextField(help_text="Encrypted.")
    previous_secret = models.TextField(blank=True, help_text="Encrypted; accepted until it expires.")
    previous_until = models.DateTimeField(null=True)
    per_minute = models.PositiveIntegerField(null=True, help_text="None: as many as the platform's settings say.")
    max_bytes = models.PositiveIntegerField(null=True, help_text="Of one message. None: as the settings say.")
    window_at = models.DateTimeField(null=True, help_text="The minute that is being counted.")
    window_used = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=timezone.now)
    disabled_at = models.DateTimeField(null=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(signature__in=SignatureKind.values), name="webhook_signature_known"),
            models.CheckConstraint(
                condition=Q(per_minute__isnull=True) | Q(per_minute__gt=0), name="webhook_takes_some"
            ),
            models.CheckConstraint(condition=Q(max_bytes__isnull=True) | Q(max_bytes__gt=0), name="webhook_has_room"),
        ]

    def __str__(self) -> str:
        return f"webhook {self.public_id} of {self.dataset}"


class WebhookCall(models.Model):
    """One message accepted by a webhook; its id is an idempotency key."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="calls", db_index=False)
    message_id = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    arrival = models.ForeignKey(Arrival, models.PROTECT, related_name="+")
    address = models.CharField(max_length=64, blank=True, db_default="")
    repeats = models.PositiveIntegerField(default=0, db_default=0, help_text="How often the same message came again.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "message_id"], name="webhook_call_once")]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="webhook_call_last"),  # the console: the last fifty
            models.Index(fields=["at"], name="webhook_call_old"),  # housekeeping
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.webhook}"


class WebhookRefusal(models.Model):
    """A message that a webhook refused, and why, with how many like it; the last of them are kept for the console."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="refusals")
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40, blank=True, db_default="")
    reason = models.CharField(max_length=300)
    address = models.CharField(max_length=64, blank=True)
    bytes = models.BigIntegerField(null=True)
    times = models.PositiveIntegerField(default=1, db_default=1)
    at = models.DateTimeField(default=timezone.now, help_text="When the last of them came.")

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"
