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
from pipelines_app.models import EngineName, Team


def refuse(compiled: Compiled, over: Catalogue) -> None:
    """Raise DefinitionInvalid with everything that production's engine would not do as it is written."""
    if found := problems(compiled, over):
        raise DefinitionInvalid(found)


def problems(compiled: Compiled, over: Catalogue) -> list[Problem]:
    """What is not portable to production's engine; and if nothing is, what that engine itself does not accept."""
    if over.engine == EngineName.DUCKDB:
        return []
    team = over.teams[compiled.definition.team]
    found = doors.problems(compiled, doors.DOORS[over.engine])
    there = elsewhere.on(compiled, over.engine)
    return found or [problem for step in there.steps for problem in _refused(step, there, team, over.engine)]


def of_step(found: Checked, laid: Laid, engine: str) -> tuple[Problem, ...]:
    """What is not portable in one statement as it is typed: without its place, for it is told from the stored text."""
    if engine == EngineName.DUCKDB:
        return ()
    relations = {name: laid.known[name].columns for name in found.inputs if name in laid.known}
    refused = doors.faults(statements.parse(found.sql), relations, doors.DOORS[engine])
    return tuple(Problem(path="sql", message=fault.message, line=1, column=1) for fault in refused)


def _refused(step: CompiledStep, compiled: Compiled, team: Team, engine: str) -> list[Problem]:
    if step.kind is not StepKind.TRANSFORM:
        return []
    columns = {name: known.columns for name, known in compiled.external.items()}
    columns |= {one.dataset: one.columns for one in compiled.steps}
    relations = [Relation(name=name, columns=columns[name]) for name in step.inputs]
    try:
        places.named(engine, team.pk).explain(compile.sample(step), relations)
    except EngineError as error:
        number = [one.dataset for one in compiled.definition.steps].index(step.dataset)
        said = f"{doors.DOORS[engine].name} does not accept it: {error.message} {error.todo}".strip()
        written = compiled.definition.steps[number]
        return [Problem(path=elsewhere.path(written, number, engine), message=said)]
    return []
