"""Datasets, their immutable versions, and which of them is current where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q, Value
from django.utils import timezone

from pipelines_app.models.access import ANY_ROLE, EDITING, Team, User
from pipelines_app.models.engines import EngineLimit, EngineName

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Environment(models.Model):
    """A named mapping of datasets to versions; `production` is the one everybody reads."""

    name = models.SlugField(max_length=63, unique=True)
    engine = models.CharField(
        max_length=20,
        choices=EngineName,
        default=EngineName.DUCKDB,
        db_default=EngineName.DUCKDB,
        help_text="Where its steps run, and where what they make is kept.",
    )
    engine_limit = models.ForeignKey(
        EngineLimit,
        models.SET_NULL,
        null=True,
        related_name="environments",
        help_text="What its engine may do.",
    )
    max_runs = models.PositiveSmallIntegerField(null=True, blank=True, help_text="How many run at once; empty: any.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(max_runs=None) | Q(max_runs__gte=1), name="environment_runs_at_least_one"
            ),
            models.CheckConstraint(condition=Q(engine__in=EngineName.values), name="environment_engine_known"),
        ]

    def __str__(self) -> str:
        return self.name


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def visible_to(self, user: User | AnonymousUser) -> DatasetQuerySet:
        """Everybody signed in sees the catalogue; a restricted dataset only its own team."""
        if not isinstance(user, User):
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(Q(team__in=user.teams_with(*ANY_ROLE)) | Q(restricted=False))

    def operable_by(self, user: User | AnonymousUser) -> DatasetQuerySet:
        """The datasets of the teams in which the user may edit."""
        if not isinstance(user, User):
            return self.none()
        return self if user.is_superuser else self.filter(team__in=user.teams_with(*EDITING))

    def hidden_from(self, user: User | AnonymousUser) -> DatasetQuerySet:
        return self.exclude(pk__in=self.visible_to(user).values("pk"))


class Dataset(models.Model):
    """A named table, `layer.domain_entity`, made by one pipeline."""

    name = models.CharField(max_length=130, unique=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="datasets")
    pipeline = models.ForeignKey("pipelines_app.Pipeline", models.PROTECT, null=True, related_name="datasets")
    is_source = models.BooleanField(default=False)
    period_kind = models.CharField(max_length=5, default="none")
    columns = models.JSONField(default=list, help_text="The declared schema: a list of {name, type}.")
    description = models.TextField(blank=True)
    restricted = models.BooleanField(default=False)
    sensitive = models.JSONField(
        default=list, db_default=Value([], models.JSONField()), help_text="Columns whose values only its editors see."
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = DatasetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(period_kind__in=["none", "hour", "day", "month"]), name="dataset_period_kind_known"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def layer(self) -> str:
        return self.name.partition(".")[0]


class VersionState(models.TextChoices):
    PUBLISHED = "published", "Published"
    QUARANTINED = "quarantined", "Quarantined"
    DROPPED = "dropped", "Dropped"


class DatasetVersion(models.Model):
    """One immutable materialisation of a dataset, or of one period of it, written by one attempt of one step."""

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="versions", db_index=False)
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(null=True, help_text="Counts what was published, from 1; none if never.")
    state = models.CharField(max_length=11, choices=VersionState.choices)
    step_run = models.ForeignKey("pipelines_app.StepRun", models.PROTECT, related_name="versions")
    period = models.CharField(max_length=13, blank=True)
    columns = models.JSONField(help_text="The schema written: a list of {name, type}.")
    rows = models.BigIntegerField(help_text="Rows that this version brought.")
    bytes = models.BigIntegerField()
    total_rows = models.BigIntegerField(help_text="Rows of the whole dataset once this version is current.")
    rejected = models.BigIntegerField(default=0)
    fingerprint = models.CharField(max_length=64)
    run_key = models.CharField(max_length=64)
    lacks = models.CharField(max_length=500, blank=True, db_default="", help_text="What it was made without, in words.")
    expands = models.JSONField(null=True, help_text="Of a view: its query, and the columns of what that reads.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "environment", "number"], name="version_number_once"),
            models.CheckConstraint(condition=Q(state__in=VersionState.values), name="version_state_known"),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(number__isnull=False), name="version_published_has_number"
            ),
        ]
        indexes = [
            models.Index(fields=["dataset", "run_key"], name="version_reuse"),
            models.Index(fields=["dataset", "-id"], name="version_of_dataset"),  # its history, newest first
            # What is held back, and whether a later version of its period has mended it.
            models.Index(fields=["dataset", "-id"], condition=Q(state="quarantined"), name="version_held"),
            models.Index(fields=["dataset", "period", "-id"], name="version_of_period"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} v{self.number or '-'}"


class VersionInput(models.Model):
    """A version that was read to make another."""

    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="inputs")
    read = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="readers")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "read"], name="version_input_once")]

    def __str__(self) -> str:
        return f"{self.version} read {self.read}"


class PartQuerySet(models.QuerySet["Part"]):
    def live(self) -> PartQuerySet:
        """The files that readers see now."""
        return self.filter(until=None, since__isnull=False)

    def of_version(self, version: DatasetVersion) -> PartQuerySet:
        """The files that held the whole dataset when this version was current; a quarantined one's own files alone."""
        if version.number is None:
            return self.filter(version=version)
        return self.filter(
            Q(until=None) | Q(until__gt=version.number),
            dataset=version.dataset_id,
            environment=version.environment_id,
            since__lte=version.number,
        )


class Part(models.Model):
    """One immutable file or table of a dataset, and the range of version numbers in which it counts."""

    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="parts")
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="+")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="+")
    period = models.CharField(max_length=13, blank=True)
    engine = models.CharField(max_length=20, default=EngineName.DUCKDB, db_default=EngineName.DUCKDB)
    path = models.CharField(
        max_length=300, unique=True, help_text="A Parquet file below the lake's root, or schema.table in the warehouse."
    )
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    origin = models.CharField(
        max_length=64, blank=True, db_default="", help_text="What the rows were brought by, where they are added once."
    )
    since = models.PositiveIntegerField(null=True, help_text="The first version it belongs to; none in quarantine.")
    until = models.PositiveIntegerField(null=True, help_text="The first version it no longer belongs to.")

    objects = PartQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["dataset", "environment", "period", "bytes"],  # how large it is stands in the index
                condition=Q(until=None, since__isnull=False),
                name="part_current",
            ),
            models.Index(fields=["dataset", "environment", "since", "until"], name="part_of_version"),
        ]
        constraints = [models.CheckConstraint(condition=Q(engine__in=EngineName.values), name="part_engine_known")]

    def __str__(self) -> str:
        return self.path


class Increment(models.Model):
    """The rows that one run brought to a dataset that is built of all of them; of one origin the newest counts."""

    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="increments")
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="+", db_index=False)
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="+")
    period = models.CharField(max_length=13, blank=True)
    origin = models.CharField(max_length=64, help_text="Its period, or a hash of what it was brought by.")
    engine = models.CharField(max_length=20, default=EngineName.DUCKDB, db_default=EngineName.DUCKDB)
    path = models.CharField(max_length=300, unique=True, help_text="A file below the lake's root, or schema.table.")
    columns = models.JSONField(help_text="The schema of its file: a list of {name, type}.")
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["dataset", "environment", "origin", "-id"], name="increment_newest")]

    def __str__(self) -> str:
        return self.path


class Current(models.Model):
    """Which version of a dataset an environment's readers see."""

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="+")
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="currents")
    version = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="+")
    shown = models.PositiveBigIntegerField(null=True, help_text="The version that a view in the warehouse shows.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "dataset"], name="current_once")]

    def __str__(self) -> str:
        return f"{self.environment}: {self.version}"


class EnvironmentRevision(models.Model):
    """One change of an environment's mapping: a dataset moved from one version to another, by an event."""

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="revisions")
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="+")
    before = models.ForeignKey(DatasetVersion, models.PROTECT, null=True, related_name="+")
    after = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="+")
    event = models.ForeignKey("pipelines_app.Event", models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.environment}: {self.before} -> {self.after}"
