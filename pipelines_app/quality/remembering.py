"""What a dataset was like before: what checks of its next version are held against."""

from dataclasses import replace

from pipelines_app.compiler import check_kinds, check_past
from pipelines_app.compiler.check_past import Past
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.engines.base import Relation
from pipelines_app.environments import mapping
from pipelines_app.models import CheckResult, Dataset, DatasetVersion, Environment, VersionState


def past(step: CompiledStep, environment: Environment, period: str) -> tuple[Past, tuple[Relation, ...]]:
    """What the checks of a step have to know, and what stands beside its output for them; only what they ask for."""
    kinds = {spec.kind for spec in step.checks}
    of_period = period if step.by_period else ""
    known = Past(kind=step.period, period=of_period)
    if not kinds & (check_kinds.ANOMALIES.keys() | check_kinds.AGAINST_BEFORE | {"not_same_as_previous"}):
        return known, ()
    dataset = Dataset.objects.get(name=step.dataset)
    before = _before(step, environment, dataset) if any(check_kinds.compares(kind) for kind in kinds) else ()
    contents = _contents(environment, dataset, of_period) if "not_same_as_previous" in kinds else frozenset()
    return (
        Past(
            kind=known.kind,
            period=known.period,
            before=before[0].name if before else "",
            numbers=_numbers(step, environment, dataset),
            contents=contents,
        ),
        before,
    )


def _before(step: CompiledStep, environment: Environment, dataset: Dataset) -> tuple[Relation, ...]:
    """What readers see now, as the columns that the step has."""
    version = mapping.current(environment, [dataset]).get(dataset.pk)
    if version is None:
        return ()
    seen = mapping.content(version, columns=step.columns).relation
    return (replace(seen, name=check_past.name_before(step.dataset)),)


def _numbers(step: CompiledStep, environment: Environment, dataset: Dataset) -> dict[str, list[float]]:
    """What its checks of anomalies measured of published versions, newest first."""
    found: dict[str, list[float]] = {}
    for spec in step.checks:
        if spec.kind in check_kinds.ANOMALIES:
            results = CheckResult.objects.filter(
                check_made__dataset=dataset,
                check_made__name=spec.name,
                check_made__kind=spec.kind,
                version__environment=environment,
                version__state=VersionState.PUBLISHED,
            )
            values = results.exclude(value="").order_by("-id").values_list("value", flat=True)
            found[spec.name] = [float(value) for value in values[: check_past.WINDOW]]
    return found


def _contents(environment: Environment, dataset: Dataset, period: str) -> frozenset[str]:
    """The content of the version before: of another period where it comes by period."""
    versions = DatasetVersion.objects.filter(dataset=dataset, environment=environment, state=VersionState.PUBLISHED)
    others = versions.exclude(period=period) if period else versions
    return frozenset(others.order_by("-id").values_list("fingerprint", flat=True)[:1])
