"""The profile of all periods of a dataset together, put together from theirs: a period added costs that period."""

from dataclasses import replace

from django.db import transaction

from monitoring_app.models import ColumnProfile, Profile, ProfileState
from monitoring_app.profiling import keeping, merging
from monitoring_app.profiling import profile as measured
from monitoring_app.profiling.asking import QUANTILES
from monitoring_app.profiling.keeping import Found
from monitoring_app.profiling.profile import Metric
from pipelines_app.models import Current, DatasetVersion, Part

MOST = 2000  # periods whose quantiles are looked at each time; of more those of the whole before go on
_LEVELS = (Metric.NULL_SHARE, Metric.MISFIT_SHARE, Metric.MINIMUM, *QUANTILES, Metric.MAXIMUM)
_NUMBERS = tuple(metric.value for metric in _LEVELS)


def put_together(measured_now: Profile) -> Profile | None:
    """The whole of what readers see of a dataset, if all its periods are measured by now and it is not there yet."""
    about = {"dataset": measured_now.dataset_id, "environment": measured_now.environment_id}
    if not measured_now.period or Profile.objects.filter(state=ProfileState.PENDING, **about).exists():
        return None  # the last that waits will see to it
    current = Current.objects.select_related("version").filter(**about).first()
    if current is None or Profile.objects.filter(version=current.version_id, period="").exists():
        return None
    parts = _parts(current.version)
    if not parts:
        return None
    before = _before(parts)
    among = parts if before is None else [before[0], *before[1]]
    whole = _with_quantiles(merging.merged([keeping.of(one) for one in among]), parts)
    return _kept(current.version, whole)


def _parts(version: DatasetVersion) -> list[Profile]:
    """The profiles of all periods that readers see; none where one of them is not measured."""
    live = Part.objects.of_version(version).order_by("period", "version")
    newest = dict(live.values_list("period", "version"))
    found = Profile.objects.measured().filter(version__in=set(newest.values()), is_merged=False)
    parts = list(found.defer("sketch", "pairs").order_by("period"))
    return parts if {part.period: part.version_id for part in parts} == newest and "" not in newest else []


def _before(parts: list[Profile]) -> tuple[Profile, list[Profile]] | None:
    """The last whole and the periods to add to it, if periods were only added since."""
    about = {"dataset": parts[0].dataset_id, "environment": parts[0].environment_id}
    last = Profile.objects.measured().filter(is_merged=True, **about).order_by("-version").first()
    if last is None:
        return None
    new = [part for part in parts if part.version_id > last.version_id]
    held = sum(part.rows or 0 for part in parts if part.version_id <= last.version_id)
    periods = [part.period for part in new]
    replaced = Part.objects.filter(period__in=periods, version__lte=last.version_id, since__isnull=False, **about)
    return None if last.rows != held or replaced.exists() else (last, new)


def _with_quantiles(whole: measured.Profile, parts: list[Profile]) -> measured.Profile:
    """The whole with the quantiles of all its parts: put together again and again they would lose their edges."""
    if len(parts) > MOST:
        return whole
    names = {column.name for column in whole.columns if Metric.MEDIAN in column.metrics and not column.is_whole}
    if not names:
        return whole
    rows = {part.pk: part.rows or 0 for part in parts}
    found = ColumnProfile.objects.filter(profile__in=list(rows), name__in=names)
    lines: dict[str, list[tuple[merging.Levels, float]]] = {name: [] for name in names}
    for pk, name, *numbers in found.values_list("profile", "name", *_NUMBERS):
        metrics = {metric: value for metric, value in zip(_LEVELS, numbers, strict=True) if value is not None}
        column = measured.ColumnProfile(name=name, type="", metrics=metrics)
        weight = merging.Weighed(column=column, rows=rows[pk]).values
        if weight:
            lines[name].append((merging.levels(metrics), weight))
    columns = (
        replace(column, metrics={**column.metrics, **merging.quantiles(lines.get(column.name, []))})
        for column in whole.columns
    )
    return replace(whole, columns=tuple(columns))


@transaction.atomic
def _kept(version: DatasetVersion, whole: measured.Profile) -> Profile | None:
    """Write it down, unless somebody else just did; the sketches of the whole before have done their work."""
    about = {"dataset_id": version.dataset_id, "environment_id": version.environment_id}
    row, is_new = Profile.objects.get_or_create(version=version, period="", defaults=about)
    if not is_new:
        return None
    held = Profile.objects.filter(pk=row.pk)
    keeping.keep(held, row, Found(profile=whole, seconds=0.0), content="", is_merged=True)
    old = Profile.objects.filter(is_merged=True, **about).exclude(pk=row.pk).exclude(sketch=b"")
    stale = list(old.values_list("pk", flat=True))
    if stale:
        ColumnProfile.objects.filter(profile__in=stale).update(sketch=b"")
        Profile.objects.filter(pk__in=stale).update(sketch=b"")
    return row
