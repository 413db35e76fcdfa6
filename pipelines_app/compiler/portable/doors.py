"""From a query as it is stored to the one that another engine runs, and what stands in the way of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlglot import exp

from pipelines_app.compiler import (
    binding,
    check_past,
    check_queries,
    dialects,
    elsewhere,
    gate,
    positions,
    schema,
    statements,
)
from pipelines_app.compiler.compiled import Compiled, CompiledStep
from pipelines_app.compiler.definition import CheckSpec, Column, Step
from pipelines_app.compiler.other_engines import OtherEngine
from pipelines_app.compiler.portable import lint, types, writing
from pipelines_app.compiler.portable.spark import lint as spark_lint
from pipelines_app.compiler.portable.spark import types as spark_types
from pipelines_app.compiler.portable.spark import writing as spark_writing
from pipelines_app.compiler.reading import step_into
from pipelines_app.errors import Problem, StatementRefused

Relations = Mapping[str, Sequence[Column]]
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
OVERRIDE = "; or write the step for it apart, under `engines: {%s: {sql: ...}}`"


@dataclass(frozen=True, kw_only=True)
class Door:
    """What one engine would do otherwise, and how a query is written for it; whether it answers checks itself."""

    engine: str
    name: str
    faults: Callable[[exp.Query], Iterator[StatementRefused]]
    rewrite: Callable[[exp.Query], exp.Query]
    type_fault: Callable[[str, str], str]
    keeps_alike: Callable[[str, str], bool]
    answers_checks: bool


POSTGRES = Door(
    engine="postgres",
    name="PostgreSQL",
    faults=lint.faults,
    rewrite=writing.rewrite,
    type_fault=types.fault,
    keeps_alike=types.alike,
    answers_checks=True,
)
SPARK = Door(
    engine="spark",
    name="Spark",
    faults=spark_lint.faults,
    rewrite=spark_writing.rewrite,
    type_fault=spark_types.fault,
    keeps_alike=spark_types.alike,
    answers_checks=False,
)
DOORS: Mapping[str, Door] = {door.engine: door for door in (POSTGRES, SPARK)}


def written(statement: exp.Query, relations: Relations, door: Door = POSTGRES) -> exp.Query:
    """The tree whose text for that engine gives what the statement gives on DuckDB; raises StatementRefused."""
    if dialects.native(statement) is not None:
        return _native(statement.copy(), relations, door)
    outer, taken = dialects.taken_out(statement.copy())
    typed = schema.typed(writing.with_decimals(outer), {**relations, **dialects.columns_of(taken)})
    for fault in door.faults(typed):
        raise fault
    return dialects.put_back(door.rewrite(typed), [_native(one, relations, door) for one in taken])


def _native(statement: exp.Query, relations: Relations, door: Door) -> exp.Query:
    """A query in the engine's own dialect, as it is: it reads these datasets and nothing else. Changes the tree."""
    said = dialects.native(statement)
    if said is None or said.dialect != door.engine:
        raise StatementRefused(f"this query is not written for {door.name}")
    for table in statement.find_all(exp.Table):
        if table.db and statements.dataset_name(table) not in relations:
            raise StatementRefused(f"there is no dataset {statements.dataset_name(table)}", **positions.of(table))
    for part in dialects.portable_within(statement):
        part.replace(written(part, {}, door))
    return statement


def problems(compiled: Compiled, door: Door = POSTGRES) -> list[Problem]:
    """Everything in a definition that an engine would refuse or do otherwise, each with its place."""
    relations = {name: known.columns for name, known in compiled.external.items()}
    relations |= {step.dataset: step.columns for step in compiled.steps}
    return [problem for step in compiled.steps for problem in _of_step(step, compiled, relations, door)]


def faults(statement: exp.Query, relations: Relations, door: Door = POSTGRES) -> Iterator[StatementRefused]:
    """What of one statement is not portable."""
    return door.faults(schema.typed(writing.with_decimals(statement.copy()), relations))


def _of_step(step: CompiledStep, compiled: Compiled, relations: Relations, door: Door) -> Iterator[Problem]:
    path = _path(step, compiled)
    said = [door.type_fault(column.name, column.type) for column in step.columns]
    where = f"{path}.columns" if step.source else f"{path}.sql"
    yield from (Problem(path=where, message=f"on {door.name}: {fault}") for fault in said if fault)
    if not step.source:
        yield from _of_query(step, compiled, relations, door)
    for spec in step.checks if door.answers_checks else ():
        yield from _of_check(spec, step, f"{path}.checks", relations)


def _of_query(step: CompiledStep, compiled: Compiled, relations: Relations, door: Door) -> Iterator[Problem]:
    """What of a step's SQL is not portable; of the SQL that it has for that engine alone, if it has any."""
    place, typed = _typed(step, compiled)
    if door.engine in typed.native:
        return
    path = elsewhere.path(typed, place, door.engine)
    could = door.engine in set(OtherEngine) - typed.elsewhere.keys()
    for fault in faults(_as_typed(step, compiled, door), relations, door):
        problem = fault.at(path)
        yield replace(problem, message=problem.message + OVERRIDE % door.engine) if could else problem


def _typed(step: CompiledStep, compiled: Compiled) -> tuple[int, Step]:
    """The step as it is written, and its place."""
    pairs = enumerate(compiled.definition.steps)
    return next((place, one) for place, one in pairs if one.dataset == step.dataset)


def _path(step: CompiledStep, compiled: Compiled) -> str:
    if step.source:
        return step_into("sources", step.dataset)
    return f"steps[{_typed(step, compiled)[0]}]"


def _as_typed(step: CompiledStep, compiled: Compiled, door: Door) -> exp.Query:
    """The query as somebody typed it, whose parts know their places."""
    text = elsewhere.sql(_typed(step, compiled)[1], door.engine)
    tree = binding.bind(statements.parse(text), compiled.definition.parameters).tree
    gate.admit(tree)
    binding.type_period(tree, step.period)
    return tree


def _of_check(spec: CheckSpec, step: CompiledStep, path: str, relations: Relations) -> Iterator[Problem]:
    before = check_past.name_before(step.dataset)
    measures = check_queries.measure([spec], step.dataset, step.columns, _ANY_TIME, check_past.Past(before=before))
    for statement in measures.statements:
        for fault in faults(statement, {**relations, before: step.columns}):
            yield Problem(path=step_into(path, spec.name), message=fault.message)
