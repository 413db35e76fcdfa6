"""Where a team's outbound webhooks go, what they are told of, and what every attempt to send came to."""

from django.db import models
from django.utils import timezone

from monitoring_app.models.channel import Channel
from monitoring_app.models.notification import Notification


class Endpoint(models.Model):
    """The address behind a webhook channel, its secrets, and since when it has been failing."""

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="endpoint")
    url = models.TextField(help_text="Encrypted: addresses often hold a secret.")
    host = models.CharField(max_length=255, help_text="What is shown of the address.")
    secret = models.TextField(help_text="Encrypted.")
    previous_secret = models.TextField(blank=True, help_text="Encrypted; messages are signed with it until it expires.")
    previous_until = models.DateTimeField(null=True)
    alerts = models.BooleanField(default=True, help_text="Whether it is told of the team's alerts.")
    owner = models.EmailField(blank=True, help_text="Who made it, and is told by e-mail when it does not work.")
    failing_since = models.DateTimeField(null=True, help_text="The first failure after the last success.")
    closed_because = models.CharField(max_length=300, blank=True, help_text="Why the platform switched it off.")

    def __str__(self) -> str:
        return f"the endpoint at {self.host}"


class Subscription(models.Model):
    """One kind of event that an endpoint is told of, where it is about a dataset or pipeline of its team."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="subscriptions")
    kind = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "endpoint"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.endpoint}"


class Attempt(models.Model):
    """One attempt to send one message, and what was answered."""

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="tries")
    at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField()
    delivered = models.BooleanField()
    answer = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.answer}"
