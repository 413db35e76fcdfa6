"""One statement at a time: read, and worked out over what it reads; equal work is done once in a process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app.compiler import (
    binding,
    dialects,
    fingerprint,
    lineage,
    materialising,
    memory,
    schema,
    statements,
    vocabulary,
)
from pipelines_app.compiler.compiled import Known
from pipelines_app.compiler.definition import Column, Parameter, PeriodKind, Step
from pipelines_app.errors import StatementRefused


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a bound statement says before anything is known of what it reads."""

    used: frozenset[str]
    inputs: tuple[str, ...]
    unsteady: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Making:
    """What a statement gives over known inputs: all of a step that its SQL decides."""

    columns: tuple[Column, ...]
    sql: str
    recipe: str
    lineage: lineage.Lineage


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A step whose SQL is read; the tree is there if it was read just now, and otherwise read again when needed."""

    path: str
    step: Step
    parameters: Sequence[Parameter]
    reading: Reading
    tree: exp.Query | None

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.reading.inputs

    def bound(self) -> exp.Query:
        """The tree with its parameters in place."""
        return self.tree if self.tree is not None else _bound(self.step, self.parameters).tree


# A thousand steps of a project and the same again as they were before a change.
_READINGS: memory.Memory[Reading] = memory.Memory(4_000)
_MAKINGS: memory.Memory[Making] = memory.Memory(4_000)


def forget() -> None:
    """Begin with nothing known of any statement."""
    _READINGS.forget()
    _MAKINGS.forget()


def draft(step: Step, parameters: Sequence[Parameter], path: str) -> Draft:
    """Read a step's SQL, or recall what it said; raises StatementRefused at its first fault."""
    key = (step.dialect, step.sql, repr(parameters))
    reading = _READINGS.recall(key)
    if reading is not None:
        return Draft(path=path, step=step, parameters=parameters, reading=reading, tree=None)
    bound = _bound(step, parameters)
    inputs = tuple(sorted(statements.upstream(bound.tree)))
    reading = Reading(used=bound.used, inputs=inputs, unsteady=tuple(unsteady(bound.tree)))
    _READINGS.keep(key, reading)
    return Draft(path=path, step=step, parameters=parameters, reading=reading, tree=bound.tree)


def _bound(step: Step, parameters: Sequence[Parameter]) -> binding.Bound:
    bound = binding.bind(dialects.parse(step.sql, step.dialect), parameters)
    dialects.admit(bound.tree, step.dialect)
    return bound


def made(draft: Draft, period: PeriodKind, relations: Mapping[str, Known]) -> Making:
    """What the statement gives over these inputs, worked out once for equal text, values and columns."""
    step = draft.step
    # Inputs that are not known are refused below, with what they may have been meant for.
    columns = {name: relations[name].columns for name in draft.inputs if name in relations}
    kept = materialising.contract(step.materialise, step.keeping)
    said = (step.dialect, step.sql, repr(draft.parameters))
    key = (step.dataset, *said, step.materialise, repr(kept), period, tuple(columns.items()))
    known = _MAKINGS.recall(key)
    if known is not None and len(columns) == len(draft.inputs):
        return known
    tree = draft.bound()
    binding.type_period(tree, period)
    described = schema.describe(tree, {name: one.columns for name, one in relations.items()}, step.dialect)
    # What runs must pass the gate itself, not only what it was made from.
    dialects.admit(described.tree, step.dialect)
    sql = dialects.text(described.tree, step.dialect)
    _refuse_long(sql, step.dialect)
    making = Making(
        columns=described.columns,
        sql=sql,
        recipe=fingerprint.recipe(
            materialise=step.materialise, sql=sql, columns=described.columns, contract=kept, dialect=step.dialect
        ),
        lineage=lineage.trace(described.tree, step.dataset, columns, step.dialect),
    )
    return _MAKINGS.keep(key, making)


def _refuse_long(sql: str, dialect: str) -> None:
    """Refuse here, where its place is known, what would be refused when it is read again: values make a text longer."""
    if len(sql) >= statements.MOST_TOKENS:  # no shorter text has too many words
        try:
            statements.tokens(sql, dialect)
        except StatementRefused as refused:
            raise StatementRefused(f"with the values of its parameters {refused.message}") from refused


def unsteady(tree: exp.Expr) -> list[str]:
    """The functions in a query that do not give the same answer twice."""
    found = [node.sql(statements.DIALECT) for node in tree.find_all(*vocabulary.UNSTEADY_NODES)]
    for node in tree.find_all(exp.Anonymous):
        name = node.name.lower()
        # age(t) is counted from today, age(t, u) is not.
        if name in vocabulary.UNSTEADY_FUNCTIONS and not (name == "age" and len(node.expressions) > 1):
            found.append(f"{name}()")
    return sorted(set(found))
