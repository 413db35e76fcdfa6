"""Plan and apply: what a set of definitions would do, said before anything is done, and then exactly that."""

import hashlib
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.db.models import Count, Q, Sum

from pipelines_app.compiler import changing, codec, documents, graph, statements
from pipelines_app.compiler.changing import ChangeKind, StepChange
from pipelines_app.compiler.compiled import Compiled, CompiledStep, Known
from pipelines_app.compiler.definition import Definition, PeriodKind
from pipelines_app.definitions import reach, register
from pipelines_app.definitions.files import File
from pipelines_app.definitions.reach import Reader
from pipelines_app.definitions.register import Author, Prepared
from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid, NameTaken, Outdated, Problem, StatementRefused
from pipelines_app.models import Dataset, Part, Pipeline, Revision, User

MOST = 1_000  # definitions in one plan
HARM = list(ChangeKind)


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One dataset of a planned pipeline: what becomes of it, whom that reaches, and what was made before.

    `periods` is how many periods readers see by now (0 for a dataset without periods or data); `rows` how many rows.
    """

    change: StepChange
    step: CompiledStep | None
    readers: tuple[Reader, ...] = ()
    periods: int = 0
    rows: int = 0

    @property
    def then(self) -> str:
        """What becomes of the data that are there."""
        if self.change.kind is ChangeKind.REMOVED:
            return "is made no longer; what was made stays readable"
        if not self.rows:
            return "is made with the next run" if self.change.builds else "stays"
        if not self.change.builds:
            return "is used as it is"
        if self.step is not None and self.step.period != PeriodKind.NONE:
            return (
                f"new periods are made the new way; {self.periods:,} stay as they are until a backfill makes them anew"
            )
        return "is made anew with the next run"


@dataclass(frozen=True, kw_only=True)
class PlannedPipeline:
    """One pipeline of a plan; `revision` is the number it would have, `was` the one it has (0 for none)."""

    file: str
    name: str
    team: str
    was: int
    revision: int
    steps: tuple[PlannedStep, ...] = ()
    warnings: tuple[str, ...] = ()
    prepared: Prepared | None = field(default=None, repr=False)

    @property
    def unchanged(self) -> bool:
        return self.prepared is None

    @property
    def differs(self) -> bool:
        """Whether any of its datasets is not as it was."""
        return any(step.change.kind is not ChangeKind.SAME for step in self.steps)

    @property
    def external(self) -> list[str]:
        """The datasets it reads and does not make."""
        return sorted(self.prepared.compiled.external) if self.prepared else []

    @property
    def worst(self) -> int:
        """Its most harmful change, as a place in the order of harm."""
        return min((HARM.index(step.change.kind) for step in self.steps), default=len(HARM))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What would happen: the pipelines, the most harmful first; `state` names what it was made against."""

    pipelines: tuple[PlannedPipeline, ...]
    state: str

    @property
    def changed(self) -> tuple[PlannedPipeline, ...]:
        return tuple(one for one in self.pipelines if not one.unchanged)

    @property
    def broken(self) -> tuple[Reader, ...]:
        """The readers that would no longer find a column they use."""
        steps = (step for one in self.pipelines for step in one.steps)
        return tuple(reader for step in steps for reader in step.readers if reader.breaks)


def plan(files: Sequence[File], *, author: Author) -> Plan:
    """What it would do if this author applied these definitions. Writes nothing; pipelines not named stay as they are.

    Readers that the author may not see are counted, not named.

    Raises DefinitionInvalid with the faults of all of them, each path beginning with the name of its file, and NotFound
    if one of them is of a team that the author may not write for.
    """
    definitions = _read(files)
    current = _current(definitions.values())
    for one in definitions.values():
        register.refuse_others(one, current.get(one.pipeline), author.teams)
    same = {name for name, one in definitions.items() if _is_same(one, current.get(one.pipeline))}
    changed = [file for file in files if file.name not in same]
    pipelines = _changed(_prepared(changed, definitions))
    pipelines += [_unchanged(name, current[definitions[name].pipeline]) for name in same]
    pipelines.sort(key=lambda one: (one.worst, one.name))
    state = _state(pipelines)
    return Plan(pipelines=tuple(_masked(pipelines, author.user)), state=state)


def outlook(pipeline: Pipeline, compiled: Compiled, *, user: User) -> PlannedPipeline:
    """What it would do to register what was compiled already, as a plan of it alone says it."""
    prepared = Prepared(pipeline=pipeline, compiled=compiled, document=documents.dump(compiled.definition))
    return _masked(_changed({"": prepared}), user)[0]


def apply(
    files: Sequence[File], *, author: Author, why: str = "", state: str = "", breaking: bool = False
) -> list[tuple[Revision, bool]]:
    """Do what `plan` said, all of it or nothing; gives each changed pipeline's revision, and whether it is a new one.

    Raises Outdated, before any of it is done, if `state` is given and is not that of a plan made now; DefinitionInvalid
    if a reader would no longer find a column it uses, unless `breaking` accepts that; otherwise as `plan` and
    `register`.
    """
    planned = plan(files, author=author)
    if state and planned.state != state:
        raise Outdated(
            "What the plan was made against has changed since.", todo="Make the plan again, look at it, then apply it."
        )
    if planned.broken and not breaking:
        raise DefinitionInvalid(_breaks(planned))
    prepared = {one.file: one.prepared for one in planned.pipelines if one.prepared is not None}
    order = _order({name: one.compiled.definition for name, one in prepared.items()})
    with transaction.atomic():
        return [register.write(prepared[name], author=author, why=why, onto=prepared[name].number) for name in order]


def _breaks(planned: Plan) -> list[Problem]:
    return [
        Problem(
            path=f"{one.file}: {step.change.dataset}",
            message=f"{_called(reader)} uses {', '.join(reader.breaks)}, gone from here or of another type; "
            "change it too, or accept that it breaks",
        )
        for one in planned.pipelines
        for step in one.steps
        for reader in step.readers
        if reader.breaks
    ]


def _called(reader: Reader) -> str:
    if not reader.dataset:
        return "a dataset that you may not see"
    return f"{reader.dataset} of the pipeline {reader.pipeline} ({reader.team})"


def _read(files: Sequence[File]) -> dict[str, Definition]:
    """Every file's definition; two of one pipeline are refused."""
    if len(files) > MOST:
        raise DefinitionInvalid(
            [Problem(path="", message=f"A plan has up to {MOST:,} definitions, not {len(files):,}.")]
        )
    problems: list[Problem] = []
    found: dict[str, Definition] = {}
    named: dict[str, str] = {}
    for file in files:
        try:
            definition = file.definition
        except DefinitionInvalid as invalid:
            problems += invalid.problems
            continue
        if definition.pipeline in named:
            message = f"The pipeline {definition.pipeline} is in {named[definition.pipeline]} already."
            problems += file.placed([Problem(path="pipeline", message=message)])
        named[definition.pipeline] = file.name
        found[file.name] = definition
    if problems:
        raise DefinitionInvalid(problems)
    return found


def _current(definitions: Iterable[Definition]) -> dict[str, Pipeline]:
    rows = Pipeline.objects.filter(name__in=[one.pipeline for one in definitions]).select_related("team", "current")
    return {pipeline.name: pipeline for pipeline in rows.defer("current__compiled", "current__document")}


def _is_same(definition: Definition, pipeline: Pipeline | None) -> bool:
    if pipeline is None or pipeline.current is None:
        return False
    return pipeline.current.digest == register.digest_of(documents.dump(definition))


def _prepared(files: Sequence[File], definitions: Mapping[str, Definition]) -> dict[str, Prepared]:
    """Compile definitions, each after those it reads; what one gives is known to those after it."""
    known: dict[str, Known] = {}
    prepared: dict[str, Prepared] = {}
    problems: list[Problem] = []
    by_name = {file.name: file for file in files}
    for name in _order({file.name: definitions[file.name] for file in files}):
        try:
            one = register.prepare(definitions[name], known)
        except DefinitionInvalid as invalid:
            problems += by_name[name].placed(invalid.problems)
        except NameTaken as taken:
            problems += by_name[name].placed([Problem(path="", message=f"{taken.message} {taken.todo}")])
        else:
            prepared[name] = one
            known |= {step.dataset: Known(columns=step.columns, period=step.period) for step in one.compiled.steps}
    if problems:
        raise DefinitionInvalid(problems)
    return prepared


def _order(definitions: Mapping[str, Definition]) -> list[str]:
    """The files, each after those that make what it reads; raises DefinitionInvalid for a circle."""
    makers = {dataset: name for name, one in definitions.items() for dataset in _made_by(one)}
    reads = {
        name: {makers[read] for read in _read_by(one) if read in makers} - {name} for name, one in definitions.items()
    }
    try:
        return graph.ordered(reads)
    except graph.CycleFound as found:
        message = f"These read each other in a circle: {found}."
        raise DefinitionInvalid([Problem(path=found.cycle[0], message=message)]) from found


def _made_by(definition: Definition) -> list[str]:
    return [*(source.dataset for source in definition.sources), *(step.dataset for step in definition.steps)]


def _read_by(definition: Definition) -> set[str]:
    """What its SQL reads, as far as it can be parsed; what cannot be is told when it is compiled."""
    read: set[str] = set()
    for step in definition.steps:
        with suppress(StatementRefused):
            read |= statements.upstream(statements.parse(step.sql))
    return read


def _changed(prepared: Mapping[str, Prepared]) -> list[PlannedPipeline]:
    before = {name: _before(one.pipeline) for name, one in prepared.items()}
    changes = {name: changing.changes(before[name], one.compiled) for name, one in prepared.items()}
    every = [change for each in changes.values() for change in each]
    found = reach.readers(every, [one.compiled for one in prepared.values()])
    held = _held([change.dataset for change in every])
    return [
        PlannedPipeline(
            file=name,
            name=one.name,
            team=one.compiled.definition.team,
            was=one.number,
            revision=one.last + 1,
            steps=_steps(changes[name], one.compiled, found, held),
            warnings=one.compiled.warnings,
            prepared=one,
        )
        for name, one in prepared.items()
    ]


def _before(pipeline: Pipeline | None) -> Compiled | None:
    if pipeline is None or pipeline.current_id is None:
        return None
    return codec.from_json(Revision.objects.values_list("compiled", flat=True).get(pk=pipeline.current_id))


def _steps(
    changes: Sequence[StepChange],
    compiled: Compiled,
    found: Mapping[str, Sequence[Reader]],
    held: Mapping[str, tuple[int, int]],
) -> tuple[PlannedStep, ...]:
    by_name = {step.dataset: step for step in compiled.steps}
    steps = [
        PlannedStep(
            change=change,
            step=by_name.get(change.dataset),
            readers=tuple(found.get(change.dataset, ())),
            periods=held.get(change.dataset, (0, 0))[0],
            rows=held.get(change.dataset, (0, 0))[1],
        )
        for change in changes
    ]
    return tuple(sorted(steps, key=lambda step: HARM.index(step.change.kind)))


def _held(names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many periods and rows of each dataset readers see."""
    live = Part.objects.live().filter(environment=mapping.production(), dataset__name__in=names)
    told = live.values_list("dataset__name").annotate(Count("period", distinct=True), Sum("rows"))
    return {name: (periods, rows or 0) for name, periods, rows in told}


def _masked(pipelines: Sequence[PlannedPipeline], user: User | None) -> list[PlannedPipeline]:
    """The plan without the names of what somebody may not see."""
    if user is None:
        return list(pipelines)
    names = {reader.dataset for one in pipelines for step in one.steps for reader in step.readers}
    hidden = set(Dataset.objects.hidden_from(user).filter(name__in=names).values_list("name", flat=True))
    return [
        replace(one, steps=tuple(replace(step, readers=_seen(step.readers, hidden)) for step in one.steps))
        for one in pipelines
    ]


def _seen(readers: Iterable[Reader], hidden: Container[str]) -> tuple[Reader, ...]:
    return tuple(reader.unnamed() if reader.dataset in hidden else reader for reader in readers)


def _unchanged(name: str, pipeline: Pipeline) -> PlannedPipeline:
    number = pipeline.in_force.number
    return PlannedPipeline(file=name, name=pipeline.name, team=pipeline.team.name, was=number, revision=number)


def _state(pipelines: Sequence[PlannedPipeline]) -> str:
    """What a plan was made against and what it would do: sha256 in hex.

    Of every pipeline in the plan, of those whose datasets it reads and of those it reaches, the revision.
    """
    involved = {one.name for one in pipelines}
    involved |= {reader.pipeline for one in pipelines for step in one.steps for reader in step.readers}
    read = {name for one in pipelines if one.prepared for name in one.prepared.compiled.external}
    touched = Pipeline.objects.filter(Q(name__in=involved) | Q(datasets__name__in=read)).distinct()
    numbers = sorted(touched.values_list("name", "current__number"))
    digests = sorted((one.name, register.digest_of(one.prepared.document)) for one in pipelines if one.prepared)
    return hashlib.sha256(json.dumps([numbers, digests]).encode()).hexdigest()
