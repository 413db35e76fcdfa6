"""Promises about datasets, and how versions kept them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.models.datasets import Dataset, DatasetVersion
from pipelines_app.models.definitions import Revision
from pipelines_app.models.runs import StepRun


class Severity(models.TextChoices):
    WARN = "warn", "Warn"
    BLOCK = "block", "Block"


class Check(models.Model):
    """A promise about a dataset, as one revision declares it."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="checks")
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="checks")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    severity = models.CharField(max_length=5, choices=Severity.choices)
    sentence = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "dataset", "name"], name="check_once"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="check_severity_known"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.name}"


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

    class Meta:
        constraints = [models.UniqueConstraint(fields=["check_made", "version"], name="check_result_once")]
        indexes = [models.Index(fields=["check_made", "-id"], name="check_result_latest")]

    def __str__(self) -> str:
        return f"{self.check_made}: {'holds' if self.passed else 'fails'}"
