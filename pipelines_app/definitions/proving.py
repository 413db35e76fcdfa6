"""The unit tests of steps, run in one session of the engine whenever a definition is planned, tried or registered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app import lake
from pipelines_app.compiler import codec, elsewhere, memory, rebinding, row_diffs, step_tests
from pipelines_app.compiler.compiled import Compiled, CompiledStep
from pipelines_app.compiler.definition import Column, StepTest
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.compiler.step_tests import Case
from pipelines_app.engines.base import Answer, Engine
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.environments import mapping, places
from pipelines_app.errors import DefinitionInvalid, EngineError, Problem
from pipelines_app.models import EngineName, Team

SECONDS = 20.0
_UNIQUE = ("unique", "compound_unique")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One test that is to be run."""

    path: str
    test: StepTest
    step: CompiledStep
    case: Case
    known_by: tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """An engine, and the one whose SQL is tried there: none for the steps' usual one."""

    engine: Engine
    written_for: str = ""


# What tests gave: the same step and the same rows give the same again.
_PROVEN: memory.Memory[tuple[str, ...]] = memory.Memory(4_000)


def refuse(compiled: Compiled) -> None:
    """Raise DefinitionInvalid with what each failing test of a compiled definition says."""
    found = problems(compiled)
    if found:
        raise DefinitionInvalid(found)


def problems(compiled: Compiled) -> list[Problem]:
    """What the tests of a compiled definition say; nothing, where all of them hold."""
    found: list[Problem] = []
    steps = range(len(compiled.definition.steps))
    asked = [one for place in steps for one in _asked(compiled, place, found)]
    if not asked:
        return found
    for trial in _trials(compiled):
        # What is wrong with a test itself was found above.
        tried = [one for place in steps for one in _asked(compiled, place, [], trial.written_for)]
        said = _told(tried, trial.engine)
        found += [problem for one, lines in zip(tried, said, strict=True) for problem in _said(one, lines, trial)]
    return sorted(found, key=lambda problem: problem.path)


def _trials(compiled: Compiled) -> Iterator[_Trial]:
    """Where a definition's steps are tested: on DuckDB, with all SQL that they have, and on the warehouse if they are
    to run there or are written for it."""
    written = elsewhere.engines(compiled.definition)
    yield _Trial(engine=lake.engine())
    for name in written:
        yield _Trial(engine=lake.engine(), written_for=name)
    ours = mapping.production().engine == EngineName.POSTGRES
    if ours or (EngineName.POSTGRES in written and places.is_configured()):
        warehouse = places.warehouse(Team.objects.get(name=compiled.definition.team).pk)
        yield _Trial(engine=warehouse, written_for=EngineName.POSTGRES)


def _told(asked: Sequence[_Asked], engine: Engine) -> list[Sequence[str]]:
    """What each test says on an engine; what was proven before is not run again."""
    keys = [(engine.dialect, *one.known_by) for one in asked]
    known = {place: found for place, key in enumerate(keys) if (found := _PROVEN.recall(key)) is not None}
    fresh = [place for place, one in enumerate(asked) if place not in known or not one.step.deterministic]
    told: dict[int, Sequence[str]] = dict(known)
    for place, lines in zip(fresh, _run([asked[place] for place in fresh], engine), strict=True):
        told[place] = _PROVEN.keep(keys[place], tuple(lines))
    return [told[place] for place in range(len(asked))]


def _said(one: _Asked, lines: Sequence[str], trial: _Trial) -> list[Problem]:
    if not lines:
        return []
    where = f" with its SQL for {trial.written_for}" if trial.written_for else ""
    where = where if trial.engine.dialect == DuckDBEngine.dialect else f" on {trial.engine.dialect}"
    return [Problem(path=one.path, message=f"the test {one.test.name!r} fails{where}: {'; '.join(lines)}")]


def _asked(compiled: Compiled, place: int, found: list[Problem], engine: str = "") -> list[_Asked]:
    """The tests of one step that can be run; what is wrong with the others is noted."""
    definition = compiled.definition.steps[place]
    asked = []
    queries: dict[str, exp.Query] = {}
    for number, test in enumerate(definition.tests):
        path = f"steps[{place}].tests[{number}]"
        try:
            bound = rebinding.compiled_with(compiled, test.parameters) if test.parameters else compiled
        except (ValueRefused, DefinitionInvalid) as refused:
            found.append(Problem(path=f"{path}.parameters", message=str(refused)))
            continue
        bound = elsewhere.on(bound, engine)
        step = next(one for one in bound.steps if one.dataset == definition.dataset)
        reads = _columns(bound, step)
        wrong = step_tests.faults(test, step, reads, path)
        found += wrong
        if not wrong:
            if step.sql not in queries:
                queries[step.sql] = codec.statement(step)
            case = step_tests.case(test, step, queries[step.sql], reads)
            known_by = (step.recipe, repr(step_tests.dump(test)), repr(reads))
            asked.append(_Asked(path=path, test=test, step=step, case=case, known_by=known_by))
    return asked


def _columns(compiled: Compiled, step: CompiledStep) -> Mapping[str, Sequence[Column]]:
    """The columns of what a step reads."""
    known = {one.dataset: one.columns for one in compiled.steps}
    return {name: known[name] if name in known else compiled.external[name].columns for name in step.inputs}


def _run(asked: Sequence[_Asked], engine: Engine) -> list[list[str]]:
    """What each test says; all in one session, and one by one only where something cannot be run at all."""
    if not asked:
        return []
    statements = [query for one in asked for query in (one.case.given, one.case.expected)]
    try:
        answers = engine.measure(statements, [], lake.limits(SECONDS))
    except EngineError as error:
        if len(asked) == 1 or error.kind != EngineError.STATEMENT:
            return [[f"{error.message} {error.todo}".strip()] for _ in asked]
        half = len(asked) // 2
        return [*_run(asked[:half], engine), *_run(asked[half:], engine)]
    pairs = zip(asked, answers[::2], answers[1::2], strict=True)
    return [_differs(one, came, expected) for one, came, expected in pairs]


def _differs(one: _Asked, came: Answer, expected: Answer) -> list[str]:
    columns = [column.name for column in one.case.columns]
    if came.truncated:
        return [f"it gives more than {len(came.rows):,} rows"]
    lines = row_diffs.told(expected.rows, came.rows, columns, key=_key(one.step, columns))
    return lines or (row_diffs.out_of_order(expected.rows, came.rows, columns) if one.test.order else [])


def _key(step: CompiledStep, columns: Sequence[str]) -> tuple[str, ...]:
    """What tells rows of the step apart, as far as it is compared."""
    known = [step.keeping.key] if step.keeping.key else []
    known += [spec.columns for spec in step.checks if spec.kind in _UNIQUE]
    return next((key for key in known if key and set(key) <= set(columns)), ())
