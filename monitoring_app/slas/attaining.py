"""How well promises are kept: counted from their judgements, in one query for any number of promises."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from monitoring_app.models import Sla, SlaResult, SlaState
from monitoring_app.models.sla import BROKEN
from monitoring_app.slas import rules
from monitoring_app.slas.rules import Attained
from pipelines_app.compiler.targets import TIMED, TargetKind

SPANS = (7, 30, 90)
HISTORY = timedelta(days=90)
MOST_TAKEN = 5_000


def attained(sla: Sla, now: datetime) -> Attained:
    """What was kept of one promise in its window."""
    start = rules.window_start(sla.window, now, settings.TIME_ZONE)
    counts = sla.results.filter(due_at__gte=start, due_at__lte=now).aggregate(**_counts())
    return Attained(kept=counts["kept"], missed=counts["missed"], objective=sla.objective)


def by_days(slas: Iterable[Sla], now: datetime) -> dict[int, dict[int, Attained]]:
    """What was kept in the last 7, 30 and 90 days, by promise and days."""
    listed = {sla.pk: sla for sla in slas}
    spans = {
        f"{name}_{days}": Count("pk", filter=condition & Q(due_at__gte=now - timedelta(days=days)))
        for days in SPANS
        for name, condition in _CONDITIONS.items()
    }
    rows = SlaResult.objects.filter(sla__in=listed, due_at__gte=now - HISTORY, due_at__lte=now).order_by()
    found: dict[int, Any] = {row["sla"]: row for row in rows.values("sla").annotate(**spans)}
    return {pk: {days: _of(found.get(pk, {}), days, sla.objective) for days in SPANS} for pk, sla in listed.items()}


_CONDITIONS = {"kept": Q(state=SlaState.MET), "missed": Q(state__in=BROKEN)}


def _counts() -> dict[str, Count]:
    return {name: Count("pk", filter=condition) for name, condition in _CONDITIONS.items()}


def _of(row: dict[str, int], days: int, objective: float) -> Attained:
    return Attained(kept=row.get(f"kept_{days}", 0), missed=row.get(f"missed_{days}", 0), objective=objective)


def taken(sla: Sla, now: datetime) -> list[float]:
    """How long each of the judged took, in seconds, in the last 90 days; what never came counts as endless."""
    judged = sla.results.filter(due_at__gte=now - HISTORY, due_at__lte=now, state__in=[SlaState.MET, *BROKEN])
    rows = judged.order_by("-due_at").values_list("begins_at", "kept_at")[:MOST_TAKEN]
    return [(kept - begins).total_seconds() if kept is not None else float("inf") for begins, kept in rows]


def suggestion(sla: Sla, now: datetime) -> int | None:
    """Another length than now, by which the objective would have been kept in the last 90 days."""
    if TargetKind(sla.kind) not in TIMED:
        return None
    suggested = rules.suggested(taken(sla, now), sla.objective)
    return suggested if suggested != sla.seconds else None
