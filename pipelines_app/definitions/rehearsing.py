"""A dry run: the samples loaded, every step run, every check judged, in a folder that is gone when it is over."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from django.utils import timezone

from pipelines_app import lake
from pipelines_app.compiler import checks
from pipelines_app.compiler.checks import Judgement
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.definition import Severity
from pipelines_app.definitions import samples, trying
from pipelines_app.definitions.samples import Sample
from pipelines_app.engines.base import Limits, Loaded, Place, Relation
from pipelines_app.environments import places
from pipelines_app.errors import EngineError
from pipelines_app.models import Team

SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """What became of one step: rows in and out, rows set aside and why, its checks; or why it came to nothing."""

    dataset: str
    state: str
    rows_in: int | None = None
    rows_out: int | None = None
    rejected: int = 0
    rejects: tuple[str, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    seconds: float = 0.0
    note: str = ""

    @property
    def held(self) -> int:
        """How many of its checks hold."""
        return sum(judgement.passed for judgement in self.judgements)


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A whole dry run."""

    parts: tuple[Part, ...]
    seconds: float

    @property
    def state(self) -> str:
        """The worst that became of any part."""
        found = {part.state for part in self.parts}
        return next((state for state in ("failed", "quarantined", "skipped", "warned") if state in found), "succeeded")


def rehearse(compiled: Compiled, kept: Mapping[str, Sample]) -> Rehearsal:
    """Run a compiled definition over its samples; nothing of it stays."""
    began = time.monotonic()
    folder = lake.path(lake.export_place())
    folder.mkdir(parents=True)
    try:
        stage = _Stage(compiled, kept, folder)
        parts = tuple(stage.play(step) for step in compiled.steps)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Rehearsal(parts=parts, seconds=time.monotonic() - began)


class _Stage:
    """What the steps so far have made."""

    def __init__(self, compiled: Compiled, kept: Mapping[str, Sample], folder: Path) -> None:
        self._compiled = compiled
        self._kept = kept
        self._folder = folder
        self._made: dict[str, Relation] = {}
        self._rows: dict[str, int] = {}
        self._until = time.monotonic() + SECONDS
        self._team = Team.objects.values_list("pk", flat=True).get(name=compiled.definition.team)

    def play(self, step: CompiledStep) -> Part:
        """One step, whatever becomes of it."""
        began = time.monotonic()
        lost = [name for name in step.inputs if name not in self._made and name not in self._compiled.external]
        if lost:
            return Part(dataset=step.dataset, state="skipped", note=f"It reads {', '.join(lost)}, which was not made.")
        try:
            part = self._load(step) if step.kind is StepKind.LOAD else self._transform(step)
            judgements = self._judge(step) if step.dataset in self._made else ()
        except EngineError as error:
            self._made.pop(step.dataset, None)
            note = f"{error.message} {error.todo}".strip()
            return Part(dataset=step.dataset, state="failed", note=note, seconds=time.monotonic() - began)
        return _judged(part, step, judgements, time.monotonic() - began)

    def _limits(self) -> Limits:
        return lake.limits(max(0.1, self._until - time.monotonic()))

    def _into(self) -> Path:
        return self._folder / f"{len(self._made)}.parquet"

    def _load(self, step: CompiledStep) -> Part:
        sample, source = self._kept.get(step.dataset), step.source
        if sample is None or source is None:
            return self._stand_in(step)
        loaded = lake.engine().load({sample.name: lake.path(sample.place)}, source, self._into(), self._limits())
        self._keep(step, loaded.written.path, loaded.written.rows)
        return Part(
            dataset=step.dataset,
            state=_admission(step, loaded),
            rows_in=loaded.written.rows + loaded.rejected,
            rows_out=loaded.written.rows,
            rejected=loaded.rejected,
            rejects=tuple(reject.message for reject in loaded.rejects[: samples.MOST_TOLD]),
            note=f"the sample {sample.name}",
        )

    def _stand_in(self, step: CompiledStep) -> Part:
        """A source without a sample: what it holds by now, or nothing."""
        sources = self._compiled.definition.sources
        relations, rows = samples.relations([step.dataset], sources, {})
        self._made[step.dataset], self._rows[step.dataset] = relations[0], rows[step.dataset]
        note = "no sample: its current version" if relations[0].files else "no sample: no rows"
        return Part(dataset=step.dataset, state="succeeded", rows_out=rows[step.dataset], note=note)

    def _transform(self, step: CompiledStep) -> Part:
        relations, rows = self._inputs(step.inputs)
        query = trying.statement(step, self._compiled.definition.sources, self._kept)
        engine = places.reader(relations, self._team)
        written = engine.materialise(query, relations, step.columns, self._into(), self._limits())
        self._keep(step, written.path, written.rows)
        return Part(dataset=step.dataset, state="succeeded", rows_in=rows, rows_out=written.rows)

    def _keep(self, step: CompiledStep, path: Place, rows: int) -> None:
        self._made[step.dataset] = Relation(name=step.dataset, columns=step.columns, files=(path,))
        self._rows[step.dataset] = rows

    def _inputs(self, names: tuple[str, ...]) -> tuple[list[Relation], int]:
        outside, counted = samples.relations([name for name in names if name not in self._made], (), {})
        inside = [self._made[name] for name in names if name in self._made]
        rows = sum(counted.values()) + sum(self._rows[name] for name in names if name in self._made)
        return [*inside, *outside], rows

    def _judge(self, step: CompiledStep) -> tuple[Judgement, ...]:
        if not step.checks:
            return ()
        read = {name for spec in step.checks for name in checks.datasets(spec)} | {step.dataset}
        measures = checks.measure(step.checks, step.dataset, step.columns, timezone.now())
        relations, _ = self._inputs(tuple(sorted(read)))
        engine = places.reader(relations, self._team)
        return tuple(checks.judge_all(measures, engine.measure(measures.statements, relations, self._limits())))


def _admission(step: CompiledStep, loaded: Loaded) -> str:
    total = loaded.written.rows + loaded.rejected
    if step.source is not None and not step.source.tolerance.admits(loaded.rejected, total):
        return "quarantined"
    return "succeeded"


def _judged(part: Part, step: CompiledStep, judgements: tuple[Judgement, ...], seconds: float) -> Part:
    """A part with its checks: a breach of a blocking one would keep the version from its readers."""
    failed = [one for one in judgements if not one.passed and one.spec.severity is not Severity.INFO]
    state = part.state
    if any(one.spec.severity is Severity.BLOCK for one in failed):
        state = "quarantined"
    elif failed and state == "succeeded":
        state = "warned"
    return replace(part, state=state, judgements=judgements, seconds=seconds)
