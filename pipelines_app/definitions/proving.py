"""The unit tests of steps, run on every engine of theirs whenever a definition is planned, tried or registered.

On an engine all of them share one session.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app import lake
from pipelines_app.compiler import codec, elsewhere, memory, rebinding, row_diffs, step_tests
from pipelines_app.compiler.compiled import Compiled, CompiledStep
from pipelines_app.compiler.definition import Column, Step, StepTest
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.compiler.step_tests import Case
from pipelines_app.engines.base import Answer, Engine
from pipelines_app.environments import mapping, places
from pipelines_app.errors import DefinitionInvalid, EngineError, Problem
from pipelines_app.models import EngineName, Team

SECONDS = {EngineName.DUCKDB: 20.0, EngineName.POSTGRES: 20.0, EngineName.SPARK: 60.0}
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
    """Where tests are run, by what the engine is called, and with whose SQL: none for the steps' usual one.

    On an engine that the environment is not on, only what is written for it.
    """

    name: EngineName
    team: int
    written_for: str = ""
    is_partial: bool = False

    def holds(self, step: Step) -> bool:
        """Whether the tests of a step are run here: DuckDB does not read another engine's own dialect."""
        is_foreign = self.name == EngineName.DUCKDB and self.written_for in step.native
        return not self.is_partial or (self.written_for in step.elsewhere and not is_foreign)

    def engine(self) -> Engine:
        """The engine itself; raises EngineError where it cannot be had."""
        return lake.engine() if self.name == EngineName.DUCKDB else places.named(self.name, self.team)


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What a test says, no lines where it holds; or why nobody can tell."""

    lines: tuple[str, ...]
    was_run: bool = True


# What tests gave: the same step and the same rows give the same again.
_PROVEN: memory.Memory[_Outcome] = memory.Memory(4_000)


def refuse(compiled: Compiled) -> None:
    """Raise DefinitionInvalid with what each failing test of a compiled definition says."""
    found = problems(compiled)
    if found:
        raise DefinitionInvalid(found)


def problems(compiled: Compiled) -> list[Problem]:
    """What the tests of a compiled definition say; nothing, where all of them hold."""
    return _problems(compiled, _trials)


def there(compiled: Compiled, engine: str) -> list[Problem]:
    """What they say on one engine alone, that an environment is to have."""
    name = EngineName(engine)
    return _problems(compiled, lambda one: [_Trial(name=name, team=_team(one), written_for=engine)])


def _problems(compiled: Compiled, on: Callable[[Compiled], Sequence[_Trial]]) -> list[Problem]:
    found: list[Problem] = []
    steps = range(len(compiled.definition.steps))
    asked = [one for place in steps for one in _asked(compiled, place, found)]
    if not asked:
        return found
    trials = on(compiled)
    for trial in trials:
        # What is wrong with a test itself was found above.
        held = [place for place in steps if trial.holds(compiled.definition.steps[place])]
        tried = [one for place in held for one in _asked(compiled, place, [], trial.written_for)]
        said = _told(tried, trial)
        where = _where(trial) if len(trials) > 1 or trial.name != EngineName.DUCKDB else ""
        found += [_said(one, told, where) for one, told in zip(tried, said, strict=True) if told.lines]
    return sorted(found, key=lambda problem: problem.path)


def _trials(compiled: Compiled) -> list[_Trial]:
    """Where a definition's steps are tested: on DuckDB, with all SQL that they have, on the engine of the environment,
    and on those that they are written for, as far as there are any here."""
    written = elsewhere.engines(compiled.definition)
    ours = mapping.production().engine
    offered = {ours, *written} & set(places.offered()) | {ours}
    team = _team(compiled)
    here = [_Trial(name=EngineName.DUCKDB, team=team, written_for=name, is_partial=True) for name in written]
    others = [
        _Trial(name=EngineName(name), team=team, written_for=name, is_partial=name != ours)
        for name in sorted(offered - {EngineName.DUCKDB})
    ]
    return [_Trial(name=EngineName.DUCKDB, team=team), *here, *others]


def _team(compiled: Compiled) -> int:
    return Team.objects.values_list("pk", flat=True).get(name=compiled.definition.team)


def _where(trial: _Trial) -> str:
    apart = trial.name == EngineName.DUCKDB and trial.written_for
    with_sql = f" with its SQL for {EngineName(trial.written_for).label}" if apart else ""
    return f" on {trial.name.label}{with_sql}"


def _told(asked: Sequence[_Asked], trial: _Trial) -> list[_Outcome]:
    """What each test says on an engine; what was proven before is not run again."""
    keys = [(trial.name, *one.known_by) for one in asked]
    known = {place: found for place, key in enumerate(keys) if (found := _PROVEN.recall(key)) is not None}
    fresh = [place for place, one in enumerate(asked) if place not in known or not one.step.deterministic]
    told = dict(known)
    for place, outcome in zip(fresh, _run([asked[place] for place in fresh], trial), strict=True):
        told[place] = _PROVEN.keep(keys[place], outcome) if outcome.was_run else outcome
    return [told[place] for place in range(len(asked))]


def _said(one: _Asked, told: _Outcome, where: str) -> Problem:
    verb = "fails" if told.was_run else "could not be run"
    return Problem(path=one.path, message=f"the test {one.test.name!r} {verb}{where}: {'; '.join(told.lines)}")


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


def _run(asked: Sequence[_Asked], trial: _Trial) -> list[_Outcome]:
    """What each test says; all in one session, and one by one only where something cannot be run at all."""
    if not asked:
        return []
    statements = [query for one in asked for query in (one.case.given, one.case.expected)]
    try:
        answers = trial.engine().ask(statements, [], lake.limits(SECONDS[trial.name]))
    except EngineError as error:
        is_theirs = error.kind == EngineError.STATEMENT
        if len(asked) == 1 or not is_theirs:
            return [_Outcome(lines=(f"{error.message} {error.todo}".strip(),), was_run=is_theirs) for _ in asked]
        half = len(asked) // 2
        return [*_run(asked[:half], trial), *_run(asked[half:], trial)]
    pairs = zip(asked, answers[::2], answers[1::2], strict=True)
    return [_Outcome(lines=tuple(_differs(one, came, expected))) for one, came, expected in pairs]


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
