"""Plan and apply: what a set of definitions would do, said before anything is done, and then exactly that."""

import hashlib
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from pipelines_app.compiler import changing, codec, documents, graph, statements
from pipelines_app.compiler.changing import ChangeKind, StepChange
from pipelines_app.compiler.compiled import Compiled, CompiledStep, Known
from pipelines_app.compiler.definition import Definition
from pipelines_app.definitions import reach, register
from pipelines_app.definitions.files import File
from pipelines_app.definitions.planned import HARM, Plan, PlannedPipeline, PlannedStep
from pipelines_app.definitions.reach import Reader
from pipelines_app.definitions.register import Author, Prepared
from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid, NameTaken, Outdated, Problem, StatementRefused
from pipelines_app.models import Dataset, Edge, Part, Pipeline, Revision, User

MOST = 1_000  # definitions in one plan


def plan(files: Sequence[File], *, author: Author) -> Plan:
    """What it would do if this author applied these definitions. Writes nothing; pipelines not named stay as they are.

    Readers that the author may not see are counted, not named.

    Raises DefinitionInvalid with the faults of all of them, each path beginning with the name of its file, and NotFound
    if one of them is of a team that the author may not write for.
    """
    planned = _planned(files, author)
    return replace(planned, pipelines=tuple(_masked(planned.pipelines, author.user)))


def _planned(files: Sequence[File], author: Author) -> Plan:
    definitions = _read(files)
    current = _current(definitions.values())
    for one in definitions.values():
        register.refuse_others(one, current.get(one.pipeline), author.teams)
    same = {name for name, one in definitions.items() if _is_same(one, current.get(one.pipeline))}
    by_name = {file.name: file for file in files}
    prepared = _prepared({name: file for name, file in by_name.items() if name not in same}, definitions)
    # What reads columns that are others now is compiled anew although its text is the same.
    while stale := _stale({name: definitions[name] for name in same}, prepared):
        same -= stale
        prepared = _prepared({name: file for name, file in by_name.items() if name not in same}, definitions)
    pipelines = _changed({name: one for name, one in prepared.items() if not register.is_in_force(one)})
    same |= {name for name, one in prepared.items() if register.is_in_force(one)}
    pipelines += [_unchanged(name, current[definitions[name].pipeline]) for name in same]
    pipelines.sort(key=lambda one: (one.worst, one.name))
    return Plan(pipelines=tuple(pipelines), state=_state(pipelines))


def _stale(same: Mapping[str, Definition], prepared: Mapping[str, Prepared]) -> set[str]:
    """The files, unchanged themselves, that read a dataset whose columns or periods will be others."""
    moved: set[str] = set()
    for one in prepared.values():
        before = _shapes(_before(one.pipeline))
        moved |= {step.dataset for step in one.compiled.steps if _shape(step) != before.get(step.dataset)}
    reading = Edge.objects.filter(source__name__in=moved, revision_id=F("revision__pipeline__current_id"))
    names = set(reading.values_list("revision__pipeline__name", flat=True).distinct())
    return {name for name, one in same.items() if one.pipeline in names}


def _shapes(compiled: Compiled | None) -> dict[str, object]:
    return {step.dataset: _shape(step) for step in compiled.steps} if compiled else {}


def _shape(step: CompiledStep) -> object:
    return step.columns, step.period


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
    planned = _planned(files, author)
    if state and planned.state != state:
        raise _outdated()
    if planned.broken and not breaking:
        raise DefinitionInvalid(_breaks(_masked(planned.pipelines, author.user)))
    prepared = {one.file: one.prepared for one in planned.pipelines if one.prepared is not None}
    order = _order({name: one.compiled.definition for name, one in prepared.items()})
    with transaction.atomic():
        register.alone()
        if _state(_changed_again(planned)) != planned.state:
            raise _outdated()
        register.hold(list(prepared.values()))
        return [register.write(prepared[name], author=author, why=why, onto=prepared[name].number) for name in order]


def _changed_again(planned: Plan) -> list[PlannedPipeline]:
    """The same plan with the readers there are by now, while nobody else registers."""
    prepared = {one.file: one.prepared for one in planned.pipelines if one.prepared is not None}
    return [*_changed(prepared), *(one for one in planned.pipelines if one.unchanged)]


def _outdated() -> Outdated:
    return Outdated(
        "What the plan was made against has changed since.", todo="Make the plan again, look at it, then apply it."
    )


def _breaks(pipelines: Iterable[PlannedPipeline]) -> list[Problem]:
    return [
        Problem(
            path=f"{one.file}: {step.change.dataset}",
            message=f"{_called(reader)} uses {', '.join(reader.breaks)}, {_gone(step)}; "
            "change it too, or accept that it breaks",
        )
        for one in pipelines
        for step in one.steps
        for reader in step.readers
        if reader.breaks
    ]


def _gone(step: PlannedStep) -> str:
    return "made no longer" if step.change.kind is ChangeKind.REMOVED else "gone from here or of another type"


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
        if file.name in found:
            problems.append(Problem(path=file.name, message="There are two of this name; give each a name of its own."))
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


def _prepared(files: Mapping[str, File], definitions: Mapping[str, Definition]) -> dict[str, Prepared]:
    """Compile definitions, each after those it reads; what one gives is known to those after it."""
    known: dict[str, Known] = {}
    prepared: dict[str, Prepared] = {}
    problems: list[Problem] = []
    for name in _order({name: definitions[name] for name in files}):
        try:
            one = register.prepare(definitions[name], known)
        except DefinitionInvalid as invalid:
            problems += files[name].placed(invalid.problems)
        except NameTaken as taken:
            problems += files[name].placed([Problem(path="", message=f"{taken.message} {taken.todo}")])
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
            settings=_settings(before[name], one),
            warnings=one.compiled.warnings,
            prepared=one,
        )
        for name, one in prepared.items()
    ]


def _before(pipeline: Pipeline | None) -> Compiled | None:
    if pipeline is None or pipeline.current_id is None:
        return None
    return codec.from_json(Revision.objects.values_list("compiled", flat=True).get(pk=pipeline.current_id))


def _settings(before: Compiled | None, prepared: Prepared) -> tuple[str, ...]:
    old = documents.dump(before.definition) if before else {}
    new = prepared.document
    entries = dict.fromkeys([*new, *old])
    return tuple(key for key in entries if before and key not in ("sources", "steps") and old.get(key) != new.get(key))


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
    return tuple(_named(reader, hidden) for reader in readers)


def _named(reader: Reader, hidden: Container[str]) -> Reader:
    if reader.dataset in hidden:
        return reader.unnamed()
    return replace(reader, through="") if reader.through in hidden else reader


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
