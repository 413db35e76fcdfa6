"""What people say: that something is wrong, what they know of an alert, and whether it was one at all."""

from django.db import transaction

from monitoring_app.alerts import lifecycle
from monitoring_app.alerts.grouping import REPORTED
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.facts import AlertJudged, AlertNoted, ProblemReported
from monitoring_app.models import Alert, AlertEntry, AlertUrgency, Verdict
from pipelines_app import events, locks
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Dataset

LONGEST = 900


@transaction.atomic
def report(dataset: Dataset, what: str, *, actor: str) -> Alert:
    """A person says that something is wrong with a dataset: under the alert that is open about it, or one of its own.

    Only the latter was noticed by a person first.
    """
    what = what.strip()[:LONGEST]
    if not what:
        raise IllegalMove("What is wrong was not said.", todo="Say in a sentence what you see, and what you expected.")
    event = events.record(ProblemReported(dataset=dataset.name, what=what), actor=actor)
    known = locks.held(Alert.objects.unresolved().filter(dataset=dataset).exclude(rule=REPORTED)).order_by("pk").first()
    if known is not None:
        AlertEntry.objects.create(alert=known, event=event, actor=actor, text=f"reported by a person, too: {what}")
        return known
    who = actor.partition(":")[2].partition("/")[0] or actor
    problem = Problem(
        rule=REPORTED,
        subject=dataset.name,
        title=f"{who} reports a problem with {dataset.name}",
        what=what,
        todo="Look at the dataset, say what you found in a note, and resolve it: nothing else closes it.",
        severity=AlertUrgency.WARN,
        team=dataset.team,
        dataset=dataset,
        pipeline=dataset.pipeline.name if dataset.pipeline is not None else "",
    )
    return lifecycle.open_alert(problem, cause=event)


@transaction.atomic
def note(alert: Alert, text: str, *, actor: str) -> None:
    """Write down what somebody knows of it: on its time line, and as the note that the next message brings."""
    text = text.strip()[:LONGEST]
    if not text:
        raise IllegalMove("The note is empty.")
    alert.note = text
    alert.save(update_fields=["note"])
    AlertEntry.objects.create(alert=alert, actor=actor, text=f"note: {text}")
    events.record(AlertNoted(alert=alert.pk, rule=alert.rule, subject=alert.subject, **_about(alert)), actor=actor)


@transaction.atomic
def judge(alert: Alert, verdict: str, *, actor: str) -> None:
    """Say whether anything was wrong; what was said last counts."""
    said = Verdict(verdict)
    alert.verdict = said
    alert.save(update_fields=["verdict"])
    AlertEntry.objects.create(alert=alert, actor=actor, text=f"said of it: {said.label.lower()}")
    fact = AlertJudged(alert=alert.pk, rule=alert.rule, subject=alert.subject, verdict=said, **_about(alert))
    events.record(fact, actor=actor)


def _about(alert: Alert) -> dict[str, str]:
    return {"dataset": alert.dataset.name if alert.dataset else "", "pipeline": alert.pipeline}
