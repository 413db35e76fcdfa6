"""What starts pipelines from outside: the folders that are looked into, the clock, and the datasets of other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from pipelines_app.models.access import ANY_ROLE, Team, User
from pipelines_app.models.arrivals import Arrival
from pipelines_app.models.datasets import Dataset
from pipelines_app.models.definitions import Pipeline
from pipelines_app.models.events import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def _teams(user: User | AnonymousUser) -> models.QuerySet[Team]:
    return user.teams_with(*ANY_ROLE) if isinstance(user, User) else Team.objects.none()


class DropState(models.TextChoices):
    NEW = "new", "Not looked at yet"
    OPEN = "open", "Open"
    FAILING = "failing", "Failing"


class DropQuerySet(models.QuerySet["DropSource"]):
    def visible_to(self, user: User | AnonymousUser) -> DropQuerySet:
        return self.filter(dataset__in=Dataset.objects.visible_to(user))

    def operable_by(self, user: User | AnonymousUser) -> DropQuerySet:
        return self.filter(dataset__in=Dataset.objects.operable_by(user))


class DropSource(models.Model):
    """The folder or bucket that a source's files are dropped into, and what was found at the last look."""

    dataset = models.OneToOneField(Dataset, models.CASCADE, related_name="drop")
    url = models.CharField(max_length=500)
    endpoint = models.CharField(max_length=500, blank=True)
    credentials = models.TextField(blank=True, help_text="Encrypted; only ever written.")
    state = models.CharField(max_length=7, choices=DropState.choices, default=DropState.NEW)
    next_look = models.DateTimeField(default=timezone.now)
    looked_at = models.DateTimeField(null=True)
    unfinished = models.PositiveIntegerField(default=0, help_text="Files that are not whole yet.")
    behind = models.PositiveIntegerField(default=0, help_text="Files left for the next look.")
    error = models.CharField(max_length=500, blank=True)
    todo = models.CharField(max_length=500, blank=True)
    failing_since = models.DateTimeField(null=True)

    objects = DropQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=DropState.values), name="drop_state_known")]
        indexes = [models.Index(fields=["next_look"], name="drop_due")]

    def __str__(self) -> str:
        return f"{self.url} for {self.dataset}"


class DropTakenQuerySet(models.QuerySet["DropTaken"]):
    def refused(self) -> DropTakenQuerySet:
        return self.exclude(refused="")

    def ask_again(self) -> None:
        """Have what was refused looked at as if it were new; its row goes with the next look."""
        mark = Concat(Value("again:"), Cast("id", models.CharField()))
        self.refused().update(mark=mark)


class DropTaken(models.Model):
    """A dropped file that was taken in, or refused: the same file is never read twice."""

    source = models.ForeignKey(DropSource, models.CASCADE, related_name="taken")
    path = models.CharField(max_length=255)
    mark = models.CharField(max_length=200, help_text="Its size, time of change and etag: another file has another.")
    arrival = models.ForeignKey(Arrival, models.PROTECT, null=True, related_name="+")
    refused = models.CharField(max_length=500, blank=True, help_text="Why it was not taken in.")
    moved = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    objects = DropTakenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "path", "mark"], name="drop_taken_once"),
            models.CheckConstraint(
                condition=Q(arrival__isnull=False) | ~Q(refused=""), name="drop_taken_or_refused_with_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["source", "-id"], name="drop_taken_of_source"),
            models.Index(fields=["source"], condition=~Q(refused=""), name="drop_refused_of_source"),
        ]

    def __str__(self) -> str:
        return f"{self.path} of {self.source}"


class DropSeen(models.Model):
    """A dropped file as it looked last, and since when it has looked so: what changes is not whole yet."""

    source = models.ForeignKey(DropSource, models.CASCADE, related_name="seen")
    path = models.CharField(max_length=255)
    mark = models.CharField(max_length=200)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "path"], name="drop_seen_once")]

    def __str__(self) -> str:
        return f"{self.path} of {self.source}"


class Clock(models.Model):
    """The schedule of a pipeline, and its next tick."""

    pipeline = models.OneToOneField(Pipeline, models.CASCADE, related_name="clock")
    cron = models.CharField(max_length=200)
    timezone = models.CharField(max_length=64)
    next_tick = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["next_tick"], name="clock_due")]

    def __str__(self) -> str:
        return f"{self.cron} ({self.timezone}) of {self.pipeline}"


class Tick(models.Model):
    """A tick of a pipeline's clock that became an event: there is one for each moment."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="ticks")
    at = models.DateTimeField()
    event = models.ForeignKey(Event, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pipeline", "at"], name="tick_once")]

    def __str__(self) -> str:
        return f"{self.pipeline} at {self.at:%Y-%m-%d %H:%M}"


class ForeignDatasetQuerySet(models.QuerySet["ForeignDataset"]):
    def visible_to(self, user: User | AnonymousUser) -> ForeignDatasetQuerySet:
        """What other tools told a team is the team's; a dataset of several names is one."""
        return self.filter(team__in=_teams(user), alias_of=None)


class ForeignDataset(models.Model):
    """A dataset of another tool, as OpenLineage names it, with the schema it was last told with.

    Where it was told under several names there is a row for each, and all but one are aliases of that.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    namespace = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    columns = models.JSONField(default=list, help_text="A list of {name, type}.")
    columns_at = models.DateTimeField(null=True, help_text="Of which moment they are.")
    alias_of = models.ForeignKey("self", models.CASCADE, null=True, related_name="aliases")
    completed_at = models.DateTimeField(null=True, help_text="When a run that writes it ended well, last.")

    objects = ForeignDatasetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "namespace", "name"], name="foreign_dataset_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.namespace}"


class Listener(models.Model):
    """A pipeline that starts when another tool has completed a dataset."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="listeners")
    namespace = models.CharField(max_length=255)
    dataset = models.CharField(max_length=255)
    pointer = models.CharField(max_length=255, help_text="Where in the event its period stands.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pipeline", "namespace", "dataset"], name="listener_once")]
        indexes = [models.Index(fields=["namespace", "dataset"], name="listener_to_dataset")]

    def __str__(self) -> str:
        return f"{self.pipeline} to {self.dataset} of {self.namespace}"


class ForeignRunState(models.TextChoices):
    START = "start", "Running"
    RUNNING = "running", "Running"
    COMPLETE = "complete", "Succeeded"
    ABORT = "abort", "Cancelled"
    FAIL = "fail", "Failed"
    OTHER = "other", "Told"


class ForeignRunQuerySet(models.QuerySet["ForeignRun"]):
    def visible_to(self, user: User | AnonymousUser) -> ForeignRunQuerySet:
        """What other tools told a team is the team's."""
        return self.filter(team__in=_teams(user))


class ForeignRun(models.Model):
    """A run of another tool, as far as it told us."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    run_id = models.UUIDField()
    namespace = models.CharField(max_length=255)
    job = models.CharField(max_length=255)
    producer = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=8, choices=ForeignRunState.choices)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(default=timezone.now)
    sender = models.CharField(max_length=200)
    outputs = models.JSONField(default=list, help_text="What its events say it writes: [namespace, name].")
    nominal = models.CharField(max_length=100, blank=True, help_text="The moment it is meant for, as its events say.")
    error = models.CharField(max_length=500, blank=True)

    objects = ForeignRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "run_id"], name="foreign_run_once"),
            models.CheckConstraint(condition=Q(state__in=ForeignRunState.values), name="foreign_run_state_known"),
        ]
        indexes = [models.Index(fields=["team", "-id"], name="foreign_run_of_team")]

    def __str__(self) -> str:
        return f"{self.job} of {self.namespace}"


class ForeignTold(models.Model):
    """One kind of event of another tool's run: the same told again changes nothing."""

    run = models.ForeignKey(ForeignRun, models.CASCADE, related_name="told")
    kind = models.CharField(max_length=8)
    at = models.DateTimeField()
    started = models.PositiveIntegerField(default=0, help_text="For how many pipelines it was an event.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="foreign_told_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.run}"


class ForeignEvent(models.Model):
    """One event of another tool as it came: the same content is kept once."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    run = models.ForeignKey(ForeignRun, models.CASCADE, null=True, related_name="events")
    body = models.JSONField()
    sender = models.CharField(max_length=200)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "digest"], name="foreign_event_once")]
        # Housekeeping.
        indexes = [models.Index(fields=["received_at"], condition=Q(run__isnull=True), name="foreign_event_old")]

    def __str__(self) -> str:
        return f"event {self.digest[:12]} of {self.team}"


class ForeignEdge(models.Model):
    """As `Link`, of the release before, whose workers may still write it; it is read no more."""

    source = models.ForeignKey(ForeignDataset, models.CASCADE, related_name="edges_out")
    target = models.ForeignKey(ForeignDataset, models.CASCADE, related_name="edges_in")
    run = models.ForeignKey(ForeignRun, models.CASCADE, related_name="edges")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "target"], name="foreign_edge_once")]

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"
