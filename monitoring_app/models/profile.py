"""What was measured of datasets: one row per slice of a version, one per column of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from pipelines_app.models import Dataset, DatasetVersion, Environment, Event, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class ProfileState(models.TextChoices):
    PENDING = "pending", "To be measured"
    MEASURED = "measured", "Measured"
    FAILED = "failed", "Could not be measured"


class ProfileQuerySet(models.QuerySet["Profile"]):
    def visible_to(self, user: User | AnonymousUser) -> ProfileQuerySet:
        """Who sees a dataset sees what its values are like; what was kept back is for those who may edit it."""
        seen = self.filter(dataset__in=Dataset.objects.visible_to(user))
        return seen.filter(~Q(version__state="quarantined") | Q(dataset__in=Dataset.objects.operable_by(user)))

    def measured(self) -> ProfileQuerySet:
        return self.filter(state=ProfileState.MEASURED)

    def published(self) -> ProfileQuerySet:
        """Those of versions that readers were given."""
        return self.filter(version__state="published")


class Profile(models.Model):
    """What was measured of one period of a version, or of all of it; until then, that it is to be measured."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="+", db_index=False)
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="+", db_index=False)
    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="profiles", db_index=False)
    period = models.CharField(max_length=13, blank=True, help_text="Empty: the whole version.")
    is_merged = models.BooleanField(db_default=False, help_text="Put together from the profiles of its periods.")
    state = models.CharField(max_length=8, choices=ProfileState.choices, db_default=ProfileState.PENDING)
    # What it is caused by, until it is measured: from then on the event of that says so.
    event = models.ForeignKey(Event, models.SET_NULL, null=True, related_name="+")
    attempts = models.PositiveSmallIntegerField(db_default=0)
    # The database's clock: while somebody measures this is the end of the lease, later the end of a back-off.
    not_before = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=500, blank=True, db_default="")
    content = models.CharField(
        max_length=64, blank=True, db_default="", help_text="The same for the same rows, measured by the same query."
    )
    rows_hash = models.CharField(max_length=64, blank=True, db_default="", help_text="The same for the same rows.")
    rows = models.BigIntegerField(null=True)
    bytes = models.BigIntegerField(null=True)
    columns = models.PositiveIntegerField(null=True)
    duplicate_share = models.FloatField(null=True)
    sketch = models.BinaryField(default=b"", db_default=b"", help_text="Some rows by their hashes.")
    pairs = models.JSONField(db_default=models.Value([], models.JSONField()), help_text="{left, right, tie, value}")
    holds = models.JSONField(
        db_default=models.Value([], models.JSONField()),
        help_text="{left, right, value}: what holds in every row, and by how much it was contradicted.",
    )
    numbers = models.JSONField(
        db_default=models.Value({}, models.JSONField()), help_text="What the dataset's own metrics gave, by name."
    )
    seconds = models.FloatField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    measured_at = models.DateTimeField(null=True)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "period"], name="profile_once"),
            models.CheckConstraint(condition=Q(state__in=ProfileState.values), name="profile_state_known"),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state="pending"), name="profile_queue"),
            # A dataset's history, period by period; a part of it is the newest of one period.
            models.Index(fields=["dataset", "environment", "period", "-version"], name="profile_history"),
            # Whether the same rows have been measured before.
            models.Index(fields=["dataset", "content"], condition=Q(state="measured"), name="profile_same"),
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.period}".strip()


class ColumnProfile(models.Model):
    """What was measured of one column; a metric that has no value has none, for there was nothing to measure."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="of_columns", db_index=False)
    place = models.PositiveIntegerField(help_text="Where the column stands, from 1.")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=500)
    counted = models.BigIntegerField(default=0, help_text="Among how many values the most frequent were counted.")
    is_whole = models.BooleanField(default=False, help_text="Whether `top` holds every value there is.")
    minimum = models.CharField(max_length=300, blank=True)
    maximum = models.CharField(max_length=300, blank=True)
    top = models.JSONField(default=list, help_text="The most frequent values: {text, rows}.")
    patterns = models.JSONField(default=list, help_text="The most frequent patterns: {text, rows}.")
    sketch = models.BinaryField(default=b"", help_text="Some values by their hashes, with their rows.")
    # The names of these are those of monitoring_app.profiling.profile.Metric, and never change their meaning.
    null_share = models.FloatField(null=True)
    misfit_share = models.FloatField(null=True)
    distinct = models.FloatField(null=True)
    distinct_share = models.FloatField(null=True)
    top_share = models.FloatField(null=True)
    min = models.FloatField(null=True)
    max = models.FloatField(null=True)
    mean = models.FloatField(null=True)
    stddev = models.FloatField(null=True)
    q01 = models.FloatField(null=True)
    q05 = models.FloatField(null=True)
    q25 = models.FloatField(null=True)
    median = models.FloatField(null=True)
    q75 = models.FloatField(null=True)
    q95 = models.FloatField(null=True)
    q99 = models.FloatField(null=True)
    zero_share = models.FloatField(null=True)
    negative_share = models.FloatField(null=True)
    whole_share = models.FloatField(null=True)
    infinite_share = models.FloatField(null=True)
    decimals_length = models.FloatField(null=True)
    blank_share = models.FloatField(null=True)
    padded_share = models.FloatField(null=True)
    upper_share = models.FloatField(null=True)
    lower_share = models.FloatField(null=True)
    foreign_share = models.FloatField(null=True)
    min_length = models.FloatField(null=True)
    mean_length = models.FloatField(null=True)
    max_length = models.FloatField(null=True)
    future_share = models.FloatField(null=True)
    within_share = models.FloatField(null=True)
    midnight_share = models.FloatField(null=True)
    min_offset = models.FloatField(null=True)
    q05_offset = models.FloatField(null=True)
    median_offset = models.FloatField(null=True)
    q95_offset = models.FloatField(null=True)
    max_offset = models.FloatField(null=True)

    class Meta:
        constraints = [
            # Also how the series of one column is read.
            models.UniqueConstraint(fields=["profile", "name"], name="column_profile_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.profile}"
