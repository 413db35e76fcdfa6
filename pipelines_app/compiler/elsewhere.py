"""A definition as one engine carries it out: where a step has SQL of its own for that engine, with that.

It is written in the dialect that all SQL is written in, or in the engine's own, and has to give the columns that the
step gives: what reads the dataset needs not know where it is made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pipelines_app.compiler import fingerprint, materialising, types
from pipelines_app.compiler.compile import Explain, check_step_sql, compile_definition, sample
from pipelines_app.compiler.compiled import Compiled, CompiledStep, Known
from pipelines_app.compiler.definition import Column, Definition, Materialisation, Step
from pipelines_app.errors import DefinitionInvalid, Problem


def engines(definition: Definition) -> list[str]:
    """The engines for which some step has SQL of its own."""
    return sorted({engine for step in definition.steps for engine in step.elsewhere})


def sql(step: Step, engine: str) -> str:
    """The SQL that a step has on an engine."""
    return step.elsewhere.get(engine, step.sql)


def dialect(step: Step, engine: str) -> str:
    """The dialect in which that is written."""
    return engine if engine in step.native else step.dialect


def path(step: Step, place: int, engine: str) -> str:
    """Where the SQL that a step has on an engine stands in the document."""
    return f"steps[{place}].engines.{engine}.sql" if engine in step.elsewhere else f"steps[{place}].sql"


def on(compiled: Compiled, engine: str) -> Compiled:
    """The same as that engine carries it out: other queries, recipes and lineage where a step is written for it."""
    if engine not in engines(compiled.definition):
        return compiled
    written = {
        step.dataset: step for step in compile_definition(_as(compiled.definition, engine), compiled.external).steps
    }
    return replace(compiled, steps=tuple(_rewritten(step, written[step.dataset]) for step in compiled.steps))


def refuse(compiled: Compiled, explain: Explain) -> None:
    """Raise DefinitionInvalid where what is written for an engine is faulty, or no other way to make the same."""
    problems = [one for engine in engines(compiled.definition) for one in _problems(compiled, engine, explain)]
    if problems:
        raise DefinitionInvalid(problems)


def _as(definition: Definition, engine: str) -> Definition:
    steps = (replace(step, sql=sql(step, engine), dialect=dialect(step, engine)) for step in definition.steps)
    return replace(definition, steps=tuple(steps))


def _rewritten(step: CompiledStep, other: CompiledStep) -> CompiledStep:
    if (other.sql, other.dialect) == (step.sql, step.dialect):
        return step
    kept = materialising.contract(step.materialise, step.keeping)
    return replace(
        step,
        sql=other.sql,
        dialect=other.dialect,
        recipe=fingerprint.recipe(
            materialise=step.materialise, sql=other.sql, columns=step.rows, contract=kept, dialect=other.dialect
        ),
        inputs=other.inputs,
        deterministic=other.deterministic,
        edges=other.edges,
        partial=other.partial,
    )


def _problems(compiled: Compiled, engine: str, explain: Explain) -> Iterator[Problem]:
    known = {step.dataset: Known(columns=step.columns, period=step.shown_by) for step in compiled.steps}
    known |= compiled.external
    usual = {step.dataset: step for step in compiled.steps}
    for place, step in enumerate(compiled.definition.steps):
        if engine in step.elsewhere:
            here = path(step, place, engine)
            checked = check_step_sql(
                step.elsewhere[engine],
                {name: one for name, one in known.items() if name != step.dataset},
                compiled.definition.parameters,
                kept=replace(step, dialect=dialect(step, engine)),
            )
            yield from (replace(problem, path=here) for problem in checked.problems)
            if checked.step is not None:
                faults = _differences(usual[step.dataset], checked.step, known, explain)
                yield from (Problem(path=here, message=fault) for fault in faults)


def _differences(
    usual: CompiledStep, other: CompiledStep, known: Mapping[str, Known], explain: Explain
) -> Iterator[str]:
    """Why the one query does not stand for the other."""
    further = sorted(set(other.inputs) - set(usual.inputs))
    if further:
        yield f"it reads {', '.join(further)}, which the step's own SQL does not read"
    if other.dialect != usual.dialect:
        yield from _differences_of_native(usual, other)
        return
    if _names(usual.rows) != _names(other.rows):
        yield f"it gives the columns {', '.join(_names(other.rows))}, and the step {', '.join(_names(usual.rows))}"
        return
    given = explain(sample(other), [(name, known[name].columns) for name in other.inputs])
    for one, same in zip(usual.rows, given, strict=True):
        kind = types.normalise(same.type) or same.type
        if one.type != kind:
            yield f"it gives {one.name} as {kind}, and the step as {one.type}: cast it"


def _differences_of_native(usual: CompiledStep, other: CompiledStep) -> Iterator[str]:
    """The same where only the engine itself can tell the types; names are compared as it compares them."""
    given, wanted = ([name.lower() for name in _names(one.rows)] for one in (other, usual))
    if given != wanted:
        yield f"it gives the columns {', '.join(given)}, and the step {', '.join(wanted)}"
    elif usual.materialise is Materialisation.VIEW:
        yield "a view is read by every engine, so its SQL has to be in DuckDB's dialect: leave `dialect` out"


def _names(columns: tuple[Column, ...]) -> list[str]:
    return [column.name for column in columns]
