"""Who may do what: users, teams, tokens, and the record of what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime


class User(AbstractUser):
    """A person, or a robot that signs in with tokens only."""

    zone = models.CharField(max_length=64, default="UTC", help_text="The time zone in which this person reads times.")

    def teams_with(self, *roles: str) -> models.QuerySet[Team]:
        """The teams in which this user holds one of the roles; a superuser holds all of them."""
        if self.is_superuser:
            return Team.objects.all()
        return Team.objects.filter(memberships__user=self, memberships__role__in=roles).distinct()


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    ADMIN = "admin", "Admin"


EDITING = (Role.EDITOR, Role.ADMIN)
ANY_ROLE = (Role.VIEWER, Role.EDITOR, Role.ADMIN)


class Team(models.Model):
    """People who own pipelines and datasets together."""

    name = models.SlugField(max_length=63, unique=True)
    title = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True, help_text="Where alerts of this team's pipelines go.")
    max_runs = models.PositiveSmallIntegerField(null=True, blank=True, help_text="How many run at once; empty: any.")
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(max_runs=None) | Q(max_runs__gte=1), name="team_runs_at_least_one")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One user's role in one team."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.team}"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def live(self, now: datetime) -> ApiTokenQuerySet:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))


class ApiToken(models.Model):
    """A key for automation: only its sha256 is stored, with a visible prefix to recognise it by."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    can_write = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class AuditEntry(models.Model):
    """One thing somebody did: who, what, to what, and how it was before and after. Append-only, held by a trigger."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=300)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
    address = models.CharField(max_length=64, blank=True)
    change = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"
