"""What is wrong with a drop folder or bucket, as problems: it cannot be looked into, or files there are not taken."""

from monitoring_app.alerts import evidence, lifecycle, messages
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, AlertUrgency
from pipelines_app.facts_outside import DropCleared, DropFailed, DropMended, DropRefused
from pipelines_app.models import Dataset, DropSource, DropState, DropTaken, Event

FAILING, REFUSED = "drop_failing", "drop_refused"


def failed(fact: DropFailed, event: Event) -> Alert | str:
    """Open an alert about a place that cannot be looked into, unless it can be by now."""
    dataset = evidence.one_at_a_time(fact.dataset)
    if not DropSource.objects.filter(dataset=dataset, state=DropState.FAILING).exists():
        return "ignored: it can be looked into by now"
    problem = Problem(
        rule=FAILING,
        subject=fact.dataset,
        title=f"The drop folder of {fact.dataset} cannot be read",
        what=f"{fact.url}: {messages.one_line(fact.error, 300)} What is dropped there waits, and is not lost.",
        todo=f"{fact.todo} It is looked at again every few seconds.".strip(),
        severity=AlertUrgency.CRITICAL,
        team=dataset.team,
        dataset=dataset,
        pipeline=_maker(dataset),
    )
    return lifecycle.open_alert(problem, cause=event)


def refused(fact: DropRefused, event: Event) -> Alert | str:
    """Open an alert about a file that is not taken in, unless it is by now, or is gone."""
    dataset = evidence.one_at_a_time(fact.dataset)
    if not DropTaken.objects.refused().filter(source__dataset=dataset).exists():
        return "ignored: no file there is refused any more"
    problem = Problem(
        rule=REFUSED,
        subject=fact.dataset,
        title=f"{fact.name} was not taken in for {fact.dataset}",
        what=f"{fact.name} lies where it was dropped: {messages.one_line(fact.because, 300)}",
        todo="Rename or replace the file where it lies, or take it away; this alert then ends by itself.",
        severity=AlertUrgency.WARN,
        team=dataset.team,
        dataset=dataset,
        pipeline=_maker(dataset),
    )
    return lifecycle.open_alert(problem, cause=event)


def over(fact: DropMended | DropCleared, event: Event) -> Alert | None:
    """Close the alert that a place which is open again, or a clear folder, was about."""
    evidence.one_at_a_time(fact.dataset)
    if isinstance(fact, DropCleared):
        return lifecycle.resolve(REFUSED, fact.dataset, because="no file there is refused any more", cause=event)
    return lifecycle.resolve(FAILING, fact.dataset, because="it can be looked into again", cause=event)


def undeclared(pipeline: str, event: Event) -> list[Alert]:
    """Close the alerts about places that a pipeline declares no more."""
    open_ones = Alert.objects.unresolved().filter(pipeline=pipeline, rule__in=[FAILING, REFUSED])
    gone = [alert for alert in open_ones if not DropSource.objects.filter(dataset__name=alert.subject).exists()]
    because = "its pipeline looks there no more"
    ended = [lifecycle.resolve(alert.rule, alert.subject, because=because, cause=event) for alert in gone]
    return [alert for alert in ended if alert is not None]


def _maker(dataset: Dataset) -> str:
    return dataset.pipeline.name if dataset.pipeline is not None else ""
