"""Where to tell people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.models import ANY_ROLE, Role, Team, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class ChannelKind(models.TextChoices):
    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"
    BOT = "bot", "Slack app"
    WEBHOOK = "webhook", "Webhook"
    CONSOLE = "console", "Console"


class ChannelQuerySet(models.QuerySet["Channel"]):
    def visible_to(self, user: User | AnonymousUser) -> ChannelQuerySet:
        """The channels of the user's own teams; the platform's are its superusers'."""
        if not isinstance(user, User):
            return self.none()
        return self if user.is_superuser else self.filter(team__in=user.teams_with(*ANY_ROLE))

    def operable_by(self, user: User | AnonymousUser) -> ChannelQuerySet:
        """The channels of the teams that the user administers."""
        if not isinstance(user, User):
            return self.none()
        return self if user.is_superuser else self.filter(team__in=user.teams_with(Role.ADMIN))


class Channel(models.Model):
    """One way to reach a team: an address, or a secret web address that is never shown again."""

    team = models.ForeignKey(
        Team, models.PROTECT, null=True, related_name="channels", help_text="None: the platform's own."
    )
    kind = models.CharField(max_length=7, choices=ChannelKind.choices)
    name = models.CharField(max_length=200)
    address = models.CharField(
        max_length=254, blank=True, help_text="An e-mail address; a webhook's public id; a Slack channel's."
    )
    secret = models.TextField(blank=True, help_text="A Slack webhook's address, or an app's token, encrypted.")
    enabled = models.BooleanField(default=True)
    is_declared = models.BooleanField(
        default=False,
        help_text="Made for an address named by a team or a pipeline, and told only what they name it for.",
    )
    quiet_from = models.TimeField(null=True, help_text="From when nothing but what is critical is told.")
    quiet_to = models.TimeField(null=True)
    quiet_zone = models.CharField(max_length=64, blank=True, db_default="")
    created_at = models.DateTimeField(default=timezone.now)
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ChannelKind.values), name="channel_kind_known"),
            models.CheckConstraint(condition=~Q(kind="email") | ~Q(address=""), name="channel_email_has_address"),
            models.CheckConstraint(condition=~Q(kind="slack") | ~Q(secret=""), name="channel_slack_has_secret"),  # nosec B106
            models.CheckConstraint(
                condition=~Q(kind="bot") | (~Q(secret="") & ~Q(address="")),  # nosec B106
                name="channel_bot_has_token_and_place",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_to=None)
                | (Q(quiet_from__isnull=False, quiet_to__isnull=False) & ~Q(quiet_zone="")),
                name="channel_quiet_hours_whole",
            ),
            models.UniqueConstraint(
                fields=["team", "kind", "address"], condition=~Q(kind="slack"), name="channel_address_once"
            ),
            models.UniqueConstraint(
                fields=["kind", "address"],
                condition=~Q(kind="slack") & Q(team__isnull=True),
                name="channel_of_platform_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"
