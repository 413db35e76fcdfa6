"""Promises that were not kept, as problems: one alert for each breach, until it is made good or the next is kept."""

from datetime import datetime

from monitoring_app.alerts import lifecycle, messages
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.facts import SlaKept, SlaMissed
from monitoring_app.models import Alert, AlertUrgency, Sla, SlaResult, SlaState
from pipelines_app import locks
from pipelines_app.compiler.targets import BY_SHARE, TargetKind
from pipelines_app.models import Event

PREFIX = "sla:"
ADVICE = {
    TargetKind.ARRIVAL: "See what it waits for on the page of the promise; what is missing starts it by itself.",
    TargetKind.FRESHNESS: "See why nothing new was published: its pipeline's runs, or what they wait for.",
}
USUALLY = "Look at the run that took so long or failed; if the promise cannot be kept as it is, change it."


def _held(pk: int) -> Sla:
    """One at a time: whoever hears of a breach and of its end at once sees the other's work."""
    return locks.held(Sla.objects.select_related("pipeline__team", "dataset__team").filter(pk=pk)).get()


def broken(fact: SlaMissed, event: Event) -> Alert | str:
    """Open an alert about a breach, unless it is made good by now."""
    sla = _held(fact.sla)
    result = SlaResult.objects.get(pk=fact.result)
    if result.state != SlaState.MISSED and sla.kind not in BY_SHARE:
        return "ignored: it was kept, if late"
    if sla.results.filter(due_at__gt=result.due_at, state=SlaState.MET).exists() and sla.kind not in BY_SHARE:
        return "ignored: it has been kept since"
    due = messages.moment(datetime.fromisoformat(fact.due_at), "UTC")
    about = f" ({fact.about})" if fact.about else ""
    problem = Problem(
        rule=f"{PREFIX}{sla.kind}",
        subject=f"{sla.subject}/{fact.about}",
        title=f"A promise of {sla.pipeline.name} was not kept{about}",
        what=f"Promised: {fact.promise}. It was due on {due} and was not kept: {fact.because or 'it came late'}.",
        todo=ADVICE.get(TargetKind(sla.kind), USUALLY),
        severity=AlertUrgency.WARN,
        team=sla.pipeline.team,
        dataset=sla.dataset,
        pipeline=sla.pipeline.name,
        run=fact.run,
        period=fact.period,
    )
    return lifecycle.open_alert(problem, cause=event)


def kept(fact: SlaKept, event: Event) -> list[Alert]:
    """Close what was told of a promise that is kept again, or has been made good."""
    sla = _held(fact.sla)
    result = SlaResult.objects.get(pk=fact.result)
    told = Alert.objects.unresolved().filter(rule=f"{PREFIX}{sla.kind}")
    if result.state == SlaState.MET:
        told, because = told.filter(subject__startswith=f"{sla.subject}/"), "the promise is kept again"
    else:
        told = told.filter(subject=f"{sla.subject}/{fact.about}")
        because = f"it was made good {messages.length(fact.late_seconds)} late"
    return [lifecycle.end(alert, because=because, cause=event) for alert in told.order_by("pk")]
