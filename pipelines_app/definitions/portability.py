"""What the engine of the environment has to say to a definition before it is accepted."""

from pipelines_app.compiler import compile, elsewhere, statements
from pipelines_app.compiler.compile import Checked
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.portable import doors
from pipelines_app.definitions.catalogue import Catalogue
from pipelines_app.definitions.composing import Laid
from pipelines_app.engines.base import Relation
from pipelines_app.environments import places
from pipelines_app.errors import DefinitionInvalid, EngineError, Problem
from pipelines_app.models import EngineName


def refuse(compiled: Compiled, over: Catalogue) -> None:
    """Raise DefinitionInvalid with everything that production's engine would not do as it is written."""
    if found := problems(compiled, over):
        raise DefinitionInvalid(found)


def problems(compiled: Compiled, over: Catalogue) -> list[Problem]:
    """What is not portable to production's engine; and if nothing is, what that engine itself does not accept.

    What is in the own dialect of another engine is shown to that one, where there is one here.
    """
    team = over.teams[compiled.definition.team].pk
    found = there(compiled, team, over.engine)
    native = {engine for step in compiled.definition.steps for engine in step.native} - {over.engine}
    for engine in sorted(native & set(places.offered())):
        written = elsewhere.on(compiled, engine)
        own = [step for step in written.steps if step.dialect == engine]
        found += [problem for step in own for problem in _refused(step, written, team, engine)]
    return found


def there(compiled: Compiled, team: int, engine: str) -> list[Problem]:
    """What one engine would not do of all that is written, or does not accept."""
    if engine == EngineName.DUCKDB:
        return []
    written = elsewhere.on(compiled, engine)
    found = doors.problems(compiled, doors.DOORS[engine])
    return found or [problem for step in written.steps for problem in _refused(step, written, team, engine)]


def of_step(found: Checked, laid: Laid, engine: str) -> tuple[Problem, ...]:
    """What is not portable in one statement as it is typed: without its place, for it is told from the stored text."""
    if engine == EngineName.DUCKDB:
        return ()
    relations = {name: laid.known[name].columns for name in found.inputs if name in laid.known}
    refused = doors.faults(statements.parse(found.sql), relations, doors.DOORS[engine])
    return tuple(Problem(path="sql", message=fault.message, line=1, column=1) for fault in refused)


def _refused(step: CompiledStep, compiled: Compiled, team: int, engine: str) -> list[Problem]:
    if step.kind is not StepKind.TRANSFORM:
        return []
    columns = {name: known.columns for name, known in compiled.external.items()}
    columns |= {one.dataset: one.columns for one in compiled.steps}
    relations = [Relation(name=name, columns=columns[name]) for name in step.inputs]
    number = [one.dataset for one in compiled.definition.steps].index(step.dataset)
    path = elsewhere.path(compiled.definition.steps[number], number, engine)
    door = doors.DOORS[engine]
    try:
        given = places.named(engine, team).explain(compile.sample(step), relations)
    except EngineError as error:
        return [Problem(path=path, message=f"{door.name} does not accept it: {error.message} {error.todo}".strip())]
    # What is portable is written so that its types are those of the step; what is not is taken at the engine's word.
    pairs = zip(step.rows, given, strict=True) if step.dialect == engine else ()
    return [
        Problem(path=path, message=f"it gives {wanted.name} as {came.type}, and the step as {wanted.type}: cast it")
        for wanted, came in pairs
        if not door.keeps_alike(wanted.type, came.type)
    ]
