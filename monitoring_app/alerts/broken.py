"""Alerts about checks: one for a check that is broken, closed when it holds, is muted, or is declared no more."""

from monitoring_app.alerts import evidence, lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, AlertState, AlertUrgency
from pipelines_app.facts import CheckFailed, CheckMuted, ChecksHeld, PipelineRevised
from pipelines_app.models import Check, Dataset, Event, Pipeline, Severity

RULE = "check:"
URGENCY = {Severity.WARN: AlertUrgency.WARN, Severity.BLOCK: AlertUrgency.CRITICAL}
NOTHING = "ignored: no alert is open about it"
INFORMS, MUTED = "ignored: the check only informs", "ignored: muted by a person"


def is_told_to_nobody(fact: CheckFailed) -> bool:
    """Whether it is only kept and shown."""
    return fact.muted or fact.severity == Severity.INFO


def failed(fact: CheckFailed, event: Event) -> Alert | str:
    """The alert that tells of it, or why there is none."""
    if is_told_to_nobody(fact):
        return MUTED if fact.muted else INFORMS
    dataset = evidence.one_at_a_time(fact.dataset)
    if evidence.is_quarantined(fact.version):
        return "told with the quarantine of the version"
    if evidence.holds_since(dataset, fact.check, version=fact.version, period=fact.period):
        return "ignored: a newer version holds"
    problem = Problem(
        rule=f"{RULE}{fact.check}",
        subject=fact.dataset,
        title=f"{fact.dataset} does not keep {fact.check}",
        what=f"{fact.period}: {fact.message}" if fact.period else fact.message,
        todo="Look at the rows that fail on the run's page. The data are published; correct them, or the check.",
        severity=URGENCY[Severity(fact.severity)],
        team=dataset.team,
        dataset=dataset,
        pipeline=fact.pipeline,
        run=fact.run,
        period=fact.period,
        owner=fact.owner,
    )
    return lifecycle.open_alert(problem, cause=event)


def held(fact: ChecksHeld, event: Event) -> list[Alert | str | None] | str:
    """What becomes of each open alert about these checks, or why nothing does."""
    dataset = evidence.one_at_a_time(fact.dataset)
    rules = [f"{RULE}{check}" for check in fact.checks]
    known = Alert.objects.watched().filter(rule__in=rules, subject=fact.dataset)
    alerts = list(known.order_by("pk"))
    if not alerts:
        return NOTHING
    if evidence.is_quarantined(fact.version):
        return "ignored: readers never saw this version"
    lifecycle.confirm(known, because=f"a version of {fact.dataset} keeps it", cause=event)
    alerts = [alert for alert in alerts if alert.state != AlertState.RESOLVED]
    return [_held(alert, dataset, fact, event) for alert in alerts]


def _held(alert: Alert, dataset: Dataset, fact: ChecksHeld, event: Event) -> Alert | str | None:
    check = alert.rule.removeprefix(RULE)
    by_period = evidence.has_periods(dataset)
    reported = set(alert.entries.filter(event__isnull=False).values_list("event__period", flat=True))
    if by_period and fact.period < alert.period and fact.period not in reported:
        return f"alert {alert.pk} stays open: it is about {alert.period}"
    if evidence.fails_since(dataset, check, version=fact.version):
        return f"alert {alert.pk} stays open: a newer version fails"
    wrong = evidence.wrong_periods(dataset, check, reported) if by_period else []
    if wrong:
        return f"alert {alert.pk} stays open: {', '.join(wrong[:5])} is wrong still"
    because = f"{check} holds{' for ' + fact.period if fact.period else ''}"
    return lifecycle.resolve(alert.rule, alert.subject, because=because, cause=event)


def muted(fact: CheckMuted, event: Event) -> Alert | None:
    """What is open about a check that is muted is over: nobody is to hear of it."""
    evidence.one_at_a_time(fact.dataset)
    because = f"the check is muted until {fact.until[:16].replace('T', ' ')} UTC: {fact.reason}"
    return lifecycle.resolve(f"{RULE}{fact.check}", fact.dataset, because=because, cause=event)


def undeclared(pipeline: Pipeline, fact: PipelineRevised, event: Event) -> list[Alert | None]:
    """Alerts of checks that a revision does not declare any more, or declares only to inform."""
    declared = Check.objects.filter(revision=pipeline.current_id).exclude(severity=Severity.INFO)
    names = set(declared.values_list("dataset__name", "name"))
    alerts = Alert.objects.unresolved().filter(pipeline=fact.pipeline, rule__startswith=RULE)
    gone = [alert for alert in alerts if (alert.subject, alert.rule.removeprefix(RULE)) not in names]
    because = f"revision {fact.revision} does not declare the check"
    return [lifecycle.resolve(alert.rule, alert.subject, because=because, cause=event) for alert in gone]
