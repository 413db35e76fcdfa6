"""What the watch does about expected arrivals: late and missing ones, and what they put at risk downstream."""

from datetime import datetime

from monitoring_app.alerts import evidence, lifecycle, messages
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, AlertUrgency
from pipelines_app import locks
from pipelines_app.facts import DatasetPublished
from pipelines_app.facts_expected import SlotBecameLate, SlotFilled, SlotPutAtRisk, SlotWaived, SlotWentMissing
from pipelines_app.models import Dataset, Event, Pipeline, Slot, SlotState

LATE, AT_RISK = "late", "at_risk"
OVERDUE = {SlotState.LATE, SlotState.MISSING}


def subject(name: str, period: str) -> str:
    """The subject of what is wrong with one period of a dataset, or with all of it."""
    return f"{name}/{period}" if period else name


def _held(pk: int) -> Slot:
    related = ("dataset__team", "dataset__pipeline__current")
    return locks.held(Slot.objects.select_related(*related)).get(pk=pk)


def overdue(fact: SlotBecameLate | SlotWentMissing, event: Event) -> Alert | str:
    """Tell that something is late or, later, that it is missing: one alert, whose words change."""
    slot = _held(fact.slot)
    if slot.state not in OVERDUE:
        return f"ignored: {slot} is {slot.get_state_display().lower()} by now"
    is_missing = slot.state == SlotState.MISSING
    if is_missing and isinstance(fact, SlotBecameLate):
        return "told with its being missing"
    dataset, when = slot.dataset, f" of {fact.period}" if fact.period else ""
    due = messages.moment(datetime.fromisoformat(fact.due_at), evidence.zone_of(dataset))
    word = "missing" if is_missing else "late"
    problem = Problem(
        rule=LATE,
        subject=subject(fact.dataset, fact.period),
        title=f"{fact.dataset}{when} is {word}",
        what=f"{fact.dataset}{when} was due on {due} and has not come. What is made from it waits.",
        todo="Ask its sender for it, or upload it; what waits starts by itself. If it will never come, waive it.",
        severity=AlertUrgency.CRITICAL,
        team=dataset.team,
        dataset=dataset,
        pipeline=dataset.pipeline.name if dataset.pipeline is not None else "",
        period=fact.period,
    )
    return lifecycle.open_alert(problem, cause=event)


def come(fact: SlotFilled | SlotWaived, because: str, event: Event) -> list[Alert]:
    """Close what was told of an arrival that has come or is not expected any more."""
    slot = locks.held(Slot.objects.filter(pk=fact.slot)).get()
    late = lifecycle.resolve(LATE, subject(fact.dataset, fact.period), because=because, cause=event)
    ended = [late] if late is not None else []
    if slot.state == SlotState.WAIVED:
        risks = Alert.objects.unresolved().filter(rule=AT_RISK, event__body__slot=slot.pk)
        ended += [lifecycle.end(alert, because=f"{slot} is waived", cause=event) for alert in risks]
    return ended


def at_risk(fact: SlotPutAtRisk, event: Event) -> Alert | str:
    """Warn that a promised dataset will be late, for what it is made from has not come."""
    slot = _held(fact.slot)
    if slot.arrival_id is not None or slot.state == SlotState.WAIVED:
        return f"ignored: {slot} is {slot.get_state_display().lower()} by now"
    target = Dataset.objects.select_related("team", "pipeline__current").get(name=fact.target)
    when = f" of {fact.period}" if fact.period else ""
    due = messages.moment(datetime.fromisoformat(fact.target_due_at), _zone_of_promise(target))
    # The name of what a team keeps to itself is not told to those who see the alert.
    same = target.restricted and slot.dataset.team_id == target.team_id
    is_hidden = slot.dataset.restricted and not same
    waits_for = "something that it is made from" if is_hidden else f"{slot.dataset.name}{when}"
    problem = Problem(
        rule=AT_RISK,
        subject=subject(fact.target, fact.period),
        title=f"{fact.target}{when} is at risk",
        what=f"{fact.target}{when} is promised by {due}. {waits_for} has not come, and from there it usually takes "
        f"{messages.length(fact.seconds)}: it can no longer be in time.",
        todo="Tell those who wait for it. Ask the sender for what is missing, or upload it: the rest goes by itself.",
        severity=AlertUrgency.WARN,
        team=target.team,
        dataset=target,
        pipeline=fact.pipeline,
        period=fact.period,
    )
    return lifecycle.open_alert(problem, cause=event)


def _zone_of_promise(target: Dataset) -> str:
    """The time zone in which the publication of a dataset is promised."""
    revision = target.pipeline.current if target.pipeline is not None else None
    entries = revision.document.get("sla", []) if revision is not None else []
    zones = [one["arrival"]["timezone"] for one in entries if one.get("arrival", {}).get("dataset") == target.name]
    return str(zones[0]) if zones else "UTC"


def kept(fact: DatasetPublished, event: Event) -> list[Alert]:
    """Close the risk of a dataset that is published; one made as a whole has to have read what was missing."""
    alerts = Alert.objects.unresolved().filter(rule=AT_RISK, dataset__name=fact.dataset).select_related("event")
    because = f"version {fact.number} was published"
    return [lifecycle.end(alert, because=because, cause=event) for alert in alerts if _is_met(alert, fact.period)]


def _is_met(alert: Alert, period: str) -> bool:
    if period:
        return period == alert.period
    return Slot.objects.filter(pk=alert.event.body["slot"], arrival__isnull=False).exists()


def unpromised(pipeline: Pipeline, event: Event) -> list[Alert]:
    """Close the risks of what a new revision does not promise any more."""
    entries = pipeline.current.document.get("sla", []) if pipeline.current is not None else []
    promised = {one.get("arrival", {}).get("dataset") for one in entries}
    alerts = Alert.objects.unresolved().filter(rule=AT_RISK, pipeline=pipeline.name).select_related("dataset")
    gone = [alert for alert in alerts if alert.dataset is None or alert.dataset.name not in promised]
    return [lifecycle.end(alert, because="it is not promised any more", cause=event) for alert in gone]
