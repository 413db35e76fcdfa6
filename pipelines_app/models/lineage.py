"""Who is made from whom, by dataset and by column, and since when: as revisions declare it, as tools tell it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from pipelines_app.models.access import ANY_ROLE, Team, User
from pipelines_app.models.definitions import Revision

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class EdgeKind(models.TextChoices):
    DIRECT = "direct", "by value"
    INDIRECT = "indirect", "by filter, join, grouping or order"


class ForeignJob(models.Model):
    """What another tool runs again and again, and when it last ended well: the edges it told of then hold now."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    namespace = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    last_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "namespace", "name"], name="foreign_job_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.namespace}"


def _node(own: str, foreign: str) -> models.GeneratedField:
    """The dataset of an end in one space of numbers: ours by their id, those of other tools by theirs, negated."""
    other = ExpressionWrapper(F(foreign) * -1, output_field=models.BigIntegerField())
    return models.GeneratedField(
        expression=Coalesce(F(own), other, output_field=models.BigIntegerField()),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )


def _one_end(own: str, foreign: str) -> Q:
    return Q(**{f"{own}__isnull": False, f"{foreign}__isnull": True}) | Q(
        **{f"{own}__isnull": True, f"{foreign}__isnull": False}
    )


def held_at(moment: datetime | None) -> Q:
    """What holds now, or held at a moment."""
    if moment is None:
        return Q(valid_to=None)
    return Q(valid_from__lte=moment) & (Q(valid_to=None) | Q(valid_to__gt=moment))


class WayQuerySet(models.QuerySet[Any]):
    def held(self, moment: datetime | None = None) -> WayQuerySet:
        """Those that hold now, or held at a moment."""
        return self.filter(held_at(moment))

    def told_to(self, user: User | AnonymousUser) -> WayQuerySet:
        """What revisions declare, and what other tools told the person's own teams."""
        if not isinstance(user, User):
            return self.none()
        return self.filter(Q(job=None) | Q(job__team__in=user.teams_with(*ANY_ROLE)))


class Edge(models.Model):
    """One column feeding another for a time; an empty target column stands for all of them.

    A revision declares it, or another tool's job told of it. `how` are OpenLineage's kinds, apart by commas.
    """

    revision = models.ForeignKey(Revision, models.CASCADE, null=True, related_name="edges")
    job = models.ForeignKey(ForeignJob, models.CASCADE, null=True, related_name="edges")
    source = models.ForeignKey("pipelines_app.Dataset", models.PROTECT, null=True, related_name="edges_out")
    foreign_source = models.ForeignKey("pipelines_app.ForeignDataset", models.CASCADE, null=True, related_name="+")
    source_node = _node("source", "foreign_source")
    source_column = models.CharField(max_length=255, blank=True)
    target = models.ForeignKey("pipelines_app.Dataset", models.PROTECT, null=True, related_name="edges_in")
    foreign_target = models.ForeignKey("pipelines_app.ForeignDataset", models.CASCADE, null=True, related_name="+")
    target_node = _node("target", "foreign_target")
    target_column = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=10, choices=EdgeKind.choices)
    how = models.CharField(max_length=120, blank=True, db_default="")
    masked = models.BooleanField(default=False, db_default=False, help_text="The value cannot be read from the result.")
    valid_from = models.DateTimeField(db_default=Now())
    valid_to = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True, help_text="When a run that ended well told of it last.")

    objects = WayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EdgeKind.values), name="edge_kind_known"),
            models.UniqueConstraint(
                fields=["revision", "source", "source_column", "target", "target_column", "kind"], name="edge_once"
            ),
            models.UniqueConstraint(
                fields=["job", "source_node", "source_column", "target_node", "target_column", "kind"],
                condition=Q(job__isnull=False),
                name="edge_told_once",
            ),
            models.CheckConstraint(condition=_one_end("revision", "job"), name="edge_declared_or_told"),
            models.CheckConstraint(condition=_one_end("source", "foreign_source"), name="edge_has_one_source"),
            models.CheckConstraint(condition=_one_end("target", "foreign_target"), name="edge_has_one_target"),
        ]
        indexes = [
            # The walk from column to column, down and up, as things are; and for a date.
            models.Index(
                fields=["source_node", "source_column", "target_node", "target_column"],
                condition=Q(valid_to=None),
                name="edge_out_now",
            ),
            models.Index(
                fields=["target_node", "target_column", "source_node", "source_column"],
                condition=Q(valid_to=None),
                name="edge_in_now",
            ),
            models.Index(fields=["source_node", "valid_from"], name="edge_out_then"),
            models.Index(fields=["target_node", "valid_from"], name="edge_in_then"),
            models.Index(fields=["last_at"], condition=Q(job__isnull=False), name="edge_told_old"),
        ]

    def __str__(self) -> str:
        return f"{self.source_node}.{self.source_column} -> {self.target_node}.{self.target_column}"


class Link(models.Model):
    """One dataset made from another for a time: what is between them by the column, in one row."""

    revision = models.ForeignKey(
        Revision, models.CASCADE, null=True, related_name="links", help_text="The first that declares it."
    )
    job = models.ForeignKey(ForeignJob, models.CASCADE, null=True, related_name="links")
    source = models.ForeignKey("pipelines_app.Dataset", models.PROTECT, null=True, related_name="links_out")
    foreign_source = models.ForeignKey(
        "pipelines_app.ForeignDataset", models.CASCADE, null=True, related_name="links_out"
    )
    source_node = _node("source", "foreign_source")
    target = models.ForeignKey("pipelines_app.Dataset", models.PROTECT, null=True, related_name="links_in")
    foreign_target = models.ForeignKey(
        "pipelines_app.ForeignDataset", models.CASCADE, null=True, related_name="links_in"
    )
    target_node = _node("target", "foreign_target")
    by_value = models.BooleanField(help_text="Whether values are carried on, or only decide over rows and values.")
    valid_from = models.DateTimeField(default=timezone.now)
    valid_to = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True, help_text="When a run that ended well told of it last.")

    objects = WayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_one_end("revision", "job"), name="link_declared_or_told"),
            models.CheckConstraint(condition=_one_end("source", "foreign_source"), name="link_has_one_source"),
            models.CheckConstraint(condition=_one_end("target", "foreign_target"), name="link_has_one_target"),
            models.UniqueConstraint(
                fields=["job", "source_node", "target_node"], condition=Q(job__isnull=False), name="link_told_once"
            ),
            models.UniqueConstraint(
                fields=["source_node", "target_node"],
                condition=Q(job__isnull=True, valid_to__isnull=True),
                name="link_declared_once",
            ),
        ]
        indexes = [
            # The walk from dataset to dataset, down and up, now and at a date.
            models.Index(fields=["source_node", "target_node"], condition=Q(valid_to=None), name="link_out_now"),
            models.Index(fields=["target_node", "source_node"], condition=Q(valid_to=None), name="link_in_now"),
            models.Index(fields=["source_node", "valid_from"], name="link_out_then"),
            models.Index(fields=["target_node", "valid_from"], name="link_in_then"),
            models.Index(fields=["last_at"], condition=Q(job__isnull=False), name="link_told_old"),
        ]

    def __str__(self) -> str:
        return f"{self.source_node} -> {self.target_node}"


class Gap(models.Model):
    """Why the lineage of a dataset, as a revision declares it, is not whole."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="gaps")
    dataset = models.ForeignKey("pipelines_app.Dataset", models.PROTECT, related_name="gaps")
    reason = models.CharField(max_length=500)
    valid_from = models.DateTimeField(default=timezone.now)
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revision", "dataset", "reason"], name="gap_once")]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.reason}"
