"""The time line of an alert."""

from django.db import models
from django.utils import timezone

from monitoring_app.models.alert import Alert
from pipelines_app.models import Event


class AlertEntry(models.Model):
    """One thing that happened to an alert: an event that reported or ended it, or what a person did."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="entries")
    at = models.DateTimeField(default=timezone.now)
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=1000)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "alert entries"

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.text}"
