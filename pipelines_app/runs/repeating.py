"""What a run that does another again begins with and reads: the same as that one did, where nothing newer came."""

from dataclasses import dataclass, field

from django.db.models import Q

from pipelines_app.compiler.compiled import Compiled, StepKind
from pipelines_app.compiler.definition import PARTED
from pipelines_app.models import Arrival, ArrivalState, DatasetVersion, Run, StepState, VersionState

FAILED = "failed"
START = "start"
NOT_DONE = frozenset({StepState.FAILED, StepState.QUARANTINED, StepState.SKIPPED, StepState.CANCELLED})


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """Where a run begins that does another again, and the versions it reads; `renewed` are read as they are now."""

    roots: frozenset[str]
    pins: dict[str, DatasetVersion] = field(default_factory=dict)
    renewed: frozenset[str] = frozenset()


def of(run: Run, recipe: Compiled) -> Repetition | None:
    """What the run does again, or none if it does not depend on how another run ended."""
    if run.again_of is None or not run.again_from:
        return None
    before = run.again_of
    steps = list(before.steps.select_related("dataset", "version__dataset"))
    roots = frozenset(
        step.dataset.name
        for step in steps
        if run.again_from in {START, step.dataset.name} or (run.again_from == FAILED and step.state in NOT_DONE)
    )
    pins = {pin.version.dataset.name: pin.version for pin in before.inputs.select_related("version__dataset")}
    for step in steps:
        if step.version is not None and step.version.state == VersionState.PUBLISHED and step.dataset.name not in roots:
            pins[step.dataset.name] = step.version
    renewed = _renewed(before, recipe, roots) & pins.keys()
    kept = {name: version for name, version in pins.items() if name not in renewed}
    return Repetition(roots=roots, pins=kept, renewed=frozenset(renewed))


def _renewed(before: Run, recipe: Compiled, roots: frozenset[str]) -> set[str]:
    """The inputs of what a later run has made since: older data must not be published over newer."""
    below = set(roots)
    for step in recipe.steps:
        if below.intersection(step.inputs):
            below.add(step.dataset)
    made = [step for step in recipe.steps if step.dataset in below and step.kind is StepKind.TRANSFORM]
    by_period = {step.dataset for step in made if step.by_period and step.materialise in PARTED}
    whole = {step.dataset for step in made} - by_period
    since = DatasetVersion.objects.filter(
        Q(dataset__name__in=by_period, period=before.period) | Q(dataset__name__in=whole),
        environment=before.environment_id,
        state=VersionState.PUBLISHED,
        step_run__run__gt=before.pk,
    )
    newer = set(since.values_list("dataset__name", flat=True).distinct())
    return {name for step in made if step.dataset in newer for name in step.inputs}


def arrivals(run: Run) -> list[Arrival]:
    """What was brought in again for the run alone."""
    return list(Arrival.objects.filter(run=run, state=ArrivalState.PENDING).select_related("dataset").order_by("id"))
