"""What one attempt reads and writes: gathered before the engine starts, handed on when it is done."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from pipelines_app.compiler import fingerprint
from pipelines_app.compiler.compiled import CompiledStep, StepKind
from pipelines_app.compiler.definition import BUILT, Materialisation, Mode
from pipelines_app.engines.base import Reject, Relation, Written
from pipelines_app.environments import mapping
from pipelines_app.models import (
    Arrival,
    ArrivalState,
    Dataset,
    DatasetVersion,
    EngineName,
    Part,
    Run,
    RunInput,
    StepRun,
    StepState,
    VersionState,
)
from pipelines_app.prepared import Given, Prepared, Several
from pipelines_app.quality import gates
from pipelines_app.runs import building, planning
from pipelines_app.runs.building import Base
from pipelines_app.runs.leases import Claim


@dataclass(frozen=True, kw_only=True)
class Double:
    """An arrival for a source that adds every file, whose content is in it already, or comes in with this load."""

    arrival: Arrival
    twin: int


@dataclass(frozen=True, kw_only=True)
class Work:
    """One step with everything it reads pinned: arriving files for a load, relations for a transformation.

    `lacks` is what its output will be made without: inputs that have not come, or what those lack that have.
    """

    claim: Claim
    step: CompiledStep
    mode: Mode
    arrivals: tuple[Arrival, ...]
    superseded: tuple[Arrival, ...]
    relations: tuple[Relation, ...]
    reads: tuple[DatasetVersion, ...]
    rows_in: int | None
    run_key: str
    lacks: str = ""
    doubles: tuple[Double, ...] = ()
    origin: str = ""
    base: Base | None = None


@dataclass(frozen=True, kw_only=True)
class Staged:
    """An attempt's finished output, not yet pointed to by anything."""

    work: Work
    written: Written
    rejected: int = 0
    rejects: tuple[Reject, ...] = field(default=())
    brought: Written | None = None
    view: Relation | None = None


def gather(claim: Claim) -> Work:
    """Pin what a claimed step reads."""
    step = compiled_step(claim)
    if step.kind is StepKind.LOAD:
        return _load(claim, step)
    return _transform(claim, step)


def compiled_step(claim: Claim) -> CompiledStep:
    """What the run's revision says of a claimed step."""
    steps = planning.compiled_of(claim.step.run).steps
    return next(step for step in steps if step.dataset == claim.step.dataset.name)


_came = Prepared(lambda: Arrival.objects.filter(run=Given("run"), dataset=Given("dataset")).order_by("id"))


def _is_in() -> "QuerySet[Arrival]":
    """What was read into a dataset for a period, and is what readers see still."""
    parts = Part.objects.live().filter(dataset=OuterRef("dataset"), version__step_run__run=OuterRef("run"))
    consumed = Arrival.objects.filter(dataset=Given("dataset"), period=Given("period"), state=ArrivalState.CONSUMED)
    return consumed.filter(Exists(parts), sha256__in=Several("contents")).order_by("-id")


_in = Prepared(_is_in)


def _doubles(claim: Claim, came: Sequence[Arrival]) -> list[Double]:
    """Of a source that adds every file, those that would be in it twice; of one period only one run loads at a time."""
    contents = list({arrival.sha256 for arrival in came})
    known = _in.all(dataset=claim.step.dataset_id, period=claim.step.run.period, contents=contents) if came else []
    twins = {(arrival.identity, arrival.parameters_key): arrival.pk for arrival in known}
    doubles = []
    for arrival in came:
        twin = twins.setdefault((arrival.identity, arrival.parameters_key), arrival.pk)
        if twin != arrival.pk:
            doubles.append(Double(arrival=arrival, twin=twin))
    return doubles


def _load(claim: Claim, step: CompiledStep) -> Work:
    mode = planning.mode_of(step)
    came = _came.all(run=claim.step.run_id, dataset=claim.step.dataset_id)
    doubles = _doubles(claim, came) if mode is Mode.APPEND else []
    again = {double.arrival.pk for double in doubles}
    taken = [arrival for arrival in came if arrival.pk not in again] if mode is Mode.APPEND else came[-1:]
    same = attrgetter("identity" if mode is Mode.APPEND else "sha256")
    inputs = {f"arrival {index}": same(arrival) for index, arrival in enumerate(taken)}
    return Work(
        claim=claim,
        step=step,
        mode=mode,
        arrivals=tuple(taken),
        superseded=tuple(arrival for arrival in came if arrival not in taken and arrival.pk not in again),
        doubles=tuple(doubles),
        relations=(),
        reads=(),
        rows_in=None,
        run_key=_run_key(claim, step, inputs),
    )


def _transform(claim: Claim, step: CompiledStep) -> Work:
    run = claim.step.run
    versions = _versions(claim, step)
    own = {made.dataset: made.columns for made in planning.compiled_of(run).steps}
    relations, identities, of_period, rows = [], {}, set(), 0
    lacks = _not_come(run, step)
    for name in step.inputs:
        version = versions.get(name)
        if version is None:  # the run goes on without it
            relations.append(_nothing(name))
            identities[name] = _hashed("nothing")
            continue
        period = run.period if planning.reads_period(step, version.dataset) else None
        declared = own.get(name) or mapping.columns_of(version.dataset.columns)
        content = mapping.content(version, period=period, columns=declared or None)
        relations.append(content.relation)
        identities[name] = _hashed(content.identity)
        of_period |= {name} if period else set()
        rows += content.rows
        # What a dataset lacks stands at the dataset: who reads it may not know what that is made from.
        lacks += [f"a part of {name}"] if content.is_partial else []
    origin = _origin(step, run, {name: identities[name] for name in of_period or identities})
    return Work(
        claim=claim,
        step=step,
        mode=planning.mode_of(step),
        arrivals=(),
        superseded=(),
        relations=tuple(relations),
        reads=tuple(versions.values()),
        rows_in=rows,
        run_key=_run_key(claim, step, identities),
        lacks=" and ".join(dict.fromkeys(lacks))[:500],
        origin=origin,
        base=building.base(claim, step, origin),
    )


def _origin(step: CompiledStep, run: Run, identities: dict[str, str]) -> str:
    """What the rows of a run are brought by: done again they take the place of those that it brought before.

    Rows that are added are those of what comes by period, or of all that the step reads; reference data bring none.
    """
    if step.materialise in BUILT and step.by_period:
        return run.period
    if step.materialise in BUILT or step.materialise is Materialisation.APPEND:
        return fingerprint.run_key("", run.period if step.by_period else "", identities)
    return ""


def _not_come(run: Run, step: CompiledStep) -> list[str]:
    """Of what the run goes on without, what this step would have read."""
    parts = run.lacks.split(" and ") if run.lacks else []
    return [part for part in parts if part.partition(" of ")[0] in step.inputs]


def _nothing(name: str) -> Relation:
    """A dataset of which no version has come yet, with the columns it will have and no rows."""
    return Relation(name=name, columns=mapping.columns_of(Dataset.objects.get(name=name).columns), files=())


def _run_key(claim: Claim, step: CompiledStep, inputs: dict[str, str]) -> str:
    """What the output is made from and what its checks compare it with: other rows there, another verdict."""
    looked_at = gates.compared(step, claim.step.run.environment)
    compared = {f"check {name}": _hashed(identity) for name, identity in looked_at.items()}
    engine = claim.step.run.environment.engine
    # What another engine made is made again on this one: it would have to be brought over for each reader.
    elsewhere = {} if engine == EngineName.DUCKDB else {"engine": _hashed(engine)}
    return fingerprint.run_key(step.recipe, claim.step.run.period, inputs | compared | elsewhere)


def _hashed(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()


def _read(pointers: "QuerySet[Any]") -> "QuerySet[DatasetVersion]":
    return DatasetVersion.objects.filter(pk__in=pointers.values("version")).select_related("dataset")


_made = Prepared(lambda: _read(StepRun.objects.filter(run=Given("run"), dataset__name__in=Several("names"))))
_pinned = Prepared(
    lambda: _read(RunInput.objects.filter(run=Given("run"), version__dataset__name__in=Several("names")))
)


def _versions(claim: Claim, step: CompiledStep) -> dict[str, DatasetVersion]:
    """The version to read of each input: what an earlier step of this run made, else what the run pinned."""
    found: dict[str, DatasetVersion] = {}
    for known in (_made, _pinned):
        left = [name for name in step.inputs if name not in found]
        if left:
            found |= {version.dataset.name: version for version in known.all(run=claim.step.run_id, names=left)}
    return {name: found[name] for name in step.inputs if name in found}


def _twins() -> "QuerySet[DatasetVersion]":
    made = DatasetVersion.objects.filter(dataset=Given("dataset"), environment=Given("environment"))
    same = made.filter(run_key=Given("run_key"), state=VersionState.PUBLISHED)
    return mapping.still_read(same).select_related("step_run__run").order_by("-id")


_twin = Prepared(lambda: _twins()[:1])


def reusable(work: Work) -> DatasetVersion | None:
    """A published version made by the same recipe, inputs and checks, and still what readers see.

    Where all that came is in it already that is what readers see, whatever its checks would say by now.
    """
    if work.doubles and not work.arrivals:
        return mapping.current(work.claim.step.run.environment, [work.claim.step.dataset])[work.claim.step.dataset_id]
    if not work.step.deterministic or not gates.hold_at_any_time(work.step.checks):
        return None
    step = work.claim.step
    twin = _twin.first(dataset=step.dataset_id, environment=step.run.environment_id, run_key=work.run_key)
    if twin is None or twin.step_run.state == StepState.WARNED:
        return None
    if twin.expands is not None and not mapping.is_current(twin):
        return None  # a view has no files of which one could be replaced
    before = next(
        (step for step in planning.compiled_of(twin.step_run.run).steps if step.dataset == work.step.dataset), None
    )
    return twin if before is not None and before.checks == work.step.checks else None
