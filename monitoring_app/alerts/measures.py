"""How bad a problem is: the number that was found and the usual one, in words, and when the problem began.

A fixed number of questions for each kind of alert; of the history the last twenty are looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from monitoring_app.alerts.messages import length
from monitoring_app.models import Alert, Sla, SlaResult, SlaState
from monitoring_app.models.sla import BROKEN
from pipelines_app.models import CheckResult, DatasetVersion, Run, RunState, Slot, StepRun, VersionState

LOOKED_AT = 20
FEWEST = 3  # of fewer earlier ones nothing is usual
WENT_WELL = (RunState.SUCCEEDED, RunState.WARNED)
LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found and what is usual, in words, and since when it has been so; nothing where it is not known."""

    how_bad: str = ""
    began_at: datetime | None = None


NOTHING = Measured()


def of(alert: Alert) -> Measured:
    """How bad it is."""
    measure = MEASURES.get(alert.rule.partition(":")[0])
    return measure(alert) if measure is not None else NOTHING


def _check(alert: Alert) -> Measured:
    """What the check measured, and what it measured when it held."""
    name = alert.rule.partition(":")[2]
    judged = CheckResult.objects.filter(check_made__dataset=alert.dataset_id, check_made__name=name).order_by("-id")
    results = list(judged.select_related("step_run__run")[: LOOKED_AT + 1])
    own = next((one for one in results if one.step_run.run_id == alert.run), None)
    if own is None:
        return NOTHING
    held = [one for one in results if one.pk < own.pk and one.passed]
    value = _number(own.value)
    if value is not None:
        before = [number for one in held if (number := _number(one.value)) is not None]
        said = f"{own.value}{_usually(before, lambda usual: f'{usual:.4g}')}"
    else:
        said = f"{_rows_of(own.bad_rows, own.total_rows)}{_usually([_share(one) for one in held], _percent)}"
    return Measured(how_bad=said, began_at=own.step_run.run.created_at)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _share(result: CheckResult) -> float:
    return result.bad_rows / result.total_rows if result.total_rows else 0.0


def _rows_of(bad: int, total: int) -> str:
    return f"{bad:,} of {total:,} rows ({_percent(bad / total)})" if total else f"{bad:,} rows"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share else "none"


def _usually(before: list[float], say: Callable[[float], str]) -> str:
    """What is usual, or nothing where too few came before."""
    return f", usually {say(median(before))} ({len(before)} earlier)" if len(before) >= FEWEST else ""


def _late(alert: Alert) -> Measured:
    """For how long it is overdue, and when it usually comes."""
    rows = Slot.objects.filter(dataset=alert.dataset_id, due_at__lte=alert.last_at).order_by("-due_at")
    slots = list(rows.values_list("period", "due_at", "late_at", "arrival__received_at")[: LOOKED_AT + 1])
    own = next((one for one in slots if one[0] == alert.period), None)
    if own is None:
        return NOTHING
    after = [(came - due).total_seconds() for period, due, _, came in slots if came is not None and period != own[0]]
    overdue = length((alert.last_at - own[1]).total_seconds())
    said = f"{overdue} overdue{_usually(after, _by_deadline)}"
    return Measured(how_bad=said, began_at=min(own[2], alert.first_at))


def _by_deadline(seconds: float) -> str:
    return f"it comes {length(abs(seconds))} {'before' if seconds <= 0 else 'after'} its deadline"


def _quarantine(alert: Alert) -> Measured:
    """How many rows were put aside, how many of them could not be read, and how many usually come."""
    made = DatasetVersion.objects.filter(step_run__run=alert.run, dataset=alert.dataset_id)
    own = made.order_by("-pk").values_list("pk", "rows", "step_run__run__created_at").first()
    steps = StepRun.objects.filter(run=alert.run, dataset=alert.dataset_id)
    bad = steps.values_list("rejected", flat=True).first()  # of the rows themselves the first hundred are kept
    good = DatasetVersion.objects.filter(dataset=alert.dataset_id, state=VersionState.PUBLISHED).order_by("-number")
    usual = _usually([float(rows) for rows in good.values_list("rows", flat=True)[:LOOKED_AT]], _rows)
    found = [_rows(own[1]) if own is not None else "", f"{bad:,} that cannot be read" if bad else ""]
    said = ", ".join(filter(None, found))
    return Measured(how_bad=f"{said}{usual}" if said else "", began_at=own[2] if own is not None else _begun(alert))


def _rows(number: float) -> str:
    return f"{number:,.0f} row{'' if number == 1 else 's'}"


def _begun(alert: Alert) -> datetime | None:
    return Run.objects.filter(pk=alert.run or 0).values_list("created_at", flat=True).first()


def _run_failed(alert: Alert) -> Measured:
    """How many of the last runs failed, and how long one usually takes."""
    last: int = alert.run or 0
    ended = Run.objects.filter(pipeline__name=alert.pipeline, pk__lte=last, finished_at__isnull=False)
    rows = list(ended.order_by("-pk").values_list("pk", "state", "created_at", "started_at", "finished_at")[:LOOKED_AT])
    own = next((one for one in rows if one[0] == alert.run), None)
    if own is None:
        return NOTHING
    failed = sum(state == RunState.FAILED for _, state, *_ in rows)
    well = [_seconds(began, ended) for _, state, _, began, ended in rows if state in WENT_WELL]
    took = f"it ran for {length(_seconds(own[3], own[4]))}"
    said = f"{took}{_usually(well, length)}; {failed} of the last {len(rows)} runs failed"
    return Measured(how_bad=said, began_at=own[2])


def _seconds(began: datetime | None, ended: datetime | None) -> float:
    return (ended - began).total_seconds() if began is not None and ended is not None else 0.0


def _promise(alert: Alert) -> Measured:
    """How late it was, and how often the promise was kept of late."""
    kind, about = alert.rule.partition(":")[2], alert.subject.rpartition("/")[2]
    given = Sla.objects.in_force().filter(kind=kind, pipeline__name=alert.pipeline, dataset=alert.dataset_id)
    sla = given.order_by("-pk").first()
    if sla is None:
        return NOTHING
    recent = SlaResult.objects.filter(sla=sla, state__in=[SlaState.MET, *BROKEN]).order_by("-due_at")
    rows = list(recent.values_list("subject", "state", "due_at")[:LOOKED_AT])
    kept = sum(state == SlaState.MET for _, state, _ in rows)
    due = next((at for subject, _, at in rows if subject == about), None)
    said = f"kept {kept} of the last {len(rows)} times, {_percent(sla.objective)} is promised" if rows else ""
    return Measured(how_bad=said, began_at=due)


MEASURES: dict[str, Callable[[Alert], Measured]] = {
    "check": _check,
    "late": _late,
    "quarantine": _quarantine,
    "run_failed": _run_failed,
    "sla": _promise,
}
