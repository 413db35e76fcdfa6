"""Whether what a run read was much less or much more than usual: a probable cause of what is wrong with its results."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from statistics import median

from django.db.models import Q

from monitoring_app.models import Alert
from monitoring_app.roots import Kind
from pipelines_app.access import discretion
from pipelines_app.models import DatasetVersion, RunInput, VersionState

LOOKED_AT = 20
FEWEST = 5  # of fewer versions nothing is usual
MOST = 20
FACTOR = 2


def cause(alert: Alert, kind: Kind, above: Collection[int]) -> str:
    """Which dataset above brought less than half or more than twice of what it usually does, in words; or nothing."""
    if kind not in (Kind.CHECK, Kind.BROKEN) or alert.run is None or not above:
        return ""
    read = RunInput.objects.filter(run=alert.run).values("version")
    made = DatasetVersion.objects.filter(Q(pk__in=read) | Q(step_run__run=alert.run), state=VersionState.PUBLISHED)
    versions = list(made.filter(dataset__in=above).select_related("dataset").order_by("pk")[:MOST])
    before = _before(versions) if versions else {}
    found = odd((one.dataset.name, one.rows, before.get(one.dataset_id, [])) for one in versions)
    return discretion.in_public(found) if found else ""


def _before(versions: Iterable[DatasetVersion]) -> dict[int, list[int]]:
    """How many rows each of the twenty versions before these brought, by dataset."""
    about = Q(pk__in=[])
    for one in versions:
        last = one.number or 0
        about |= Q(dataset=one.dataset_id, environment=one.environment_id, number__range=(last - LOOKED_AT, last - 1))
    rows: dict[int, list[int]] = defaultdict(list)
    for dataset, number in DatasetVersion.objects.filter(about).values_list("dataset", "rows"):
        rows[dataset].append(number)
    return rows


def odd(volumes: Iterable[tuple[str, int, list[int]]]) -> str:
    """The first of (dataset, rows, rows before) that is far from its median, in words, or nothing. Pure."""
    for name, rows, before in volumes:
        usual = median(before) if len(before) >= FEWEST else 0
        if usual and not usual / FACTOR <= rows <= usual * FACTOR:
            return f"{name} brought {rows:,} rows, usually {usual:,.0f}"
    return ""
