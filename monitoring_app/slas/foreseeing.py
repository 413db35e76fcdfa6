"""Promises that can no longer be kept, as things usually go: said before they fall due."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from monitoring_app.models import SlaResult, SlaState
from pipelines_app import events
from pipelines_app.compiler.targets import TargetKind
from pipelines_app.facts import Fact
from pipelines_app.facts_expected import SlotPutAtRisk
from pipelines_app.models import Event, Pipeline
from pipelines_app.runs import standing

AT_ONCE = 500
TIMED_RUNS = (TargetKind.DURATION, TargetKind.END_TO_END)


@events.hears(SlotPutAtRisk)
def hear(event: Event, fact: Fact) -> str:
    """What an arrival that has not come puts at risk downstream is at risk here too."""
    if not isinstance(fact, SlotPutAtRisk):
        return "ignored: it says nothing about promises"
    due = datetime.fromisoformat(fact.target_due_at)
    found = SlaResult.objects.filter(
        sla__kind=TargetKind.ARRIVAL, sla__dataset__name=fact.target, due_at=due, state=SlaState.NOT_DUE
    )
    because = f"{fact.dataset} {fact.period} has not come".replace("  ", " ")
    marked = found.update(state=SlaState.AT_RISK, because=because)
    return f"{marked} promise is at risk" if marked else "ignored: no promise is measured by that moment"


def under_way(now: datetime) -> QuerySet[SlaResult]:
    """What is promised of runs that have not ended yet."""
    ahead = SlaResult.objects.filter(state=SlaState.NOT_DUE, sla__kind__in=TIMED_RUNS, due_at__gt=now)
    return ahead.filter(run__finished_at=None, run__isnull=False)


def look(now: datetime) -> int:
    """Mark what runs that are under way will not keep if they take as long as usual; says how many."""
    found = list(under_way(now).select_related("run", "sla__pipeline").order_by("due_at")[:AT_ONCE])
    usual = _usual(found)
    late = [result for result in found if _ends(result, usual, now) > result.due_at]
    for result in late:
        taken = round(usual[result.sla.pipeline_id])
        because = f"run {result.run_id} usually takes {taken} s"
        SlaResult.objects.filter(pk=result.pk, state=SlaState.NOT_DUE).update(state=SlaState.AT_RISK, because=because)
    return len(late)


def _usual(results: Sequence[SlaResult]) -> dict[int, float]:
    pipelines: dict[int, Pipeline] = {result.sla.pipeline_id: result.sla.pipeline for result in results}
    runs = standing.last_runs(list(pipelines.values()))
    return {pk: standing.usual(runs[pk]) or 0.0 for pk in pipelines}


def _ends(result: SlaResult, usual: dict[int, float], now: datetime) -> datetime:
    """When its run ends if it takes as long as usual."""
    begun = result.run.started_at if result.run is not None else None
    return max(now, (begun or now) + timedelta(seconds=usual[result.sla.pipeline_id]))
