"""What could be promised: the target that history would have kept, also of a promise that nobody has given yet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring_app.models import Sla, SlaResult
from monitoring_app.slas import attaining, evidence, opening, rules
from monitoring_app.slas.evidence import Found
from pipelines_app.compiler import target_documents
from pipelines_app.compiler.targets import OF_RUNS, TIMED, TargetKind, Window
from pipelines_app.environments import mapping
from pipelines_app.models import Dataset, DatasetVersion, Pipeline, Run, VersionState

MOST = 500
MOST_CHAINS = 30  # of so many runs the beginning is looked for, cause by cause


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A promise that somebody thinks of; `dataset` is none of what is about runs."""

    pipeline: Pipeline
    kind: TargetKind
    dataset: Dataset | None
    objective: float
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A target as it is typed, and of how many cases it would have kept which share."""

    target: str
    cases: int
    share: float


def suggest(wanted: Wanted, now: datetime) -> Suggestion | None:
    """The tightest round target that would have been kept in the last 90 days; None where too little is known."""
    sla = Sla(
        pipeline=wanted.pipeline,
        dataset=wanted.dataset,
        kind=wanted.kind,
        terms={str(wanted.kind): {"columns": list(wanted.columns)}},
        objective=wanted.objective,
        window=Window.ROLLING,
        since=now - attaining.HISTORY,
    )
    results = _cases(sla, now)
    for number, result in enumerate(results, start=1):
        result.pk = number
    found = {pk: one for pk, one in evidence.of(results).items() if not one.waived} if results else {}
    if wanted.kind in TIMED:
        return _length([_seconds(result, found[result.pk]) for result in results if result.pk in found], wanted)
    return _share([one.value or 0.0 for one in found.values()], wanted)


def _cases(sla: Sla, now: datetime) -> list[SlaResult]:
    """What would have been judged: versions or runs of production."""
    since = now - attaining.HISTORY
    if sla.kind in OF_RUNS or sla.kind == TargetKind.END_TO_END:
        runs = Run.objects.filter(pipeline=sla.pipeline, environment__name=mapping.PRODUCTION, started_at__gte=since)
        most = MOST_CHAINS if sla.kind == TargetKind.END_TO_END else MOST
        return [opening.of_run(sla, run) for run in runs.select_related("cause").order_by("-pk")[:most]]
    versions = DatasetVersion.objects.filter(
        dataset=sla.dataset,
        environment__name=mapping.PRODUCTION,
        state=VersionState.PUBLISHED,
        created_at__gte=since,
    )
    return [opening.of_version(sla, one) for one in versions.select_related("step_run").order_by("-pk")[:MOST]]


def _seconds(result: SlaResult, found: Found) -> float:
    return (found.kept_at - result.begins_at).total_seconds() if found.kept_at is not None else math.inf


def _length(taken: Sequence[float], wanted: Wanted) -> Suggestion | None:
    seconds = rules.suggested(taken, wanted.objective)
    if seconds is None:
        return None
    kept = rules.kept_share(taken, seconds) or 0.0
    return Suggestion(target=target_documents.length(seconds), cases=len(taken), share=kept)


def _share(shares: Sequence[float], wanted: Wanted) -> Suggestion | None:
    """A share is rounded down: to a whole percent, or to a tenth of one above 99 %."""
    if len(shares) < rules.FEWEST:
        return None
    if wanted.kind == TargetKind.SUCCESS_RATE:
        level = sum(shares) / len(shares)
    else:
        level = sorted(shares)[math.floor((1 - wanted.objective) * len(shares) + 1e-9)]
    steps = 1000 if level >= 0.99 else 100
    level = math.floor(level * steps + 1e-9) / steps
    if not level:
        return None
    kept = sum(one >= level for one in shares) / len(shares)
    return Suggestion(target=f"{level * 100:.4g} %", cases=len(shares), share=kept)
