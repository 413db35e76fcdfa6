"""What is unusual: one row per batch that was judged, one per measurement that surprised, and how much it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from monitoring_app.models.profile import Profile
from pipelines_app.models import Dataset, DatasetVersion, Event, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

USUAL_SENSITIVITY = 1.0
MOST_SENSITIVITY = 5.0


class JudgementState(models.TextChoices):
    WAITING = "waiting", "To be judged"
    JUDGED = "judged", "Judged"
    FAILED = "failed", "Could not be judged"


class AnomalySource(models.TextChoices):
    BATCH = "batch", "Against the batches before"
    SERIES = "series", "Against its own course"


class AnomalyState(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Over"


class AnomalyLabel(models.TextChoices):
    NONE = "none", "Not labelled"
    FINE = "fine", "Was fine"
    BAD = "bad", "Was bad"


class Sensitivity(models.Model):
    """How easily a dataset surprises: 1 as usual, 2 twice as easily, 0 never."""

    dataset = models.OneToOneField(Dataset, models.CASCADE, related_name="+")
    value = models.FloatField(default=USUAL_SENSITIVITY)
    set_by = models.CharField(max_length=200)
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=0, value__lte=MOST_SENSITIVITY), name="sensitivity_in_range")
        ]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.value:g}"


class Judgement(models.Model):
    """How usual one measured batch is, by the accepted batches before it; until then, that it is to be judged."""

    profile = models.OneToOneField(Profile, models.CASCADE, related_name="judgement")
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(
        max_length=7, choices=JudgementState.choices, default=JudgementState.WAITING, db_default=JudgementState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    # What it is caused by, until it is judged.
    event = models.ForeignKey(Event, models.SET_NULL, null=True, related_name="+")
    # The database's clock: while somebody judges this is the end of the lease.
    not_before = models.DateTimeField(db_default=Now())
    batches = models.PositiveIntegerField(null=True, help_text="How many batches before it taught what is usual.")
    score = models.FloatField(null=True, help_text="Above 1 it is unusual.")
    is_unusual = models.BooleanField(null=True)
    seconds = models.FloatField(null=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JudgementState.values), name="judgement_state_known"),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state="waiting"), name="judgement_queue"),
            models.Index(fields=["dataset", "-id"], name="judgement_of_dataset"),  # what was judged last
        ]

    def __str__(self) -> str:
        return f"{self.profile}: {self.state}"


class AnomalyQuerySet(models.QuerySet["Anomaly"]):
    def visible_to(self, user: User | AnonymousUser) -> AnomalyQuerySet:
        """As the profiles they are about: what was kept back from readers is for those who may edit the dataset."""
        seen = self.filter(dataset__in=Dataset.objects.visible_to(user))
        return seen.filter(~Q(version__state="quarantined") | Q(dataset__in=Dataset.objects.operable_by(user)))

    def operable_by(self, user: User | AnonymousUser) -> AnomalyQuerySet:
        return self.filter(dataset__in=Dataset.objects.operable_by(user))

    def open(self) -> AnomalyQuerySet:
        return self.filter(state=AnomalyState.OPEN)


class Anomaly(models.Model):
    """One measurement that surprised: what was expected, between which bounds, and what people said of it."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="+", db_index=False)
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="anomalies", db_index=False)
    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="+", db_index=False)
    period = models.CharField(max_length=13, blank=True)
    source = models.CharField(max_length=6, choices=AnomalySource.choices)
    column = models.CharField(max_length=255, blank=True, help_text="Empty: the batch as a whole.")
    other = models.CharField(max_length=255, blank=True, help_text="The column it is held against.")
    metric = models.CharField(max_length=300, help_text="null_share, row_count_between, seconds to make …")
    kind = models.CharField(max_length=40, help_text="spike, dip, level shift up … of a series; else the check.")
    value = models.FloatField(null=True)
    expected = models.FloatField(null=True)
    low = models.FloatField(null=True, help_text="Below it is unusual.")
    high = models.FloatField(null=True, help_text="Above it is unusual.")
    score = models.FloatField(help_text="How far it is beyond what is allowed; above 1 it is unusual.")
    times = models.PositiveSmallIntegerField(default=1, help_text="In how many batches one after the other.")
    words = models.CharField(max_length=500, help_text="What is unusual, as a sentence.")
    course = models.JSONField(default=list, help_text="What it was judged by, the oldest first: {period, value}.")
    state = models.CharField(max_length=6, choices=AnomalyState.choices, default=AnomalyState.OPEN)
    found_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_because = models.CharField(max_length=300, blank=True)
    label = models.CharField(max_length=4, choices=AnomalyLabel.choices, default=AnomalyLabel.NONE)
    labelled_by = models.CharField(max_length=200, blank=True)
    labelled_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)
    effect = models.CharField(max_length=300, blank=True, help_text="What the label changed, in words.")

    objects = AnomalyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "source", "column", "other", "metric"], name="anomaly_once"),
            models.CheckConstraint(condition=Q(source__in=AnomalySource.values), name="anomaly_source_known"),
            models.CheckConstraint(condition=Q(state__in=AnomalyState.values), name="anomaly_state_known"),
            models.CheckConstraint(condition=Q(label__in=AnomalyLabel.values), name="anomaly_label_known"),
            models.CheckConstraint(
                condition=Q(label="none") | Q(labelled_at__isnull=False), name="anomaly_label_has_its_moment"
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(closed_at__isnull=False), name="anomaly_over_has_its_moment"
            ),
        ]
        indexes = [
            # What is open of a dataset, which its alert tells of.
            models.Index(fields=["dataset"], condition=Q(state="open"), name="anomaly_open"),
            models.Index(fields=["dataset", "-id"], name="anomaly_of_dataset"),  # the list of one dataset
            # What people said: learning asks for it, and the list by label.
            models.Index(fields=["dataset", "label"], condition=~Q(label="none"), name="anomaly_labelled"),
            models.Index(fields=["version"], name="anomaly_of_version"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.period}: {self.words}".replace("  ", " ")

    @property
    def key(self) -> tuple[str, str]:
        """How learning names the number: its column, or its two, and the check."""
        return (f"{self.column}\n{self.other}" if self.other else self.column, self.metric)

    @property
    def about(self) -> str:
        """The column, or both, for people."""
        return f"{self.column} and {self.other}" if self.other else self.column
