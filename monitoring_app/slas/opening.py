"""What is to be judged: a row for each period, version or run of a promise, written before it falls due."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet

from monitoring_app.models import Profile, ProfileState, Sla, SlaResult
from pipelines_app import singly
from pipelines_app.compiler import cadences, deadlines
from pipelines_app.compiler.definition import ArrivalDeadline, PeriodKind
from pipelines_app.compiler.targets import TargetKind
from pipelines_app.environments import mapping
from pipelines_app.models import DatasetVersion, Event, Run, VersionState
from pipelines_app.runs import planning

IN_SIGHT = timedelta(days=2)
FAR = timedelta(days=40)
LOOK_BACK = timedelta(days=2)  # runs are looked at by age: their ids are not committed in order
AT_ONCE = 500
OF_VERSIONS = (TargetKind.FRESHNESS, TargetKind.QUALITY)
IS_MEASURED = timedelta(days=1)  # for so long a version that is not measured yet is waited for
MOST_CAUSES = 50
_MEASURED = Exists(Profile.objects.filter(version=OuterRef("pk"), is_merged=False).exclude(state=ProfileState.PENDING))


def open_all(now: datetime) -> int:
    """Write down what came into sight; three queries where nothing did."""
    return _deadlines(now) + _versions(now) + _runs(now)


def in_sight(now: datetime) -> QuerySet[Sla]:
    """The deadlines of which a period comes into sight."""
    return Sla.objects.in_force().filter(kind=TargetKind.ARRIVAL, look_at__lte=now)


def _deadlines(now: datetime) -> int:
    found = in_sight(now).select_related("pipeline", "dataset").order_by("look_at")[:AT_ONCE]
    return singly.each(found, lambda sla: _periods(sla, now))


def _periods(sla: Sla, now: datetime) -> bool:
    """The periods of one deadline that fall due within the days that are in sight."""
    deadline, kind = _deadline(sla)
    if deadline is None:
        return False
    last = sla.results.aggregate(last=Max("due_at"))["last"]
    until = now + IN_SIGHT
    due = cadences.due_between(deadline, kind, last or sla.since, until)
    rows = [
        SlaResult(sla=sla, subject=period, period=period, begins_at=min(sla.since, at), due_at=at) for period, at in due
    ]
    SlaResult.objects.bulk_create(rows, ignore_conflicts=True)
    ahead = cadences.next_after(deadline, kind, until, FAR) or until + FAR
    Sla.objects.filter(pk=sla.pk).update(look_at=ahead - IN_SIGHT)
    return bool(rows)


def _deadline(sla: Sla) -> tuple[ArrivalDeadline | None, PeriodKind]:
    """The deadline that a promise is about, as its pipeline's revision has it, and by which periods it counts."""
    definition = planning.compiled(sla.pipeline.revision_in_force).definition
    if sla.is_of_source:
        source = next((one for one in definition.sources if one.dataset == sla.subject), None)
        return (source.arrival, source.period) if source is not None else (None, PeriodKind.NONE)
    promise = next((one for one in definition.promises if one.dataset == sla.subject), None)
    return promise.deadline if promise is not None else None, deadlines.promised_kind(definition.sources)


def unseen() -> QuerySet[DatasetVersion]:
    """The versions published since each promise about versions last looked; in one call: of one promise at a time."""
    of_kind = Q(dataset__slas__kind__in=OF_VERSIONS) | Q(_MEASURED, dataset__slas__kind=TargetKind.COMPLETENESS)
    about = Q(of_kind, dataset__slas__until=None, number__gt=F("dataset__slas__seen"))
    return DatasetVersion.objects.filter(about, environment__name=mapping.PRODUCTION, state=VersionState.PUBLISHED)


def _versions(now: datetime) -> int:
    pairs = list(unseen().order_by("number").values_list("pk", "dataset__slas")[:AT_ONCE])
    slas = Sla.objects.in_bulk({sla for _, sla in pairs if sla is not None})
    versions = DatasetVersion.objects.select_related("step_run").in_bulk({version for version, _ in pairs})
    results = [of_version(slas[sla], versions[version]) for version, sla in pairs if sla is not None]
    SlaResult.objects.bulk_create(results, ignore_conflicts=True)
    seen: dict[int, int] = {}
    for version, sla in pairs:
        seen[sla or 0] = max(seen.get(sla or 0, 0), versions[version].number or 0)
    for pk, number in seen.items():
        if slas[pk].kind == TargetKind.COMPLETENESS:
            number = _without_gap(slas[pk], number, now)
        Sla.objects.filter(pk=pk, seen__lt=number).update(seen=number)
    return len(results)


def _without_gap(sla: Sla, number: int, now: datetime) -> int:
    """The last number before which none is still to be measured: versions are not measured in their order."""
    waiting = DatasetVersion.objects.filter(
        ~Q(_MEASURED),
        dataset=sla.dataset_id,
        environment__name=mapping.PRODUCTION,
        state=VersionState.PUBLISHED,
        number__gt=sla.seen,
        number__lt=number,
        created_at__gte=now - IS_MEASURED,
    )
    first = waiting.aggregate(first=Min("number"))["first"]
    return number if first is None else first - 1


def of_version(sla: Sla, version: DatasetVersion) -> SlaResult:
    """The judgement of a promise about versions, not written down yet."""
    return SlaResult(
        sla=sla,
        subject=f"v{version.number}",
        period=version.period,
        version=version,
        run_id=version.step_run.run_id,
        begins_at=version.created_at,
        due_at=max(version.created_at, sla.since) + timedelta(seconds=sla.seconds),
    )


def unmeasured(now: datetime) -> QuerySet[Run]:
    """The runs of pipelines that promise something about runs, as soon as there is something to measure."""
    written = SlaResult.objects.filter(sla=OuterRef("pipeline__slas"), run=OuterRef("pk"))
    is_measured = (
        Q(pipeline__slas__kind=TargetKind.DURATION, started_at__isnull=False)
        | Q(pipeline__slas__kind=TargetKind.SUCCESS_RATE, finished_at__isnull=False)
        | Q(pipeline__slas__kind=TargetKind.END_TO_END)
    )
    return Run.objects.filter(  # in one call, so that all of it is about one promise at a time
        is_measured,
        ~Exists(written),
        pipeline__slas__until=None,
        pipeline__slas__since__lte=F("created_at"),
        environment__name=mapping.PRODUCTION,
        created_at__gte=now - LOOK_BACK,
    )


def _runs(now: datetime) -> int:
    pairs = list(unmeasured(now).order_by("pk").values_list("pk", "pipeline__slas")[:AT_ONCE])
    slas = Sla.objects.in_bulk({sla for _, sla in pairs if sla is not None})
    runs = Run.objects.select_related("cause").in_bulk({run for run, _ in pairs})
    results = [of_run(slas[sla], runs[run]) for run, sla in pairs if sla is not None]
    SlaResult.objects.bulk_create(results, ignore_conflicts=True)
    return len(results)


def of_run(sla: Sla, run: Run) -> SlaResult:
    """The judgement of a promise about runs, not written down yet."""
    if sla.kind == TargetKind.END_TO_END:
        begins: datetime | None = _came_in(run)
    else:
        begins = run.started_at if sla.kind == TargetKind.DURATION else run.finished_at
    begins = begins or run.created_at
    return SlaResult(
        sla=sla,
        subject=f"run {run.pk}",
        period=run.period,
        run=run,
        begins_at=begins,
        due_at=begins + timedelta(seconds=sla.seconds),
    )


def _came_in(run: Run) -> datetime:
    """When the first of what started a run came in: from publication to publication back to the beginning."""
    begun = list(run.causes.all()) or [run.cause]
    return min(_beginning(event) for event in begun)


def _beginning(event: Event) -> datetime:
    """When the chain of causes of an event began."""
    at, cause = event.at, event.cause_id
    for _ in range(MOST_CAUSES):
        if cause is None:
            break
        at, cause = Event.objects.values_list("at", "cause").get(pk=cause)
    return at
