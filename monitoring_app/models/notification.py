"""Messages and what became of them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.models.alert import Alert
from monitoring_app.models.channel import Channel
from pipelines_app.models import Event


class About(models.TextChoices):
    OPENED = "opened", "Opened"
    WORSE = "worse", "Worse"
    CHANGED = "changed", "Another cause"
    STILL_OPEN = "still_open", "Still open"
    RESOLVED = "resolved", "Resolved"
    ESCALATED = "escalated", "Nobody takes care of it"
    DIGEST = "digest", "Digest"
    EVENT = "event", "Event"
    REPORT = "report", "Report"


class NotificationState(models.TextChoices):
    PENDING = "pending", "Pending"
    DELIVERED = "delivered", "Delivered"
    KEPT = "kept", "Kept in the console"
    UNDELIVERED = "undelivered", "Not delivered"
    FOLDED = "folded", "Told with another"
    GATHERED = "gathered", "Waits for the digest"


class Notification(models.Model):
    """One message about an alert, or an event itself, to one channel; sent at least once, told apart by its event."""

    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="notifications")
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="notifications")
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", help_text="What happened.")
    about = models.CharField(max_length=10, choices=About.choices)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    link = models.CharField(max_length=300)
    state = models.CharField(max_length=11, choices=NotificationState.choices, default=NotificationState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # The database's clock: while a sender has the message this is the end of its lease, later the end of a back-off.
    not_before = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)
    thread = models.CharField(max_length=100, blank=True, db_default="", help_text="What later messages are put below.")
    told = models.JSONField(default=dict, db_default={}, help_text="The same for programs: named things.")
    digest = models.ForeignKey("self", models.SET_NULL, null=True, related_name="gathered")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "channel", "about", "event"], name="notification_once"),
            models.UniqueConstraint(
                fields=["channel", "event"], condition=Q(alert__isnull=True), name="notification_once_per_event"
            ),
            models.CheckConstraint(
                condition=Q(alert__isnull=False) | Q(about__in=["event", "digest", "report"]),
                name="notification_is_about_something",
            ),
            models.CheckConstraint(condition=Q(state__in=NotificationState.values), name="notification_state_known"),
            models.CheckConstraint(condition=Q(about__in=About.values), name="notification_about_known"),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state="pending"), name="notification_queue"),
            models.Index(fields=["-id"], condition=Q(state="undelivered"), name="notification_undelivered"),
            models.Index(fields=["channel", "id"], condition=Q(state="gathered"), name="notification_gathered"),
            models.Index(fields=["channel", "-id"], name="notification_of_channel"),
            models.Index(fields=["created_at"], condition=Q(alert__isnull=True), name="notification_old"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.channel}"
