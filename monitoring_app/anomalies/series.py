"""What is judged by its own course: how long a dataset took to make, how late it came, and its own metrics."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from monitoring_app.learning import explaining
from monitoring_app.learning.series import Kind, Label, Point, Verdict, judge
from monitoring_app.models import Anomaly, AnomalyLabel, AnomalySource, Profile
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.models import DatasetVersion, Slot, VersionState

MOST = 120  # points by which one is judged, judged anew each time: a few milliseconds
NO_CLOCK = "D"  # of points that name no moment each is one slot after the one before
FREQUENCY = {PeriodKind.HOUR: "H", PeriodKind.DAY: "D", PeriodKind.MONTH: "M"}
MAKING, COMING = "seconds_to_make", "seconds_after_due"
OWN = "metric "  # and its name
# Sooner or faster than usual is no trouble, and what is missing is the ledger's to tell.
LATER = frozenset({Kind.SPIKE, Kind.SHIFT_UP, Kind.DRIFT})
LEAST = {MAKING: (30.0, 0.5), COMING: (900.0, 0.0)}  # what is worth a word: seconds more, and of what is expected


@dataclass(frozen=True, kw_only=True)
class Odd:
    """The last point of a series that is not as usual, with those before it: period and value."""

    metric: str
    verdict: Verdict
    course: Sequence[tuple[str, float]]
    words: str


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """One number of a version."""

    version: int
    period: str
    value: float


def odd(profile: Profile, *, sensitivity: float) -> list[Odd]:
    """Which of the numbers of a version are unusual by those of the versions before."""
    found = (
        _odd(profile, MAKING, _making(profile), sensitivity),
        _odd(profile, COMING, _coming(profile), sensitivity),
    )
    return [one for one in (*found, *_own(profile, sensitivity)) if one is not None]


def _own(profile: Profile, sensitivity: float) -> Iterator[Odd | None]:
    """Each of the dataset's own metrics by what it gave of the versions or periods before."""
    if not profile.numbers:
        return
    published = Q(version__state=VersionState.PUBLISHED) | Q(pk=profile.pk)
    before = Q(period__lte=profile.period) if profile.period else Q(version__lte=profile.version_id)
    known = Profile.objects.measured().filter(
        published, before, dataset=profile.dataset_id, environment=profile.environment_id, is_merged=False
    )
    rows = list(known.order_by("-period", "-version").values_list("version", "period", "numbers")[:MOST])[::-1]
    newest = {(period or version): (version, period, numbers) for version, period, numbers in rows}
    for name in profile.numbers:
        timed = [
            _Timed(version=version, period=period, value=numbers[name])
            for version, period, numbers in newest.values()
            if name in numbers
        ]
        yield _odd(profile, f"{OWN}{name}", timed, sensitivity)


def _making(profile: Profile) -> list[_Timed]:
    """How long the steps took that made the versions up to this one."""
    published = Q(state=VersionState.PUBLISHED) | Q(pk=profile.version_id)
    made = DatasetVersion.objects.filter(
        published, dataset=profile.dataset_id, environment=profile.environment_id, pk__lte=profile.version_id
    )
    timed = made.filter(step_run__started_at__isnull=False, step_run__finished_at__isnull=False).order_by("-pk")
    return _timed(timed.values_list("pk", "period", "step_run__started_at", "step_run__finished_at")[:MOST])


def _coming(profile: Profile) -> list[_Timed]:
    """How long after their deadlines the arrivals came, up to that of the period; below 0 it was in time."""
    if not profile.period or not profile.dataset.is_source:
        return []
    slots = Slot.objects.filter(dataset=profile.dataset_id, period__lte=profile.period, arrival__isnull=False)
    came = list(slots.order_by("-period").values_list("pk", "period", "due_at", "arrival__received_at")[:MOST])
    if not came or came[0][1] != profile.period:
        return []
    return _timed([(profile.version_id, *came[0][1:]), *((0, *one[1:]) for one in came[1:])])


def _timed(rows: Iterable[tuple[int, str, datetime | None, datetime | None]]) -> list[_Timed]:
    """The oldest first."""
    return [
        _Timed(version=pk, period=period, value=(to - since).total_seconds())
        for pk, period, since, to in rows
        if since is not None and to is not None
    ][::-1]


def _odd(profile: Profile, metric: str, timed: Sequence[_Timed], sensitivity: float) -> Odd | None:
    if not timed or timed[-1].version != profile.version_id or not _is_worth_it(metric, timed):
        return None
    said = _labels(profile, metric)
    points = [Point(at=one.period, value=one.value, label=said.get(one.period or str(one.version))) for one in timed]
    frequency = FREQUENCY.get(PeriodKind(profile.dataset.period_kind), NO_CLOCK) if metric != MAKING else NO_CLOCK
    if metric == MAKING:
        points = [Point(at="", value=one.value, label=one.label) for one in points]
    verdict = judge(points, frequency=frequency, sensitivity=sensitivity)[-1]
    if not _is_odd(metric, verdict):
        return None
    course = [(one.period, one.value) for one in timed[:-1]]
    return Odd(metric=metric, verdict=verdict, course=course, words=_words(metric, verdict))


def _is_worth_it(metric: str, timed: Sequence[_Timed]) -> bool:
    """Whether the last point could be worth a word at all: nearly none is, and to judge a series takes a while."""
    return metric not in LEAST or timed[-1].value - min(one.value for one in timed) >= LEAST[metric][0]


def _labels(profile: Profile, metric: str) -> dict[str, Label]:
    """What people said of this number, by period, or by version where there are none."""
    found = Anomaly.objects.filter(dataset=profile.dataset_id, source=AnomalySource.SERIES, metric=metric)
    said = found.exclude(label=AnomalyLabel.NONE).exclude(profile=profile).values_list("period", "version", "label")
    return {period or str(version): Label(label) for period, version, label in said}


def _is_odd(metric: str, verdict: Verdict) -> bool:
    if not verdict.alarm or verdict.value is None or verdict.expected is None:
        return False
    if metric not in LEAST:
        return True
    if verdict.kind not in LATER:
        return False
    least, share = LEAST[metric]
    return verdict.value - verdict.expected >= max(least, share * abs(verdict.expected))


def _words(metric: str, verdict: Verdict) -> str:
    value, expected = verdict.value or 0.0, verdict.expected or 0.0
    if metric.startswith(OWN):
        return f"{metric.removeprefix(OWN)} is {value:,.5g}; usually {expected:,.5g}"
    if metric == MAKING:
        return f"it took {explaining.length(value)} to make; usually {explaining.length(max(expected, 0.0))}"
    return f"it came {_after(value)} its deadline; usually {_after(expected)} it"


def _after(seconds: float) -> str:
    return f"{explaining.length(abs(seconds))} {'after' if seconds > 0 else 'before'}"
