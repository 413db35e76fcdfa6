"""The editable thing and its frozen states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.errors import IllegalMove
from pipelines_app.models.access import ANY_ROLE, EDITING, Team, User
from pipelines_app.models.ordered import OrderedJSONField
from pipelines_app.models.templates import TemplateRevision

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class PipelineQuerySet(models.QuerySet["Pipeline"]):
    def visible_to(self, user: User | AnonymousUser) -> PipelineQuerySet:
        """Everybody signed in sees every pipeline, but for those that make a restricted dataset of another team."""
        if not isinstance(user, User):
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(Q(team__in=user.teams_with(*ANY_ROLE)) | Q(restricted=False))

    def operable_by(self, user: User | AnonymousUser) -> PipelineQuerySet:
        """The pipelines of the teams in which the user may edit."""
        if not isinstance(user, User):
            return self.none()
        return self if user.is_superuser else self.filter(team__in=user.teams_with(*EDITING))


class Pipeline(models.Model):
    """A named definition that a team owns; what runs is always one of its revisions."""

    name = models.SlugField(max_length=63, unique=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="pipelines")
    current = models.ForeignKey("pipelines_app.Revision", models.PROTECT, null=True, related_name="+")
    restricted = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = PipelineQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def in_force(self) -> Revision:
        """The revision that runs; raises IllegalMove for a pipeline that has none yet."""
        if self.current is None:
            raise IllegalMove(f"{self.name} has no revision yet.", todo="Register its definition first.")
        return self.current

    @property
    def revision_in_force(self) -> int:
        """The key of the revision that runs, without reading its documents; raises IllegalMove as above."""
        if self.current_id is None:
            raise IllegalMove(f"{self.name} has no revision yet.", todo="Register its definition first.")
        return self.current_id


class Revision(models.Model):
    """A pipeline's definition at one moment, never changed afterwards, with what it compiled to."""

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    document = OrderedJSONField(help_text="The definition as it was written.")
    compiled = OrderedJSONField(help_text="What it compiled to, so that no page and no run compiles it again.")
    digest = models.CharField(max_length=64, help_text="sha256 of the document in canonical form.")
    why = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    made_from = models.ForeignKey(TemplateRevision, models.PROTECT, null=True, blank=True, related_name="made")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pipeline", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"{self.pipeline} revision {self.number}"


class TriggerKind(models.TextChoices):
    ARRIVAL = "arrival", "a file or message arrives"
    DATASET = "dataset", "a dataset is published"


class Trigger(models.Model):
    """What starts a pipeline: an arrival for one of its sources, or the publication of a dataset it reads."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="triggers")
    kind = models.CharField(max_length=10, choices=TriggerKind.choices)
    dataset = models.ForeignKey("pipelines_app.Dataset", models.PROTECT, related_name="triggers")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "kind", "dataset"], name="trigger_once"),
            models.CheckConstraint(condition=Q(kind__in=TriggerKind.values), name="trigger_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline} when {self.get_kind_display()}: {self.dataset}"
