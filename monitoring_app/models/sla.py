"""Promises to readers, and how every one of them was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pipelines_app.compiler.targets import TargetKind, Window
from pipelines_app.models import Dataset, DatasetVersion, Pipeline, Revision, Run, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


KINDS = [(kind.value, kind.value) for kind in TargetKind]
WINDOWS = [(window.value, window.value) for window in Window]


class SlaQuerySet(models.QuerySet["Sla"]):
    def visible_to(self, user: User | AnonymousUser) -> SlaQuerySet:
        """Those of the pipelines the user may see, about datasets the user may see."""
        seen = Q(dataset=None) | Q(dataset__in=Dataset.objects.visible_to(user))
        return self.filter(seen, pipeline__in=Pipeline.objects.visible_to(user))

    def in_force(self) -> SlaQuerySet:
        """Those that are promised now."""
        return self.filter(until=None)


class Sla(models.Model):
    """One promise of a pipeline, about a dataset or (none named) its runs, for as long as it was given in these words.

    A promise that is given in other words is another row: what was kept is counted by the words of its time.
    """

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="slas")
    dataset = models.ForeignKey(Dataset, models.PROTECT, null=True, related_name="slas")
    kind = models.CharField(max_length=12, choices=KINDS)
    terms = models.JSONField(help_text="Its entry under `sla`, or a source's `arrival`, as it is written.")
    sentence = models.CharField(max_length=500)
    seconds = models.PositiveBigIntegerField(default=0, help_text="The bound of what is timed.")
    level = models.FloatField(default=0, help_text="The least share of cells or checks.")
    objective = models.FloatField(help_text="The share of judgements that are to be kept.")
    window = models.CharField(max_length=5, choices=WINDOWS)
    is_of_source = models.BooleanField(default=False, help_text="It is a source's deadline, kept by who sends.")
    since = models.DateTimeField(default=timezone.now, help_text="From when on it is measured.")
    until = models.DateTimeField(null=True, help_text="When it was taken back.")
    seen = models.PositiveIntegerField(default=0, help_text="The number of the last version that was looked at.")
    look_at = models.DateTimeField(null=True, help_text="When the next deadline comes into sight.")

    objects = SlaQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in TargetKind]), name="sla_kind_known"),
            models.CheckConstraint(condition=Q(window__in=[one.value for one in Window]), name="sla_window_known"),
            models.CheckConstraint(condition=Q(objective__gt=0, objective__lte=1), name="sla_objective_is_share"),
            models.UniqueConstraint(
                fields=["pipeline", "kind", "dataset"], condition=Q(until=None), name="sla_once_in_force"
            ),
            models.UniqueConstraint(
                fields=["pipeline", "kind"], condition=Q(until=None, dataset=None), name="sla_of_runs_once_in_force"
            ),
        ]
        indexes = [
            # Which deadlines come into sight.
            models.Index(fields=["look_at"], condition=Q(until=None, look_at__isnull=False), name="sla_look"),
            models.Index(fields=["kind", "pipeline"], condition=Q(until=None), name="sla_by_kind"),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def subject(self) -> str:
        """What it is about: a dataset, or the pipeline's runs."""
        return self.dataset.name if self.dataset is not None else self.pipeline.name


class SlaState(models.TextChoices):
    NOT_DUE = "not_due", "Not due"
    AT_RISK = "at_risk", "At risk"
    MET = "met", "Met"
    MET_LATE = "met_late", "Met late"
    MISSED = "missed", "Missed"
    WAIVED = "waived", "Waived"


AHEAD = (SlaState.NOT_DUE, SlaState.AT_RISK)
BROKEN = (SlaState.MET_LATE, SlaState.MISSED)


class SlaResult(models.Model):
    """One judgement of a promise: of a period, a version or a run, at the moment by which it was to be kept."""

    sla = models.ForeignKey(Sla, models.CASCADE, related_name="results")
    subject = models.CharField(max_length=40, help_text="A period, `v12` or `run 7`: once for each promise.")
    period = models.CharField(max_length=13, blank=True)
    version = models.ForeignKey(DatasetVersion, models.SET_NULL, null=True, related_name="+", db_index=False)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="+")
    begins_at = models.DateTimeField(help_text="From when on the time runs.")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=SlaState.choices, default=SlaState.NOT_DUE)
    kept_at = models.DateTimeField(null=True, help_text="When what was promised was there, in time or not.")
    value = models.FloatField(null=True, help_text="What was measured: seconds, or a share.")
    because = models.CharField(max_length=500, blank=True, help_text="Why it was not kept, in words.")
    culprit = models.CharField(max_length=300, blank=True, help_text="The address of the page that shows why.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sla", "subject"], name="sla_result_once"),
            models.CheckConstraint(condition=Q(state__in=SlaState.values), name="sla_result_state_known"),
        ]
        indexes = [
            # What the clock judges next.
            models.Index(fields=["due_at"], condition=Q(state__in=["not_due", "at_risk"]), name="sla_result_due"),
            # What may still come late.
            models.Index(fields=["due_at"], condition=Q(state="missed"), name="sla_result_missed"),
            # What was kept in a window, and the history of one promise.
            models.Index(fields=["sla", "-due_at"], name="sla_result_history"),
        ]

    def __str__(self) -> str:
        return f"{self.sla}: {self.subject}"

    @property
    def late_seconds(self) -> float | None:
        """How long after the deadline it was kept; None where it was not, 0 in time."""
        if self.kept_at is None:
            return None
        return max(0.0, (self.kept_at - self.due_at).total_seconds())


class Pledge(models.Model):
    """By which revision a pipeline's promises were read last."""

    pipeline = models.OneToOneField(Pipeline, models.CASCADE, related_name="pledge")
    revision = models.ForeignKey(Revision, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"what {self.pipeline} promises"
