"""Promises are judged by the clock at their deadlines, whatever runs or does not; what comes later is met late."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from monitoring_app.facts import SlaKept, SlaMissed
from monitoring_app.models import Sla, SlaResult, SlaState
from monitoring_app.models.sla import AHEAD, BROKEN
from monitoring_app.slas import attaining, evidence
from monitoring_app.slas.evidence import Found
from pipelines_app import events, locks, singly
from pipelines_app.compiler.targets import BY_SHARE, TargetKind
from pipelines_app.models import Run, RunState, Slot
from pipelines_app.models.slots import OVERDUE

AT_ONCE = 500
STILL = timedelta(days=7)  # for so long what was missed may still be met late
CLOCK = "clock"
UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


def due(now: datetime) -> QuerySet[SlaResult]:
    """What is to be judged by now."""
    return SlaResult.objects.filter(state__in=AHEAD, due_at__lte=now)


def missed(now: datetime) -> QuerySet[SlaResult]:
    """What was missed not long ago."""
    return SlaResult.objects.filter(state=SlaState.MISSED, due_at__gte=now - STILL)


def judge_all(now: datetime) -> int:
    """Judge what is due, and look whether what was missed has come; two queries where there is nothing."""
    related = ("sla__pipeline", "sla__dataset")
    return _judge(list(due(now).select_related(*related).order_by("due_at")[:AT_ONCE]), now) + _judge(
        list(missed(now).select_related(*related).order_by("due_at")[:AT_ONCE]), now
    )


def _judge(results: Sequence[SlaResult], now: datetime) -> int:
    known = evidence.of(results)
    return singly.each(results, lambda result: _settle(result, known.get(result.pk, evidence.NOTHING), now))


def _settle(result: SlaResult, found: Found, now: datetime) -> bool:
    """Write down what became of one promise; False where there is nothing new."""
    state = _state(result, found)
    held = locks.held(SlaResult.objects.filter(pk=result.pk, state=result.state)).first()
    if held is None or state == result.state:
        return False
    because, culprit = (found.waived, "") if state != SlaState.MISSED else _why(result)
    SlaResult.objects.filter(pk=result.pk).update(
        state=state,
        kept_at=found.kept_at,
        value=found.value,
        because=(because or result.because)[:500],
        culprit=culprit or result.culprit,
    )
    before = result.state
    result.state, result.because, result.kept_at = state, because, found.kept_at
    _tell(result, before, now)
    return True


def _state(result: SlaResult, found: Found) -> str:
    if found.waived:
        return SlaState.WAIVED
    if found.kept_at is None:
        return SlaState.MISSED
    return SlaState.MET if found.kept_at <= result.due_at else SlaState.MET_LATE


def _why(result: SlaResult) -> tuple[str, str]:
    """Why a promise was not kept, in words, and the page that shows it: a run that failed, an arrival that lacks."""
    run = Run.objects.filter(pk=result.run_id).first() if result.run_id else None
    if result.sla.kind in (TargetKind.ARRIVAL, TargetKind.FRESHNESS):
        run = _last_run(result)
        slot = None if result.sla.kind == TargetKind.FRESHNESS and run is not None else _lacking(result)
        if slot is not None:
            words = f"{slot.dataset.name} {slot.period} is {slot.get_state_display().lower()}"
            return words, reverse("console:slot", args=[slot.pk])
    if run is None:
        return "nothing came and nothing ran", ""
    page = reverse("console:run", args=[run.pk])
    if run.state in UNDER_WAY:
        return f"run {run.pk} is {'queued' if run.state == RunState.QUEUED else 'running'} still", page
    said = f"run {run.pk} ended as {run.get_state_display().lower()}"
    return f"{said}: {run.reason}" if run.reason else said, page


def _last_run(result: SlaResult) -> Run | None:
    runs = Run.objects.filter(pipeline=result.sla.pipeline_id, created_at__gte=result.begins_at)
    if result.period:
        runs = runs.filter(period=result.period)
    return runs.order_by("-pk").first()


def _lacking(result: SlaResult) -> Slot | None:
    """An arrival that is overdue, of the dataset itself or of what its pipeline reads."""
    about = Q(dataset=result.sla.dataset_id) | Q(dataset__pipeline=result.sla.pipeline_id)
    slots = Slot.objects.filter(about, state__in=OVERDUE).select_related("dataset").order_by("due_at")
    own = slots.filter(period=result.period).first() if result.period else None
    return own or slots.first()


def _tell(result: SlaResult, before: str, now: datetime) -> None:
    """Record the breach, or that a promise is kept again after one."""
    sla = result.sla
    if result.state in BROKEN and before != SlaState.MISSED and _is_breach(sla, now):
        events.record(SlaMissed(**_said(result), due_at=result.due_at.isoformat(), because=result.because), actor=CLOCK)
    is_late = result.state == SlaState.MET_LATE
    if is_late or (result.state == SlaState.MET and _follows_a_breach(result)):
        late = result.late_seconds or 0.0
        events.record(SlaKept(**_said(result), late_seconds=late), actor=CLOCK)


def _said(result: SlaResult) -> dict[str, Any]:
    sla = result.sla
    return {
        "sla": sla.pk,
        "result": result.pk,
        "promise": sla.sentence,
        "about": result.subject,
        "pipeline": sla.pipeline.name,
        "dataset": sla.dataset.name if sla.dataset is not None else "",
        "period": result.period,
        "run": result.run_id,
    }


def _is_breach(sla: Sla, now: datetime) -> bool:
    """Of a source's own deadline its slot tells; of what is a share by itself, the share."""
    if sla.is_of_source:
        return False
    return sla.kind not in BY_SHARE or not attaining.attained(sla, now).is_kept


def _follows_a_breach(result: SlaResult) -> bool:
    """Whether the judgement before this one was a breach: only then is keeping it news."""
    before = result.sla.results.filter(due_at__lt=result.due_at).exclude(state__in=[*AHEAD, SlaState.WAIVED])
    return before.order_by("-due_at").values_list("state", flat=True).first() in BROKEN
