"""What is known besides the event at hand: events are delivered in any order, and some are old news when they come."""

import re
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from monitoring_app.models import Alert
from pipelines_app import locks
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.facts import DataQuarantined, DatasetPublished
from pipelines_app.models import (
    Arrival,
    CheckResult,
    Dataset,
    DatasetVersion,
    Event,
    Part,
    Pipeline,
    Reject,
    Run,
    RunState,
    StepRun,
    VersionState,
)

ENDED = [RunState.SUCCEEDED, RunState.WARNED, RunState.QUARANTINED, RunState.FAILED]
SHOWN = 3
MOST_TOLD = 50
_FILE = re.compile(r"^[^\s:]+\.\w+: ")


def one_at_a_time(dataset: str) -> Dataset:
    """The dataset, held until the transaction ends: what is said of it is weighed by one consumer at a time."""
    return locks.held(Dataset.objects.select_related("team")).get(name=dataset)


def one_run_at_a_time(pipeline: str) -> Pipeline:
    """The pipeline, held until the transaction ends."""
    return locks.held(Pipeline.objects.select_related("team")).get(name=pipeline)


def has_periods(dataset: Dataset) -> bool:
    return dataset.period_kind != PeriodKind.NONE


def zone_of(dataset: Dataset) -> str:
    """The time zone in which a dataset's deadline is declared."""
    revision = dataset.pipeline.current if dataset.pipeline is not None else None
    source = revision.document.get("sources", {}).get(dataset.name, {}) if revision is not None else {}
    return str(source.get("arrival", {}).get("timezone", "UTC"))


def is_quarantined(version: int) -> bool:
    """Whether readers never saw this version."""
    return DatasetVersion.objects.filter(pk=version, state=VersionState.QUARANTINED).exists()


def holds_since(dataset: Dataset, check: str, *, version: int, period: str) -> bool:
    """Whether a newer version that readers see kept the promise, for the same period."""
    kept = _judged_after(dataset, check, version).filter(passed=True)
    return (kept.filter(step_run__run__period=period) if has_periods(dataset) else kept).exists()


def wrong_periods(dataset: Dataset, check: str, periods: Iterable[str]) -> list[str]:
    """Those of the periods of which readers still see what broke the promise: no newer version of them kept it."""
    seen = Part.objects.live().filter(version=OuterRef("version"))
    judged = CheckResult.objects.filter(check_made__dataset=dataset, check_made__name=check).filter(Exists(seen))
    newest = dict(
        judged.filter(version__period__in=set(periods)).order_by("id").values_list("version__period", "passed")
    )
    return sorted(period for period, passed in newest.items() if not passed)


def fails_since(dataset: Dataset, check: str, *, version: int) -> bool:
    """Whether a newer version that readers see broke the promise."""
    return _judged_after(dataset, check, version).filter(passed=False).exists()


def _judged_after(dataset: Dataset, check: str, version: int) -> QuerySet[CheckResult]:
    seen = CheckResult.objects.exclude(version__state=VersionState.QUARANTINED)
    return seen.filter(check_made__dataset=dataset, check_made__name=check, version_id__gt=version)


def published_since(dataset: Dataset, period: str, event: Event) -> bool:
    """Whether the period, or the whole dataset, was published after this event."""
    return _said_since(dataset, DatasetPublished.kind, event).filter(period__in={period, ""}).exists()


def quarantined_since(dataset: Dataset, period: str, event: Event) -> bool:
    """Whether data for the same place were put aside again after this event."""
    told = _said_since(dataset, DataQuarantined.kind, event)
    return (told.filter(period=period) if has_periods(dataset) and period else told).exists()


def _said_since(dataset: Dataset, kind: str, event: Event) -> QuerySet[Event]:
    return Event.objects.filter(dataset=dataset.name, kind=kind, pk__gt=event.pk)


def short(because: str) -> str:
    """The kind of a cause: without the file's name before it, and without the first bad row after it."""
    return _FILE.sub("", because).partition(": ")[0].rstrip(".")


def unlike(causes: Iterable[str], because: str) -> list[str]:
    """Those of the causes that are of another kind than this one."""
    return [cause for cause in causes if _kind(cause) != _kind(short(because))]


def causes(alert: Alert | None, event: Event) -> list[str]:
    """The causes told under an alert before an event, the newest first."""
    if alert is None:
        return []
    told = alert.entries.filter(event__kind=DataQuarantined.kind, event_id__lt=event.pk).order_by("-event")
    said = [short(str(because)) for because in told.values_list("event__body__because", flat=True)[:MOST_TOLD]]
    return list(dict.fromkeys(said))


def _kind(cause: str) -> str:
    return re.sub(r"\d[\d.,]*", "#", cause)


def failing_periods(pipeline: Pipeline, periods: Iterable[str]) -> list[str]:
    """Those of the periods whose newest run that came to an end has failed."""
    ended = Run.objects.filter(pipeline=pipeline, period__in=set(periods), state__in=ENDED).order_by("id")
    newest = dict(ended.values_list("period", "state"))
    return sorted(period for period, state in newest.items() if state == RunState.FAILED)


def file_of(run: int, dataset: Dataset) -> str:
    """The name of the last file that a run took in for a dataset, or nothing."""
    names = Arrival.objects.filter(run=run, dataset=dataset).order_by("-id").values_list("name", flat=True)
    return names.first() or ""


def bad_lines(run: int, dataset: Dataset) -> list[str]:
    """The first rows that were set aside, each as a line of text: where, and what is wrong."""
    rejects = Reject.objects.filter(step_run__run=run, step_run__dataset=dataset).order_by("id")
    return [
        f"line {reject.line:,}{', column ' + reject.column if reject.column else ''}: {reject.message[:200]}"
        for reject in rejects[:SHOWN]
    ]


def todo_of(run: int, *, dataset: Dataset | None = None) -> str:
    """What the run's first step that came to grief says a person can do."""
    steps = StepRun.objects.filter(run=run).exclude(todo="")
    of_dataset = steps.filter(dataset=dataset) if dataset is not None else steps
    return of_dataset.order_by("position").values_list("todo", flat=True).first() or ""


def failed_checks(version: int | None) -> list[str]:
    """The checks that a version broke, in words."""
    broken = CheckResult.objects.filter(version=version, passed=False).select_related("check_made")
    return [f"{result.check_made.name}: {result.message}" for result in broken.order_by("id")[:5]]
