"""Open problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, F, Q, Value, When

from pipelines_app.models import ANY_ROLE, EDITING, Dataset, Event, Pipeline, Team, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class AlertState(models.TextChoices):
    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    SNOOZED = "snoozed", "Snoozed"
    RESOLVED = "resolved", "Resolved"


class AlertUrgency(models.TextChoices):
    """How bad it is, from the least to the worst."""

    INFO = "info", "Info"
    WARN = "warn", "Warning"
    CRITICAL = "critical", "Critical"


class Verdict(models.TextChoices):
    """What a person says of an alert afterwards."""

    FINE = "fine", "Nothing was wrong"
    BAD = "bad", "Something was wrong"


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, user: User | AnonymousUser) -> AlertQuerySet:
        """What is about a dataset or pipeline the user may see; the platform's own problems are its superusers'."""
        if not isinstance(user, User):
            return self.none()
        if user.is_superuser:
            return self
        about_seen = Q(dataset__in=Dataset.objects.visible_to(user))
        of_seen = Q(dataset=None, pipeline__in=Pipeline.objects.visible_to(user).values("name"))
        of_team = Q(dataset=None, pipeline="", team__in=user.teams_with(*ANY_ROLE))
        return self.filter(about_seen | of_seen | of_team)

    def operable_by(self, user: User | AnonymousUser) -> AlertQuerySet:
        """The alerts of the teams in which the user may edit."""
        if not isinstance(user, User):
            return self.none()
        return self if user.is_superuser else self.filter(team__in=user.teams_with(*EDITING))

    def unresolved(self) -> AlertQuerySet:
        return self.exclude(state=AlertState.RESOLVED)

    def standing(self) -> AlertQuerySet:
        """Those that stand by themselves: what only follows from another problem is listed there."""
        return self.filter(root=None)

    def watched(self) -> AlertQuerySet:
        """Those that good news mean something to: open ones, and those that a person closed and nothing confirmed."""
        return self.filter(~Q(state=AlertState.RESOLVED) | Q(awaits_check=True))

    def unconfirmed(self) -> AlertQuerySet:
        """Those that a person closed and that no result has confirmed yet."""
        return self.filter(awaits_check=True, state=AlertState.RESOLVED)

    def of(self, rule: str, subject: str) -> AlertQuerySet:
        return self.filter(rule=rule, subject=subject)

    def worst_first(self) -> AlertQuerySet:
        """The most severe first, and among equals the one that was heard of last."""
        ranks = [When(severity=value, then=Value(rank)) for rank, value in enumerate(AlertUrgency.values)]
        return self.annotate(rank=Case(*ranks, output_field=models.SmallIntegerField())).order_by(
            "-rank", "-last_at", "-id"
        )

    def after(self, last: Alert) -> AlertQuerySet:
        """Those that come after this one where the worst come first."""
        milder = AlertUrgency.values[: AlertUrgency.values.index(last.severity)]
        later = Q(last_at__lt=last.last_at) | Q(last_at=last.last_at, pk__lt=last.pk)
        return self.filter(Q(severity__in=milder) | (Q(severity=last.severity) & later))


class Alert(models.Model):
    """One problem of one subject, from when it was first heard of until it is resolved."""

    rule = models.CharField(max_length=210, help_text="What was broken: late, quarantine, check:share_cancelled …")
    subject = models.CharField(
        max_length=300, help_text="What it is about: mart.daily_operations, raw.flights/2013-01-20."
    )
    title = models.CharField(max_length=300)
    what = models.TextField(help_text="What happened, as sentences.")
    todo = models.TextField(blank=True, help_text="What a person can do about it.")
    severity = models.CharField(max_length=8, choices=AlertUrgency.choices)
    state = models.CharField(max_length=12, choices=AlertState.choices, default=AlertState.OPEN)
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, related_name="alerts", help_text="None: the platform's own."
    )
    dataset = models.ForeignKey(Dataset, models.PROTECT, null=True, related_name="alerts")
    pipeline = models.CharField(max_length=63, blank=True)
    owner = models.CharField(
        max_length=1000, blank=True, default="", db_default="", help_text="Addresses of its own, apart by commas."
    )
    run = models.BigIntegerField(null=True, help_text="The last run that showed it.")
    period = models.CharField(max_length=13, blank=True, help_text="The latest period concerned.")
    count = models.PositiveIntegerField(default=1, help_text="How often it was reported.")
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", help_text="The last event that reported it.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True, help_text="What the owner knows about it.")
    root = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="affected", help_text="The alert that tells of its cause."
    )
    cause = models.CharField(max_length=300, blank=True, db_default="", help_text="What probably led to it, in words.")
    cause_key = models.CharField(max_length=100, blank=True, db_default="", help_text="The change that led to it.")
    grouped_at = models.DateTimeField(null=True, help_text="When those that follow from it were last looked for.")
    clears_at = models.DateTimeField(null=True, help_text="When it is closed, if it stays good until then.")
    clears_because = models.CharField(max_length=1000, blank=True, db_default="")
    flaps = models.BooleanField(default=False, db_default=False, help_text="Whether it comes and goes.")
    awaits_check = models.BooleanField(
        default=False, db_default=False, help_text="Closed by a person; the next result confirms or opens it again."
    )
    escalates_at = models.DateTimeField(null=True, help_text="When it is told again, unless somebody takes care of it.")
    reminds_at = models.DateTimeField(null=True, help_text="When people are reminded of it.")
    how_bad = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="What was found and is usual."
    )
    verdict = models.CharField(
        max_length=4,
        choices=Verdict.choices,
        blank=True,
        default="",
        db_default="",
        help_text="What somebody says it was.",
    )
    # What the figures of the loop are made of; those of the time before these were kept are not counted.
    began_at = models.DateTimeField(null=True, help_text="When the problem began, as far as is known.")
    opened_at = models.DateTimeField(null=True, help_text="When it was noticed.")
    acknowledged_at = models.DateTimeField(null=True, help_text="When somebody first took care of it.")

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=~Q(state="resolved"), name="alert_one_unresolved"
            ),
            models.CheckConstraint(condition=Q(state__in=AlertState.values), name="alert_state_known"),
            models.CheckConstraint(condition=Q(severity__in=AlertUrgency.values), name="alert_severity_known"),
            models.CheckConstraint(
                condition=~Q(awaits_check=True) | Q(state="resolved"), name="alert_awaits_check_once_closed"
            ),
            models.CheckConstraint(condition=Q(verdict__in=["", *Verdict.values]), name="alert_verdict_known"),
            models.CheckConstraint(condition=Q(root=None) | ~Q(root=F("pk")), name="alert_is_not_its_own_root"),
        ]
        indexes = [
            models.Index(fields=["-last_at", "-id"], condition=~Q(state="resolved"), name="alert_unresolved"),
            models.Index(fields=["snoozed_until"], condition=Q(state="snoozed"), name="alert_snooze_queue"),
            models.Index(fields=["state", "-id"], name="alert_by_state"),
            models.Index(fields=["pipeline", "-id"], condition=~Q(pipeline=""), name="alert_of_pipeline"),
            models.Index(fields=["run"], condition=Q(run__isnull=False), name="alert_of_run"),
            # What time alone brings.
            models.Index(fields=["clears_at"], condition=Q(clears_at__isnull=False), name="alert_clears"),
            models.Index(fields=["escalates_at"], condition=Q(escalates_at__isnull=False), name="alert_escalates"),
            models.Index(fields=["reminds_at"], condition=Q(reminds_at__isnull=False), name="alert_reminds"),
            # What good news would confirm; what was closed lately, by its rule and subject: whether it comes and goes.
            models.Index(fields=["rule", "subject"], condition=Q(awaits_check=True), name="alert_unconfirmed"),
            models.Index(fields=["rule", "subject", "-resolved_at"], name="alert_history"),
            # Those whose place among the others is still to be found, and those that one change led to.
            models.Index(fields=["id"], condition=Q(grouped_at=None) & ~Q(state="resolved"), name="alert_to_group"),
            models.Index(fields=["opened_at"], condition=Q(opened_at__isnull=False), name="alert_of_window"),
            models.Index(fields=["cause_key"], condition=~Q(cause_key=""), name="alert_of_change"),
        ]

    def __str__(self) -> str:
        return f"alert {self.pk}: {self.title}"

    def is_worsened_by(self, severity: str) -> bool:
        """Whether this severity is above the alert's."""
        return AlertUrgency.values.index(severity) > AlertUrgency.values.index(self.severity)
