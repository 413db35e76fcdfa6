"""Executions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Left, Now
from django.utils import timezone

from pipelines_app.models.access import Team, User
from pipelines_app.models.datasets import Dataset, DatasetVersion, Environment
from pipelines_app.models.definitions import Pipeline, Revision
from pipelines_app.models.events import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    WARNED = "warned", "Succeeded with warnings"
    QUARANTINED = "quarantined", "Quarantined"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


IDLE = "idle"
MONTH = 7  # characters of a period that say its month


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User | AnonymousUser) -> RunQuerySet:
        """The runs of the pipelines the user may see; asked per run, so that the newest come from their own index."""
        if not isinstance(user, User):
            return self.none()
        return self.filter(Exists(Pipeline.objects.visible_to(user).filter(pk=OuterRef("pipeline"))))

    def operable_by(self, user: User | AnonymousUser) -> RunQuerySet:
        if not isinstance(user, User):
            return self.none()
        return self.filter(pipeline__in=Pipeline.objects.operable_by(user))

    def live(self) -> RunQuerySet:
        return self.filter(state__in=[RunState.QUEUED, RunState.RUNNING])


class Run(models.Model):
    """One execution of one pipeline revision in an environment for a period, started by one or more events."""

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="runs", db_index=False)
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="runs")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="runs")
    period = models.CharField(max_length=13, blank=True)
    state = models.CharField(max_length=11, choices=RunState.choices, default=RunState.QUEUED)
    cause = models.ForeignKey(Event, models.PROTECT, related_name="+")
    causes = models.ManyToManyField(Event, related_name="runs_caused", help_text="Every event merged into this run.")
    reason = models.CharField(max_length=500, blank=True, help_text="Why it ended as it did, in words.")
    again_of = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="again", db_index=False, help_text="The run it does again."
    )
    again_from = models.CharField(
        max_length=130,
        blank=True,
        help_text="From where: what failed, the start, or a dataset; empty for all of it, from what is current.",
    )
    keeps_revision = models.BooleanField(default=False, help_text="It does the revision it was made with.")
    backfill = models.ForeignKey(
        "pipelines_app.Backfill", models.PROTECT, null=True, related_name="runs", db_index=False
    )
    priority = models.SmallIntegerField(default=0, db_default=0, help_text="The highest first; live data have 0.")
    partial = models.BooleanField(default=False, db_default=False, help_text="It went on without some of its inputs.")
    lacks = models.CharField(max_length=500, blank=True, db_default="", help_text="What it went on without, in words.")
    idle = models.BooleanField(default=False, db_default=False, help_text="It went well by finding nothing to do.")
    parameters = models.JSONField(default=dict, db_default={}, help_text="What the message that started it gave.")
    parameters_key = models.CharField(max_length=64, blank=True, db_default="", help_text="Their digest.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_known"),
            models.UniqueConstraint(
                fields=["pipeline", "environment", "period", "parameters_key"],
                condition=Q(state="queued", again_from=""),
                name="run_queued_once_per_period",
            ),
            models.UniqueConstraint(
                fields=["again_of"], condition=Q(state="queued") & ~Q(again_from=""), name="run_again_queued_once"
            ),
            models.UniqueConstraint(
                fields=["pipeline", "environment", "period"],
                condition=Q(state="running"),
                name="run_running_once_per_period",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=["queued", "running"]), name="run_live"),
            models.Index(fields=["pipeline", "-id"], name="run_of_pipeline"),
            models.Index(fields=["state", "-id"], name="run_by_state"),
            models.Index(fields=["again_of"], condition=Q(again_of__isnull=False), name="run_again_of"),
            models.Index(fields=["backfill", "state"], condition=Q(backfill__isnull=False), name="run_of_backfill"),
            models.Index(fields=["-id"], condition=Q(idle=True), name="run_idle"),  # the list of those, few among many
            # The list of runs, by period and by month; of a pipeline, in states that are few among many.
            models.Index(fields=["period", "-id"], name="run_by_period"),
            models.Index(Left("period", MONTH), F("id").desc(), name="run_by_month"),
            models.Index(
                fields=["pipeline", "state", "-id"],
                condition=Q(state__in=["warned", "quarantined", "failed", "cancelled"]),
                name="run_of_pipeline_by_state",
            ),
            models.Index(fields=["created_at"], name="run_by_age"),  # the list of runs, by age
            # Which run of a pipeline is the next.
            models.Index(fields=["pipeline", "-priority", "id"], condition=Q(state="queued"), name="run_queue"),
            models.Index(fields=["pipeline", "period"], condition=Q(state="running"), name="run_running"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.pipeline}"

    @property
    def shown_state(self) -> str:
        """Its state as people are told of it: who found nothing to do has made nothing."""
        return IDLE if self.idle else self.state


class StepState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    READY = "ready", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    WARNED = "warned", "Succeeded with warnings"
    REUSED = "reused", "Reused"
    QUARANTINED = "quarantined", "Quarantined"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    CANCELLED = "cancelled", "Cancelled"


class StepRun(models.Model):
    """One step of one run: who works on it under which lease and epoch, and what came of it."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveSmallIntegerField()
    # Its run's, so that a claim is fair between teams without reading the runs.
    team = models.ForeignKey(Team, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+")
    priority = models.SmallIntegerField(default=0, db_default=0)
    missing = models.PositiveSmallIntegerField(
        null=True, help_text="How many steps of its run it still waits for; none if nobody has counted."
    )
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=9)
    state = models.CharField(max_length=11, choices=StepState.choices, default=StepState.WAITING)
    epoch = models.PositiveIntegerField(default=0, help_text="The fencing token: grows with every claim.")
    owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now())
    ready_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    rows_in = models.BigIntegerField(null=True)
    rows_out = models.BigIntegerField(null=True)
    rejected = models.BigIntegerField(default=0)
    error_kind = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)
    todo = models.TextField(blank=True, help_text="What a person can do about the error.")
    version = models.ForeignKey(DatasetVersion, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "dataset"], name="step_once_per_run"),
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="step_state_known"),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_until__isnull=False), name="step_running_has_lease"
            ),
        ]
        indexes = [
            models.Index(fields=["not_before", "id"], condition=Q(state="ready"), name="step_queue"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="step_leases"),
            # What a claim asks: the first ready step of a team, and how many of its steps run.
            models.Index(fields=["team", "-priority", "id"], condition=Q(state="ready"), name="step_fair"),
            models.Index(fields=["team"], condition=Q(state="running"), name="step_running"),
            models.Index(fields=["version"], condition=Q(version__isnull=False), name="step_of_version"),
            # Whether a run is over.
            models.Index(
                fields=["run", "state"], condition=Q(state__in=["waiting", "ready", "running"]), name="step_unfinished"
            ),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.dataset} in {self.run}"


class RunInput(models.Model):
    """A version pinned when a run was planned: whatever is published meanwhile, this is what the run reads."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="inputs", db_index=False)
    version = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "version"], name="run_input_once")]

    def __str__(self) -> str:
        return f"{self.run} reads {self.version}"


class Reject(models.Model):
    """A row of an arriving file that was set aside, with the reason; the first hundred of a step are kept."""

    step_run = models.ForeignKey(StepRun, models.CASCADE, related_name="rejects")
    file = models.CharField(max_length=300)
    line = models.BigIntegerField()
    column = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=40)
    message = models.TextField()
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.message}"
