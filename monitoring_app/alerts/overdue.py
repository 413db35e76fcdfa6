"""What waits past its latest moment, as a problem: one alert for each period, until it starts or is left out."""

from monitoring_app.alerts import evidence, lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, AlertUrgency
from pipelines_app.facts import WaitEnded, WaitOverdue
from pipelines_app.models import Event, Waiting, WaitState

RULE = "wait_overdue"
HOW = {
    WaitState.STARTED: "it was started",
    WaitState.PARTIAL: "it was started with what was there",
    WaitState.SKIPPED: "it was left out",
}


def _subject(fact: WaitOverdue | WaitEnded) -> str:
    return f"{fact.pipeline}/{fact.period}" if fact.period else fact.pipeline


def waits(fact: WaitOverdue, event: Event) -> Alert | str:
    """Open an alert about a period that should have run, unless it has by now."""
    pipeline = evidence.one_run_at_a_time(fact.pipeline)
    late = Waiting.objects.filter(pipeline=pipeline, period=fact.period, state=WaitState.WAITING, overdue=True)
    if not late.exists():
        return "ignored: it waits no more"
    when = f" for {fact.period}" if fact.period else ""
    problem = Problem(
        rule=RULE,
        subject=_subject(fact),
        title=f"{fact.pipeline} is overdue{when}",
        what=f"{fact.pipeline} should have run{when} by now and goes on waiting: {fact.lacks} has not come.",
        todo="Bring in what is missing and it starts by itself; or run the period by hand with what is there.",
        severity=AlertUrgency.WARN,
        team=pipeline.team,
        pipeline=fact.pipeline,
        period=fact.period,
    )
    return lifecycle.open_alert(problem, cause=event)


def over(fact: WaitEnded, event: Event) -> Alert | None:
    """Close the alert of a period that waits no more."""
    evidence.one_run_at_a_time(fact.pipeline)
    because = f"{HOW.get(WaitState(fact.how), fact.how)}: {fact.because}"
    return lifecycle.resolve(RULE, _subject(fact), because=because, cause=event)
