"""Promises about datasets, and how versions kept them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from pipelines_app.models.datasets import Dataset, DatasetVersion
from pipelines_app.models.definitions import Revision
from pipelines_app.models.runs import StepRun


class Severity(models.TextChoices):
    INFO = "info", "Info"
    WARN = "warn", "Warn"
    BLOCK = "block", "Block"


OUTCOMES: dict[str, str] = {Severity.INFO: "noted", Severity.WARN: "warns", Severity.BLOCK: "fails"}


class Check(models.Model):
    """A promise about a dataset, as one revision declares it."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="checks")
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="checks")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    severity = models.CharField(max_length=5, choices=Severity.choices)
    sentence = models.CharField(max_length=500)
    owner = models.CharField(
        max_length=254, blank=True, default="", db_default="", help_text="Whom an alert about it names and goes to."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "dataset", "name"], name="check_once"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="check_severity_known"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.name}"


class MuteQuerySet(models.QuerySet["Mute"]):
    def lasting(self) -> MuteQuerySet:
        """Those that have not ended, by the database's clock."""
        return self.filter(until__gt=Now())


class Mute(models.Model):
    """A check of which nobody is to hear until a moment: it is judged and shown, and opens no alert."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="mutes")
    check_name = models.CharField(max_length=200)
    until = models.DateTimeField()
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=200)
    at = models.DateTimeField(db_default=Now())

    objects = MuteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "check_name"], name="mute_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="mute_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.check_name} until {self.until}"


class CheckResult(models.Model):
    """One judgement of one check on one version."""

    check_made = models.ForeignKey(Check, models.PROTECT, related_name="results")
    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="check_results")
    step_run = models.ForeignKey(StepRun, models.CASCADE, related_name="check_results")
    passed = models.BooleanField()
    bad_rows = models.BigIntegerField()
    total_rows = models.BigIntegerField()
    value = models.CharField(max_length=200, blank=True, help_text="What was measured, in words.")
    message = models.CharField(max_length=1000)
    sample = models.JSONField(default=dict, help_text="Up to ten rows that fail: {columns, rows}.")
    at = models.DateTimeField(default=timezone.now)
    muted = models.BooleanField(default=False, db_default=False, help_text="Whether nobody was to hear of it then.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["check_made", "version"], name="check_result_once")]
        indexes = [models.Index(fields=["check_made", "-id"], name="check_result_latest")]

    def __str__(self) -> str:
        return f"{self.check_made}: {'holds' if self.passed else 'fails'}"

    @property
    def outcome(self) -> str:
        """What came of it: it passed; it fails and keeps back, warns, or is noted; nobody was to hear of it."""
        if self.passed:
            return "passed"
        return "muted" if self.muted else OUTCOMES[self.check_made.severity]
