"""What the watch does about events: which open an alert, which close one, and which are old news."""

from monitoring_app.alerts import (
    broken,
    drops,
    evidence,
    lateness,
    lifecycle,
    messages,
    overdue,
    promises,
    subscribing,
    surprises,
    unexpected,
)
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.facts import (
    AnomalyFound,
    AnomalyLabelled,
    AnomalyOver,
    ExpectationsBroken,
    ExpectationsKept,
    SlaKept,
    SlaMissed,
)
from monitoring_app.models import Alert, AlertUrgency
from monitoring_app.models.alert import AlertQuerySet
from pipelines_app import events, locks
from pipelines_app.facts import (
    CheckFailed,
    CheckMuted,
    ChecksHeld,
    DataQuarantined,
    DatasetPublished,
    DeliveryReleased,
    DeliveryStuck,
    Fact,
    PipelineRevised,
    RunMoved,
    WaitEnded,
    WaitOverdue,
)
from pipelines_app.facts_expected import SlotBecameLate, SlotFilled, SlotPutAtRisk, SlotWaived, SlotWentMissing
from pipelines_app.facts_outside import DropCleared, DropFailed, DropMended, DropRefused
from pipelines_app.models import Dataset, Delivery, DeliveryState, Event, Pipeline, RunState
from pipelines_app.prepared import Given, Prepared

QUARANTINE, RUN_FAILED, STUCK = "quarantine", "run_failed", "delivery_stuck"
BEYOND_FAILURE = {RunState.SUCCEEDED, RunState.WARNED, RunState.QUARANTINED}
NOTHING = broken.NOTHING
CONFIRMED = "confirmed what a person closed"


def _open() -> AlertQuerySet:
    return Alert.objects.watched().only("pk").order_by()


# Asked for every step that goes well.
_failed = Prepared(lambda: _open().filter(rule=RUN_FAILED, subject=Given("pipeline"))[:1])
_broken_check = Prepared(lambda: _open().filter(rule__startswith=broken.RULE, subject=Given("dataset"))[:1])
_quarantined_or_at_risk = Prepared(
    lambda: _open().filter(rule__in=[QUARANTINE, lateness.AT_RISK], dataset__name=Given("dataset"))[:1]
)


def _says_nothing(fact: Fact) -> bool:
    """Whether there is nothing to do: a run that is queued or starts is neither a problem nor the end of one, one that
    is cancelled is told to programs alone, and good news means nothing where no alert is open and no program wants it.

    It is asked in the transaction that records the fact, which holds the dataset (a run's end: the pipeline). Whoever
    opens an alert about that holds the same row and looks for newer evidence first. So if the alert was committed
    before, it is seen here; if it comes after, the opening waits, then sees this fact, and opens nothing.
    """
    match fact:
        case RunMoved(state=RunState.QUEUED | RunState.RUNNING):
            return True
        case RunMoved(state=RunState.CANCELLED):
            trouble = None
        case RunMoved(state=state, pipeline=pipeline) if state in BEYOND_FAILURE:
            trouble = _failed.first(pipeline=pipeline)
        case DatasetPublished(dataset=dataset):
            trouble = _quarantined_or_at_risk.first(dataset=dataset)
        case CheckFailed() if broken.is_told_to_nobody(fact):
            trouble = None
        case ChecksHeld(dataset=dataset):
            trouble = _broken_check.first(dataset=dataset)
        case _:
            return False
    return trouble is None and not subscribing.is_wanted(fact.kind)


@events.hears(
    SlotBecameLate,
    SlotWentMissing,
    SlotPutAtRisk,
    SlotFilled,
    SlotWaived,
    CheckFailed,
    ChecksHeld,
    CheckMuted,
    DataQuarantined,
    DatasetPublished,
    RunMoved,
    PipelineRevised,
    DeliveryStuck,
    DeliveryReleased,
    *(DropFailed, DropMended, DropRefused, DropCleared),
    *(WaitOverdue, WaitEnded),
    *(SlaMissed, SlaKept),
    *(ExpectationsBroken, ExpectationsKept),
    *(AnomalyFound, AnomalyOver, AnomalyLabelled),
    ignores=_says_nothing,
)
def hear(event: Event, fact: Fact) -> str:
    """React to an event and tell those who subscribed to its kind; the answer is its disposition in words."""
    said = _react(event, fact)
    told = subscribing.tell(event)
    return f"{said}; {told} outbound webhook{'s were' if told > 1 else ' was'} told" if told else said


def _react(event: Event, fact: Fact) -> str:  # noqa: C901 one list of reactions, read from top to bottom
    match fact:
        case SlotBecameLate() | SlotWentMissing():
            return _overdue(lateness.overdue(fact, event))
        case SlotPutAtRisk():
            return _overdue(lateness.at_risk(fact, event))
        case SlotFilled(late_seconds=seconds):
            because = f"it came {messages.length(seconds)} late" if seconds else "it came in time"
            return _ended(lateness.come(fact, because, event))
        case SlotWaived(reason=reason):
            return _ended(lateness.come(fact, f"it is not expected any more: {reason}", event))
        case CheckFailed() | ChecksHeld() | CheckMuted():
            return _judged(fact, event)
        case DataQuarantined():
            return _quarantined(fact, event)
        case DatasetPublished():
            return _published(fact, event)
        case RunMoved(state=RunState.FAILED):
            return _run_failed(fact, event)
        case RunMoved(state=state) if state in BEYOND_FAILURE:
            return _run_ended(fact, event)
        case PipelineRevised():
            return _revised(fact, event)
        case DropFailed():
            return _overdue(drops.failed(fact, event))
        case DropRefused():
            return _overdue(drops.refused(fact, event))
        case DropMended() | DropCleared():
            return _closed(drops.over(fact, event))
        case WaitOverdue():
            return _overdue(overdue.waits(fact, event))
        case WaitEnded():
            return _closed(overdue.over(fact, event))
        case SlaMissed():
            return _overdue(promises.broken(fact, event))
        case SlaKept():
            return _ended(promises.kept(fact, event))
        case ExpectationsBroken():
            return _overdue(unexpected.broken(fact, event))
        case ExpectationsKept():
            return _closed(unexpected.kept(fact, event))
        case AnomalyFound() | AnomalyOver() | AnomalyLabelled():
            return _surprised(fact, event)
        case DeliveryStuck():
            return _stuck(fact, event)
        case DeliveryReleased():
            return _closed(lifecycle.resolve(STUCK, _hand_over(fact), because="it is tried again", cause=event))
    return "ignored: nothing is wrong or mended by it"


def _opened(alert: Alert) -> str:
    return f"opened alert {alert.pk}" if alert.count == 1 else f"alert {alert.pk} again, {alert.count:,} times by now"


def _closed(alert: Alert | None) -> str:
    if alert is None:
        return NOTHING
    return f"resolved alert {alert.pk}" if alert.clears_at is None else f"alert {alert.pk} is closed if it stays so"


def _ended(alerts: list[Alert]) -> str:
    return "; ".join(_closed(alert) for alert in alerts) or NOTHING


def _overdue(told: Alert | str) -> str:
    return told if isinstance(told, str) else _opened(told)


def _judged(fact: CheckFailed | ChecksHeld | CheckMuted, event: Event) -> str:
    if isinstance(fact, CheckFailed):
        return _overdue(broken.failed(fact, event))
    if isinstance(fact, CheckMuted):
        return _closed(broken.muted(fact, event))
    said = broken.held(fact, event)
    if isinstance(said, str):
        return said
    return "; ".join(one if isinstance(one, str) else _closed(one) for one in said) or CONFIRMED


def _surprised(fact: AnomalyFound | AnomalyOver | AnomalyLabelled, event: Event) -> str:
    if isinstance(fact, AnomalyFound):
        return _overdue(surprises.found(fact, event))
    return _closed(surprises.over(fact, event))


def _named(dataset: str, period: str) -> str:
    return f"{dataset} of {period}" if period else dataset


def _quarantined(fact: DataQuarantined, event: Event) -> str:
    dataset = evidence.one_at_a_time(fact.dataset)
    if fact.muted:
        return broken.MUTED
    period = fact.period if evidence.has_periods(dataset) else ""
    if evidence.published_since(dataset, period, event):
        return "ignored: good data were published since"
    file = evidence.file_of(fact.run, dataset)
    what = f"{file or 'What was made'} for {fact.dataset}{' of ' + period if period else ''} was put aside: "
    short = evidence.short(fact.because)  # the first bad row stands below, with the others
    subject = lateness.subject(fact.dataset, period)
    known = evidence.causes(Alert.objects.unresolved().of(QUARANTINE, subject).first(), event)
    before = evidence.unlike(known, fact.because)
    reasons = [fact.because.rstrip("."), *evidence.bad_lines(fact.run, dataset), *evidence.failed_checks(fact.version)]
    problem = Problem(
        rule=QUARANTINE,
        subject=subject,
        title=f"{file or _named(fact.dataset, period)} was quarantined: {short}{_after(before)}",
        what=what + "\n- ".join(dict.fromkeys(reasons)) + _earlier(before) + "\nReaders keep the last good version.",
        todo=evidence.todo_of(fact.run, dataset=dataset) or "Send a corrected file for the period.",
        severity=AlertUrgency.CRITICAL,
        team=dataset.team,
        dataset=dataset,
        pipeline=fact.pipeline,
        run=fact.run,
        period=period,
        is_news=len(before) == len(known) > 0,
        owner=fact.owner,
    )
    return _opened(lifecycle.open_alert(problem, cause=event))


def _after(causes: list[str]) -> str:
    number = len(causes)
    return f" (after {number} other cause{'s' if number > 1 else ''})" if causes else ""


def _earlier(causes: list[str]) -> str:
    """The unlike causes before this one: what mended the last of them may not have mended them."""
    return f"\nPut aside before, for another reason: {'; '.join(causes[: evidence.SHOWN])}." if causes else ""


def _published(fact: DatasetPublished, event: Event) -> str:
    """A good version mends its own period; one of the whole dataset mends every period."""
    dataset = evidence.one_at_a_time(fact.dataset)
    if evidence.quarantined_since(dataset, fact.period, event):
        return "ignored: newer data were put aside since"
    known = Alert.objects.filter(rule=QUARANTINE, dataset=dataset)
    if fact.period:
        known = known.filter(period=fact.period)
    because = f"version {fact.number} is good: {fact.rows:,} rows were published"
    lifecycle.confirm(known, because=because, cause=event)
    alerts = known.unresolved()
    said = [_closed(alert) for alert in lateness.kept(fact, event)]
    said += [_closed(lifecycle.resolve(QUARANTINE, alert.subject, because=because, cause=event)) for alert in alerts]
    return "; ".join(said) or NOTHING


def _run_failed(fact: RunMoved, event: Event) -> str:
    pipeline = evidence.one_run_at_a_time(fact.pipeline)
    if not evidence.failing_periods(pipeline, [fact.period]):
        return "ignored: a newer run of the same period did not fail"
    when = f" for {fact.period}" if fact.period else ""
    problem = Problem(
        rule=RUN_FAILED,
        subject=fact.pipeline,
        title=f"{fact.pipeline} failed{when}",
        what=f"Run {fact.run} of {fact.pipeline}{when} failed: {fact.because}",
        todo=evidence.todo_of(fact.run) or "Open the run, mend what its log names, and run it again.",
        severity=AlertUrgency.CRITICAL,
        team=pipeline.team,
        pipeline=fact.pipeline,
        run=fact.run,
        period=fact.period,
    )
    return _opened(lifecycle.open_alert(problem, cause=event))


def _run_ended(fact: RunMoved, event: Event) -> str:
    pipeline = evidence.one_run_at_a_time(fact.pipeline)
    alert = Alert.objects.unresolved().of(RUN_FAILED, fact.pipeline).first()
    if alert is None:
        known = Alert.objects.of(RUN_FAILED, fact.pipeline)
        lifecycle.confirm(known, because=f"run {fact.run} went through", cause=event)
        return NOTHING
    reported = alert.entries.filter(event__isnull=False).values_list("event__period", flat=True)
    failing = evidence.failing_periods(pipeline, reported)
    if failing:
        return f"alert {alert.pk} stays open: {', '.join(failing[:5]) or 'the pipeline'} failed and was not run again"
    return _closed(lifecycle.resolve(RUN_FAILED, fact.pipeline, because=f"run {fact.run} went through", cause=event))


def _revised(fact: PipelineRevised, event: Event) -> str:
    """What is not declared any more can be neither wrong nor right: its alert ends with it."""
    pipeline = evidence.one_run_at_a_time(fact.pipeline)
    said = [_closed(alert) for alert in broken.undeclared(pipeline, fact, event)]
    aside = (
        Alert.objects.unresolved().filter(pipeline=fact.pipeline, rule=QUARANTINE).exclude(dataset__pipeline=pipeline)
    )
    gone_with = f"revision {fact.revision} does not make the dataset"
    said += [_closed(lifecycle.resolve(one.rule, one.subject, because=gone_with, cause=event)) for one in aside]
    said += [_closed(alert) for alert in lateness.unpromised(pipeline, event)]
    said += [_closed(alert) for alert in drops.undeclared(fact.pipeline, event)]
    return "; ".join(said) or NOTHING


def _hand_over(fact: DeliveryStuck | DeliveryReleased) -> str:
    return f"event/{fact.event}/{fact.consumer}"


def _stuck(fact: DeliveryStuck, event: Event) -> str:
    stuck = locks.held(Delivery.objects.filter(event=fact.event, consumer=fact.consumer, state=DeliveryState.STUCK))
    if not stuck:
        return "ignored: it was tried again since"
    about = Event.objects.get(pk=fact.event)
    dataset = Dataset.objects.select_related("team").filter(name=about.dataset).first()
    pipeline = Pipeline.objects.select_related("team").filter(name=about.pipeline).first()
    owner = dataset or pipeline
    problem = Problem(
        rule=STUCK,
        subject=_hand_over(fact),
        title=f"An event waits: {about.kind} could not be handed to {fact.consumer}",
        what=f"Event {fact.event} ({about.kind}) waits. {fact.consumer} said: {messages.one_line(fact.error, 300)}",
        todo="Mend what the error names, then try the event again on its page.",
        severity=AlertUrgency.CRITICAL,
        team=owner.team if owner is not None else None,
        dataset=dataset,
        pipeline=about.pipeline,
        run=about.run,
        period=about.period,
    )
    return _opened(lifecycle.open_alert(problem, cause=event))
