"""What was learned to expect of a dataset: promises with their state, how they changed, and what broke them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from monitoring_app.models.alert import Verdict
from monitoring_app.models.profile import Profile
from pipelines_app.models import Dataset, Severity, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class ExpectationState(models.TextChoices):
    PROPOSED = "proposed", "Proposed"
    ACCEPTED = "accepted", "Accepted"
    MANAGED = "managed", "Managed by itself"
    RETIRED = "retired", "Retired"


class ExpectationPolicy(models.TextChoices):
    """How far the platform goes by itself."""

    PROPOSE = "propose", "Propose only"
    ACCEPT = "accept", "Accept as warnings"
    MANAGE = "manage", "Manage by itself"


IN_FORCE = (ExpectationState.ACCEPTED, ExpectationState.MANAGED)


class Outlook(models.Model):
    """What is done with what is learned of one dataset, and when its batches are looked at again."""

    dataset = models.OneToOneField(Dataset, models.CASCADE, related_name="outlook")
    policy = models.CharField(
        max_length=7, choices=ExpectationPolicy.choices, default=ExpectationPolicy.PROPOSE, db_default="propose"
    )
    is_declared = models.BooleanField(
        default=False, db_default=False, help_text="The definition of its pipeline says so."
    )
    known = models.PositiveIntegerField(default=0, db_default=0, help_text="Batches that were looked at last.")
    fresh = models.PositiveIntegerField(default=0, db_default=0, help_text="Batches that came since.")
    due_at = models.DateTimeField(null=True, help_text="When to look again; none: nothing new to see.")
    looked_at = models.DateTimeField(null=True)
    broken_by = models.ForeignKey(
        Profile,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="What broke a promise last, until it is mended.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(policy__in=ExpectationPolicy.values), name="outlook_policy_known")
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="outlook_due")]

    def __str__(self) -> str:
        return f"what is learned of {self.dataset}"


class ExpectationQuerySet(models.QuerySet["Expectation"]):
    def visible_to(self, user: User | AnonymousUser) -> ExpectationQuerySet:
        """Those of the datasets a person may see."""
        return self.filter(dataset__in=Dataset.objects.visible_to(user))

    def operable_by(self, user: User | AnonymousUser) -> ExpectationQuerySet:
        """Those of the datasets a person may edit."""
        return self.filter(dataset__in=Dataset.objects.operable_by(user))

    def in_force(self) -> ExpectationQuerySet:
        """Those that are judged."""
        return self.filter(state__in=IN_FORCE)

    def standing(self) -> ExpectationQuerySet:
        """Those that are proposed or in force."""
        return self.exclude(state=ExpectationState.RETIRED)


class Expectation(models.Model):
    """One promise about the batches of a dataset, learned from those before: its bounds, its reason, how it fares."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="expectations", db_index=False)
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=600, help_text="Its kind and columns: of two about the same one is enough.")
    columns = models.JSONField(default=list)
    parameters = models.JSONField(default=dict, help_text="min, max, weekdays, values, patterns ...")
    sentence = models.CharField(max_length=1000)
    state = models.CharField(max_length=8, choices=ExpectationState.choices, default=ExpectationState.PROPOSED)
    severity = models.CharField(max_length=5, choices=Severity.choices, default=Severity.WARN)
    is_edited = models.BooleanField(default=False, help_text="A person set its bounds: they do not move by themselves.")
    number = models.PositiveIntegerField(default=1, help_text="Counts the changes of it.")
    kept = models.PositiveIntegerField(default=0, help_text="In so many of the batches seen it held.")
    seen = models.PositiveIntegerField(default=0)
    alarms = models.PositiveIntegerField(
        default=0, help_text="So often it would have alarmed, had it been learned then."
    )
    replayed = models.PositiveIntegerField(default=0, help_text="In so many batches.")
    confidence = models.FloatField(default=0.0, help_text="The lower end of the 95 % interval of how often it is kept.")
    worth = models.FloatField(default=0.0, help_text="By which proposals are ordered.")
    judged = models.PositiveIntegerField(default=0, help_text="Batches judged since it is in force.")
    broken = models.PositiveIntegerField(default=0, help_text="How often it was broken since.")
    doubt = models.CharField(max_length=300, blank=True, help_text="Why it should be retired, if it should.")
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)
    because = models.CharField(max_length=300, blank=True, help_text="Why it was retired.")

    objects = ExpectationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "about"], condition=~Q(state="retired"), name="expectation_once"
            ),
            models.CheckConstraint(condition=Q(state__in=ExpectationState.values), name="expectation_state_known"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="expectation_severity_known"),
            models.CheckConstraint(condition=Q(kept__lte=models.F("seen")), name="expectation_kept_of_seen"),
        ]
        indexes = [
            # A dataset's list, and those that are judged.
            models.Index(fields=["dataset", "state", "-worth", "id"], name="expectation_of_dataset"),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def is_in_force(self) -> bool:
        return self.state in IN_FORCE


class ExpectationChange(models.Model):
    """One state of an expectation: what it promised from then on, who changed it and why."""

    expectation = models.ForeignKey(Expectation, models.CASCADE, related_name="changes", db_index=False)
    number = models.PositiveIntegerField()
    action = models.CharField(max_length=10, help_text="proposed, accepted, edited, evolved, labelled, retired")
    columns = models.JSONField(default=list)
    parameters = models.JSONField(default=dict)
    sentence = models.CharField(max_length=1000)
    because = models.CharField(max_length=300, blank=True)
    actor = models.CharField(max_length=200)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["expectation", "number"], name="expectation_change_once")]

    def __str__(self) -> str:
        return f"{self.expectation_id}.{self.number} {self.action}"


class Breach(models.Model):
    """One batch that broke an expectation, or that a person says should have."""

    expectation = models.ForeignKey(Expectation, models.CASCADE, related_name="breaches", db_index=False)
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="breaches")
    value = models.CharField(max_length=300, help_text="What was measured, in words.")
    sentence = models.CharField(max_length=1000, help_text="What was promised then.")
    verdict = models.CharField(max_length=4, blank=True, choices=Verdict.choices, default="")
    verdict_by = models.CharField(max_length=200, blank=True)
    effect = models.CharField(max_length=300, blank=True, help_text="What the verdict changed.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["expectation", "profile"], name="breach_once"),
            models.CheckConstraint(condition=Q(verdict__in=["", *Verdict.values]), name="breach_verdict_known"),
        ]

    def __str__(self) -> str:
        return f"{self.sentence}: {self.value}"
