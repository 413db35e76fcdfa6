"""When what was promised was there, or what was measured: one or two queries for any number of judgements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from monitoring_app.models import ColumnProfile, Profile, SlaResult
from pipelines_app.compiler.targets import TargetKind
from pipelines_app.environments import mapping
from pipelines_app.models import (
    CheckResult,
    DatasetVersion,
    Run,
    RunState,
    Severity,
    Slot,
    SlotState,
    StepRun,
    StepState,
    VersionState,
)

GOOD = frozenset({RunState.SUCCEEDED, RunState.WARNED})
MADE = (StepState.SUCCEEDED, StepState.WARNED, StepState.REUSED)
ENDED = frozenset({*GOOD, RunState.FAILED, RunState.QUARANTINED, RunState.CANCELLED})


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known of one judgement: when it was kept, what was measured, or why it does not count."""

    kept_at: datetime | None = None
    value: float | None = None
    waived: str = ""


NOTHING = Found()


def of(results: Sequence[SlaResult]) -> dict[int, Found]:
    """What is known of each judgement by its id; those of which nothing is known are left out."""
    found: dict[int, Found] = {}
    for kind, look in LOOKS.items():
        of_kind = [result for result in results if result.sla.kind == kind]
        if of_kind:
            found |= look(of_kind)
    return found


def _arrivals(results: Sequence[SlaResult]) -> dict[int, Found]:
    sent = [result for result in results if result.sla.is_of_source]
    made = [result for result in results if not result.sla.is_of_source]
    return (_slots(sent) if sent else {}) | (_published(made) if made else {})


def _slots(results: Sequence[SlaResult]) -> dict[int, Found]:
    about = Q(dataset__in={result.sla.dataset_id for result in results}, period__in={one.period for one in results})
    slots = {(slot.dataset_id, slot.period): slot for slot in Slot.objects.filter(about).select_related("arrival")}
    found = {}
    for result in results:
        slot = slots.get((result.sla.dataset_id or 0, result.period))
        if slot is not None and slot.state == SlotState.WAIVED:
            found[result.pk] = Found(waived=slot.reason or "it is not expected any more")
        elif slot is not None and slot.arrival is not None:
            found[result.pk] = Found(kept_at=slot.arrival.received_at)
    return found


def _published(results: Sequence[SlaResult]) -> dict[int, Found]:
    """The first publication of each period: as its own period, or by a run for it."""
    keys = {result.period for result in results}
    about = Q(dataset__in={result.sla.dataset_id for result in results}, state=VersionState.PUBLISHED)
    about &= Q(environment=mapping.production()) & (Q(period__in=keys) | Q(step_run__run__period__in=keys))
    rows = DatasetVersion.objects.filter(about).values_list("dataset", "period", "step_run__run__period", "created_at")
    first: dict[tuple[int, str], datetime] = {}
    for dataset, *periods, at in rows:
        for period in periods:
            first[dataset, period] = min(at, first.get((dataset, period), at))
    moments = {result.pk: first.get((result.sla.dataset_id or 0, result.period)) for result in results}
    return {pk: Found(kept_at=at) for pk, at in moments.items() if at is not None}


def _followed(results: Sequence[SlaResult]) -> dict[int, Found]:
    """When the version after each was published."""
    about = Q(dataset__in={result.sla.dataset_id for result in results}, state=VersionState.PUBLISHED)
    least = min(_number(result) for result in results)
    rows = DatasetVersion.objects.filter(about, environment=mapping.production(), number__gt=least)
    moments = rows.values_list("dataset", "number", "created_at")
    at = {(dataset, number or 0): moment for dataset, number, moment in moments}
    nexts = {result.pk: at.get((result.sla.dataset_id or 0, _number(result) + 1)) for result in results}
    return {pk: Found(kept_at=moment) for pk, moment in nexts.items() if moment is not None}


def _number(result: SlaResult) -> int:
    return int(result.subject.removeprefix("v"))


def _durations(results: Sequence[SlaResult]) -> dict[int, Found]:
    runs = Run.objects.in_bulk({result.run_id for result in results if result.run_id})
    found = {}
    for result in results:
        run = runs.get(result.run_id or 0)
        if run is not None and run.finished_at is not None:
            cancelled = "the run was cancelled" if run.state == RunState.CANCELLED else ""
            seconds = (run.finished_at - result.begins_at).total_seconds()
            found[result.pk] = Found(kept_at=run.finished_at, value=seconds, waived=cancelled)
    return found


def _made(results: Sequence[SlaResult]) -> dict[int, Found]:
    """When the dataset was made, or found to be as it should, by the run."""
    about = Q(run__in={result.run_id for result in results}, dataset__in={one.sla.dataset_id for one in results})
    steps = StepRun.objects.filter(about, state__in=MADE, finished_at__isnull=False)
    at = {(run, dataset): moment for run, dataset, moment in steps.values_list("run", "dataset", "finished_at")}
    gone = dict(
        Run.objects.filter(pk__in={one.run_id for one in results}, state=RunState.CANCELLED).values_list("pk", "reason")
    )
    found = {}
    for result in results:
        moment = at.get((result.run_id or 0, result.sla.dataset_id or 0))
        if moment is not None:
            found[result.pk] = Found(kept_at=moment, value=(moment - result.begins_at).total_seconds())
        elif result.run_id in gone:
            found[result.pk] = Found(waived=f"the run was cancelled {gone[result.run_id]}".strip())
    return found


def _successes(results: Sequence[SlaResult]) -> dict[int, Found]:
    runs = Run.objects.in_bulk({result.run_id for result in results if result.run_id})
    found = {}
    for result in results:
        run = runs.get(result.run_id or 0)
        if run is None or run.state not in ENDED:
            continue
        if run.state == RunState.CANCELLED:
            found[result.pk] = Found(waived="the run was cancelled")
        elif run.state in GOOD:
            found[result.pk] = Found(kept_at=result.due_at, value=1.0)
        else:
            found[result.pk] = Found(value=0.0)
    return found


def _qualities(results: Sequence[SlaResult]) -> dict[int, Found]:
    """The share of checks that held on each version, less those that only inform; one without checks holds."""
    judged = CheckResult.objects.filter(version__in={result.version_id for result in results})
    judged = judged.exclude(check_made__severity=Severity.INFO)
    counts = judged.values("version").annotate(every=Count("pk"), held=Count("pk", filter=Q(passed=True)))
    shares = {row["version"]: row["held"] / row["every"] for row in counts}
    return {result.pk: _level(result, shares.get(result.version_id or 0, 1.0)) for result in results}


def _completenesses(results: Sequence[SlaResult]) -> dict[int, Found]:
    """The share of cells that are filled in each version, as it was measured; a column that is gone has none."""
    about = Q(version__in={result.version_id for result in results}, is_merged=False)
    profiles = dict(Profile.objects.measured().filter(about).values_list("pk", "version"))
    nulls: dict[int, dict[str, float]] = {version: {} for version in profiles.values()}
    columns = ColumnProfile.objects.filter(profile__in=profiles)
    for profile, name, share in columns.values_list("profile", "name", "null_share"):
        nulls[profiles[profile]][name] = share or 0.0  # of no rows none is NULL
    found = {}
    for result in results:
        of_version = nulls.get(result.version_id or 0)
        if of_version is None:
            found[result.pk] = Found(waived="the version could not be measured")
            continue
        shares = [of_version.get(name, 1.0) for name in _named(result) or of_version]
        found[result.pk] = _level(result, 1 - sum(shares) / len(shares) if shares else 1.0)
    return found


def _named(result: SlaResult) -> list[str]:
    found: list[str] = result.sla.terms[TargetKind.COMPLETENESS].get("columns", [])
    return found


def _level(result: SlaResult, share: float) -> Found:
    kept = result.due_at if share >= result.sla.level else None
    return Found(kept_at=kept, value=share)


LOOKS = {
    TargetKind.ARRIVAL: _arrivals,
    TargetKind.FRESHNESS: _followed,
    TargetKind.DURATION: _durations,
    TargetKind.END_TO_END: _made,
    TargetKind.SUCCESS_RATE: _successes,
    TargetKind.QUALITY: _qualities,
    TargetKind.COMPLETENESS: _completenesses,
}
