"""Datasets that are built of all the rows that their runs brought: merges by key, and histories."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from pipelines_app.compiler import building
from pipelines_app.compiler.building import BROUGHT, CURRENT, INCREMENTS, Shape
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.compiler.definition import BUILT, OnChange, PeriodKind
from pipelines_app.engines.base import Audit, Engine, Limits, Place, Relation, Written
from pipelines_app.environments import increments, mapping
from pipelines_app.errors import EngineError
from pipelines_app.models import Increment, Run, StepRun
from pipelines_app.runs import planning
from pipelines_app.runs.leases import Claim


@dataclass(frozen=True, kw_only=True)
class Base:
    """What a build begins with: the version it was decided over, and its rows, or all that was brought before.

    `current` is there where the new rows only have to be put over it; `periods` are all that came, this one with them.
    """

    shape: Shape
    version: int | None
    brought: tuple[Increment, ...] = ()
    current: Relation | None = None
    periods: tuple[str, ...] = ()

    @property
    def keeps(self) -> bool:
        """Whether the rows that this run brings will be needed again: without periods a merge is only ever put over."""
        return bool(self.shape.is_history or self.shape.period is not PeriodKind.NONE)


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Who does the work, for which claim, and how much it may take."""

    engine: Engine
    limits: Limits
    claim: Claim


def base(claim: Claim, step: CompiledStep, origin: str) -> Base | None:
    """What a step that is built begins with; none for any other."""
    if step.materialise not in BUILT:
        return None
    run, dataset = claim.step.run, claim.step.dataset
    shape = building.shape(step)
    now = mapping.current(run.environment, [dataset]).get(dataset.pk)
    every = increments.newest(run.environment, dataset, kind=step.period)
    if step.policy is OnChange.REBUILD:
        every = [one for one in every if mapping.columns_of(one.columns) == shape.marked]
    found = [one for one in every if one.origin != origin]
    comes_last = found == every and all(one.period < run.period for one in found)
    begun = Base(shape=shape, version=now.pk if now else None)
    made_as = _made_as(now.step_run, step.dataset) if now else None
    if now and made_as and comes_last and _goes_on(step, made_as):
        content = mapping.content(now, columns=step.columns)
        return replace(begun, current=replace(content.relation, name=CURRENT))
    periods = sorted({one.period for one in found if one.period} | ({run.period} if shape.period != "none" else set()))
    return replace(begun, brought=tuple(found), periods=tuple(periods))


def _made_as(step: StepRun, dataset: str) -> CompiledStep | None:
    """How the current version was made."""
    return next((one for one in planning.compiled_of(step.run).steps if one.dataset == dataset), None)


def _goes_on(step: CompiledStep, before: CompiledStep) -> bool:
    """Whether new rows can be put over what was made before: a merge by the same key, and the same periods."""
    same = (step.materialise, step.keeping.key, step.keeping.deleted, step.period)
    if step.policy is OnChange.REBUILD and step.columns != before.columns:
        return False
    return not building.shape(step).is_history and same == (
        before.materialise,
        before.keeping.key,
        before.keeping.deleted,
        before.period,
    )


def bring(base: Base, query: exp.Query, reads: Sequence[Relation], hand: Hand, into: Place) -> Written:
    """Write the rows of a run; raises EngineError where their keys are no keys."""
    run = hand.claim.step.run
    marked = building.marked(query, base.shape, period=_period(base.shape, run), run=run.pk)
    asked = Audit(dataset=BROUGHT, statements=(building.unfit(base.shape),))
    written = hand.engine.materialise(marked, reads, base.shape.marked, into, hand.limits, asked)
    unfit = building.said_unfit(base.shape, written.answers[0].rows)
    if unfit:
        raise EngineError(
            f"{hand.claim.step.dataset.name}: {unfit}.",
            kind=EngineError.STATEMENT,
            todo="Let the query give each key once, or name more columns as the key.",
        )
    return written


def build(base: Base, brought: Written, hand: Hand, into: Place, *, audit: Audit | None) -> Written:
    """Make the whole dataset with the rows that a run brought."""
    shape = base.shape
    new = Relation(name=BROUGHT, columns=shape.marked, files=(brought.path,))
    if base.current is not None:
        tree, inputs = building.merged(shape), [base.current, new]
    else:
        every = increments.relation(INCREMENTS, base.brought, shape.marked)
        inputs = [replace(every, files=(*every.files, brought.path))]
        tree = building.history(shape, base.periods) if shape.is_history else building.folded(shape)
    return hand.engine.materialise(tree, inputs, shape.columns, into, hand.limits, audit)


def _period(shape: Shape, run: Run) -> str:
    return run.period if shape.period is not PeriodKind.NONE else ""
