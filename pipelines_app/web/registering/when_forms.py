"""The forms of the page *When and whom*: when a pipeline starts, by when its data come, whom it tells."""

from collections.abc import Iterator, Mapping

from django import forms
from django.forms import BoundField

from pipelines_app.compiler.definition import Then
from pipelines_app.compiler.starters import Listening
from pipelines_app.compiler.targets import BY_SHARE, OF_RUNS, TIMED, TargetKind, Window
from pipelines_app.web.registering.forms import Choices, Kept, Needed, choice, optional

CATCH_UP: Choices = [
    ("latest", "the latest is made up for"),
    ("all", "all are made up for"),
    ("none", "none is made up for"),
]
STANDS: Choices = [("previous", "the one that ended last before it"), ("current", "the one it lies in")]
THEN: Choices = [
    (Then.WAIT, "go on waiting, and say that it is overdue"),
    (Then.PARTIAL, "run with what is there, marked partial; what comes later makes it good"),
    (Then.SKIP, "skip the period, with the reason"),
]


class WhenForm(Kept):
    start = Needed(label="It starts", widget=forms.RadioSelect(choices=[("any", ""), ("all", ""), ("at_least", "")]))
    start_least = optional(label="How many", max_length=3)
    start_inputs = optional(label="Only these inputs count", help_text="Apart by commas; empty for all that it reads.")
    start_not_before = optional(label="Not before", max_length=8, help_text="A time of day such as 06:00, or nothing.")
    start_at_latest = optional(label="At the latest", max_length=8, help_text="When waiting ends, such as 09:00.")
    start_then = choice(THEN, label="What then", required=False)
    start_days_after = optional(label="Days after the period", max_length=3)
    start_timezone = optional(label="Time zone of the start", max_length=64)
    schedule_on = forms.BooleanField(label="The clock starts it, too", required=False)
    schedule_cron = optional(
        label="When", help_text="A cron line: minute, hour, day, month, weekday. 0 6 * * 1-5 is 06:00 on business days."
    )
    schedule_timezone = optional(label="Time zone of the schedule", max_length=64)
    schedule_period = choice(STANDS, label="It stands for the period", required=False)
    schedule_catch_up = choice(CATCH_UP, label="Of those that were missed", required=False)
    concurrency = optional(
        label="Runs at once",
        max_length=3,
        help_text="How many of its runs go at the same time; others wait their turn.",
    )
    emails = optional(
        label="E-mail to",
        help_text="Beside the team's own address; apart by commas.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    slack = forms.BooleanField(label="Tell the team's Slack channel, too", required=False)


DAYS = [
    ("every", "every day"),
    ("calendar", "business days, or other days of a calendar"),
    ("cron", "whenever a cron line says"),
]


class DeadlineForm(Kept):
    dataset = forms.CharField(widget=forms.HiddenInput, max_length=200)
    on = forms.BooleanField(label="There is a deadline", required=False)
    by = optional(label="Time of day", max_length=8)
    timezone = optional(label="Time zone", max_length=64)
    days_after = optional(label="Days after", max_length=3)
    first = optional(label="First period expected", max_length=13)
    last = optional(label="Last period expected", max_length=13)
    days = choice(DAYS, label="Which days", required=False)
    weekdays = optional(label="Weekdays", help_text="Apart by commas: mon, tue, wed.", max_length=60)
    country = optional(label="Country whose holidays count", help_text="Two letters, such as CH.", max_length=3)
    subdivision = optional(label="Part of it", help_text="Such as ZH.", max_length=20)
    but = optional(label="Not on", help_text="Days such as 2026-12-24, apart by commas.", max_length=4000)
    cron = optional(label="Cron line", help_text="Minute, hour, day, month, weekday: 0 7 * * 1-5.", max_length=120)
    behind = optional(label="Each tick expects the period of so many ticks before", max_length=3)
    usually = optional(label="It usually comes at", help_text="A time of day; if empty it is learned.", max_length=8)
    grace = optional(label="Late only after", help_text="Beyond the deadline: 15m, 1h.", max_length=20)
    missing_after = optional(label="Missing after", help_text="Beyond the deadline: 24h; else a day.", max_length=20)


class PromiseForm(Kept):
    """By when a dataset that the pipeline makes is promised."""

    dataset = forms.CharField(widget=forms.HiddenInput, max_length=200)
    on = forms.BooleanField(label="It is promised by a time", required=False)
    by = optional(label="Promised by", max_length=8)
    timezone = optional(label="Time zone of the promise", max_length=64)
    days_after = optional(label="Days after the period", max_length=3)
    in_yaml = optional()


LEVELS: Choices = [
    ("", "nothing more"),
    (TargetKind.FRESHNESS, "renewed within"),
    (TargetKind.DURATION, "a run ends within"),
    (TargetKind.COMPLETENESS, "cells are filled"),
    (TargetKind.QUALITY, "checks hold"),
    (TargetKind.SUCCESS_RATE, "runs succeed"),
    (TargetKind.END_TO_END, "from arrival to publication"),
]
WINDOWS: Choices = [(Window.ROLLING, "the last 30 days"), (Window.MONTH, "the calendar month")]


class LevelForm(Kept):
    """A promise that is no deadline; a row that is about nothing is none."""

    kind = choice(LEVELS, label="Promise", required=False)
    dataset = choice([], label="Of the dataset", required=False)
    within = optional(label="Within", help_text="90s, 30m, 24h or 7d.", max_length=20)
    at_least = optional(label="At least", help_text="99 %, or 0.99.", max_length=20)
    columns = optional(label="Only these columns", help_text="Apart by commas; empty: all.")
    objective = optional(label="Kept in", help_text="Of all cases; empty: 95 %.", max_length=20)
    window = choice(WINDOWS, label="Counted over", required=False)

    def shown(self) -> Iterator[tuple[BoundField, str]]:
        """Each field that only some kinds have, and for which it shows."""
        for name, kinds in LEVEL_FIELDS.items():
            yield self[name], f"{self.add_prefix('kind')}={'|'.join(sorted(kinds))}"


LEVEL_FIELDS: Mapping[str, frozenset[TargetKind]] = {
    "dataset": frozenset(TargetKind) - OF_RUNS - {TargetKind.ARRIVAL},
    "within": TIMED,
    "at_least": BY_SHARE,
    "columns": frozenset({TargetKind.COMPLETENESS}),
    "objective": frozenset(TargetKind) - {TargetKind.ARRIVAL, TargetKind.SUCCESS_RATE},
    "window": frozenset(TargetKind) - {TargetKind.ARRIVAL},
}


class ListeningForm(Kept):
    """A dataset of another tool whose completion starts the pipeline; an empty row is none."""

    namespace = optional(label="Namespace", max_length=500)
    dataset = optional(label="Dataset", max_length=500)
    period = optional(
        label="The period is at",
        max_length=500,
        widget=forms.TextInput(attrs={"placeholder": Listening(namespace="", dataset="").period}),
    )


Deadlines = forms.formset_factory(DeadlineForm, extra=0, max_num=50, absolute_max=100)
Promises = forms.formset_factory(PromiseForm, extra=0, max_num=500, absolute_max=510)
Levels = forms.formset_factory(LevelForm, extra=0, max_num=100, absolute_max=110)
Listenings = forms.formset_factory(ListeningForm, extra=0, max_num=60, absolute_max=110)
