"""From a query as it is stored to the one that PostgreSQL runs, and what stands in the way of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlglot import exp

from pipelines_app.compiler import binding, check_queries, compile, elsewhere, gate, schema, statements
from pipelines_app.compiler.compiled import Compiled, CompiledStep
from pipelines_app.compiler.definition import CheckSpec, Column, Step
from pipelines_app.compiler.other_engines import OtherEngine
from pipelines_app.compiler.portable import lint, types, writing
from pipelines_app.compiler.reading import step_into
from pipelines_app.errors import Problem, StatementRefused

Relations = Mapping[str, Sequence[Column]]
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
OVERRIDE = "; or write the step for it apart, under `engines: {postgres: {sql: ...}}`"


def written(statement: exp.Query, relations: Relations) -> exp.Query:
    """The tree whose PostgreSQL text gives what the statement gives on DuckDB; raises StatementRefused."""
    typed = schema.typed(writing.with_decimals(statement.copy()), relations)
    lint.refuse(typed)
    return writing.rewrite(typed)


def problems(compiled: Compiled) -> list[Problem]:
    """Everything in a definition that PostgreSQL would refuse or do otherwise, each with its place."""
    relations = {name: known.columns for name, known in compiled.external.items()}
    relations |= {step.dataset: step.columns for step in compiled.steps}
    return [problem for step in compiled.steps for problem in _of_step(step, compiled, relations)]


def faults(statement: exp.Query, relations: Relations) -> Iterator[StatementRefused]:
    """What of one statement is not portable."""
    return lint.faults(schema.typed(writing.with_decimals(statement.copy()), relations))


def _of_step(step: CompiledStep, compiled: Compiled, relations: Relations) -> Iterator[Problem]:
    path = _path(step, compiled)
    said = [types.fault(column.name, column.type) for column in step.columns]
    where = f"{path}.columns" if step.source else f"{path}.sql"
    yield from (Problem(path=where, message=f"on PostgreSQL: {fault}") for fault in said if fault)
    if not step.source:
        yield from _of_query(step, compiled, relations)
    for spec in step.checks:
        yield from _of_check(spec, step, f"{path}.checks", relations)


def _of_query(step: CompiledStep, compiled: Compiled, relations: Relations) -> Iterator[Problem]:
    """What of a step's SQL is not portable; of the SQL that it has for PostgreSQL alone, if it has any."""
    place, typed = _typed(step, compiled)
    path = elsewhere.path(typed, place, OtherEngine.POSTGRES)
    for fault in faults(_as_typed(step, compiled), relations):
        problem = compile.problem_of(fault, path)
        own = OtherEngine.POSTGRES in typed.elsewhere
        yield problem if own else replace(problem, message=f"{problem.message}{OVERRIDE}")


def _typed(step: CompiledStep, compiled: Compiled) -> tuple[int, Step]:
    """The step as it is written, and its place."""
    pairs = enumerate(compiled.definition.steps)
    return next((place, one) for place, one in pairs if one.dataset == step.dataset)


def _path(step: CompiledStep, compiled: Compiled) -> str:
    if step.source:
        return step_into("sources", step.dataset)
    return f"steps[{_typed(step, compiled)[0]}]"


def _as_typed(step: CompiledStep, compiled: Compiled) -> exp.Query:
    """The query as somebody typed it, whose parts know their places."""
    text = elsewhere.sql(_typed(step, compiled)[1], OtherEngine.POSTGRES)
    tree = binding.bind(statements.parse(text), compiled.definition.parameters).tree
    gate.admit(tree)
    binding.type_period(tree, step.period)
    return tree


def _of_check(spec: CheckSpec, step: CompiledStep, path: str, relations: Relations) -> Iterator[Problem]:
    measures = check_queries.measure([spec], step.dataset, step.columns, _ANY_TIME)
    for statement in measures.statements:
        for fault in faults(statement, relations):
            yield Problem(path=step_into(path, spec.name), message=fault.message)
