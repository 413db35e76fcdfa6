"""Pipelines to be filled in, and their frozen states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.errors import IllegalMove
from pipelines_app.models.access import EDITING, Team, User
from pipelines_app.models.ordered import OrderedJSONField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class TemplateQuerySet(models.QuerySet["Template"]):
    def visible_to(self, user: User | AnonymousUser) -> TemplateQuerySet:
        """Everybody signed in sees every template: it is there to be used by all teams."""
        return self if isinstance(user, User) else self.none()

    def operable_by(self, user: User | AnonymousUser) -> TemplateQuerySet:
        """The templates of the teams in which the user may edit; what is shipped is nobody's to change."""
        if not isinstance(user, User):
            return self.none()
        return self.filter(team__in=user.teams_with(*EDITING))


class Template(models.Model):
    """A pipeline with typed parameters, to be filled in; without a team it came with the product."""

    name = models.SlugField(max_length=63, unique=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="templates")
    current = models.ForeignKey("pipelines_app.TemplateRevision", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = TemplateQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_shipped(self) -> bool:
        return self.team_id is None

    @property
    def in_force(self) -> TemplateRevision:
        """The revision that new pipelines are made from; raises IllegalMove for a template that has none."""
        if self.current is None:
            raise IllegalMove(f"{self.name} has no revision yet.", todo="Register the template first.")
        return self.current


class TemplateRevision(models.Model):
    """A template at one moment; the database refuses to change it."""

    template = models.ForeignKey(Template, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    document = OrderedJSONField(help_text="The template as it was written.")
    digest = models.CharField(max_length=64, help_text="sha256 of the document in canonical form.")
    why = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_revision_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="template_revision_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.template} revision {self.number}"
