"""The rows that runs brought to a dataset that is built of all of them: of each origin the newest."""

from collections.abc import Sequence

from pipelines_app import lake
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import Column, PeriodKind
from pipelines_app.engines.base import Place, Relation
from pipelines_app.environments import mapping
from pipelines_app.models import Dataset, Environment, Increment


def newest(environment: Environment, dataset: Dataset, *, kind: PeriodKind) -> list[Increment]:
    """Those that count, in the order of their periods; `kind` is the kind of period that the dataset is built by."""
    found: dict[str, Increment] = {}
    brought = Increment.objects.filter(environment=environment, dataset=dataset).order_by("period", "id")
    for one in brought:
        if periods.is_valid(kind, one.period):
            found[one.origin] = one
    return sorted(found.values(), key=lambda one: (one.period, one.pk))


def relation(name: str, found: Sequence[Increment], columns: tuple[Column, ...]) -> Relation:
    """Increments as one relation with these columns."""
    groups: dict[tuple[Column, ...], list[Place]] = {}
    for one in found:
        held = mapping.columns_of(one.columns)
        groups.setdefault(columns if set(columns) <= set(held) else held, []).append(lake.located(one.path, one.engine))
    files = tuple(groups.pop(columns, ()))
    earlier = tuple(Relation(name=name, columns=held, files=tuple(paths)) for held, paths in groups.items())
    return Relation(name=name, columns=columns, files=files, earlier=earlier)
