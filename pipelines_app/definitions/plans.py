"""Plan and apply: what a set of definitions would do, said before anything is done, and then exactly that."""

from collections.abc import Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from pipelines_app.compiler import changing, codec, documents, elsewhere
from pipelines_app.compiler.changing import ChangeKind, StepChange
from pipelines_app.compiler.compiled import Compiled, CompiledStep, Known
from pipelines_app.compiler.definition import Definition
from pipelines_app.definitions import catalogue, digests, explaining, gathering, reach, register, templates
from pipelines_app.definitions.catalogue import Catalogue
from pipelines_app.definitions.files import File
from pipelines_app.definitions.gathering import MOST, Gathered
from pipelines_app.definitions.planned import HARM, Plan, PlannedPipeline, PlannedStep, PlannedTemplate
from pipelines_app.definitions.reach import Reader
from pipelines_app.definitions.register import Author, Prepared
from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid, NameTaken, Outdated, Problem
from pipelines_app.models import Dataset, Edge, Part, Pipeline, Revision, Template, TemplateRevision, User

__all__ = ["MOST", "Applied", "apply", "carry_out", "outlook", "plan"]


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What was done: each changed pipeline's revision and whether it is a new one, and the templates' new revisions."""

    pipelines: list[tuple[Revision, bool]]
    templates: list[TemplateRevision]


def plan(files: Sequence[File], *, author: Author) -> Plan:
    """What it would do if this author applied these definitions. Writes nothing; pipelines not named stay as they are.

    Readers that the author may not see are counted, not named.

    Raises DefinitionInvalid with the faults of all of them, each path beginning with the name of its file, and NotFound
    if one of them is of a team that the author may not write for.
    """
    planned = _planned(files, author)
    return replace(planned, pipelines=tuple(_masked(planned.pipelines, author.user)))


def _planned(files: Sequence[File], author: Author) -> Plan:
    given = gathering.gather(files, author)
    definitions = given.definitions
    over = catalogue.read(one.pipeline for one in definitions.values())
    current = over.pipelines
    for one in definitions.values():
        register.refuse_others(one, current.get(one.pipeline), author.teams)
    same = {name for name, one in definitions.items() if _is_same(one, current.get(one.pipeline))}
    prepared = _prepared(given, definitions.keys() - same, over)
    # What reads columns that are others now is compiled anew although its text is the same.
    while stale := _stale({name: definitions[name] for name in same}, prepared):
        same -= stale
        prepared = _prepared(given, definitions.keys() - same, over)
    pipelines = _changed({name: one for name, one in prepared.items() if not register.is_in_force(one)})
    same |= {name for name, one in prepared.items() if register.is_in_force(one)}
    pipelines += [_unchanged(name, current[definitions[name].pipeline]) for name in same]
    pipelines.sort(key=lambda one: (one.worst, one.name))
    templates = gathering.planned(given, author.user)
    return Plan(pipelines=tuple(pipelines), templates=templates, state=_state(pipelines, templates))


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
    return step.columns, step.shown_by


def outlook(pipeline: Pipeline, compiled: Compiled, *, user: User) -> PlannedPipeline:
    """What it would do to register what was compiled already, as a plan of it alone says it."""
    prepared = Prepared(pipeline=pipeline, compiled=compiled, document=documents.dump(compiled.definition))
    return _masked(_changed({"": prepared}), user)[0]


def apply(
    files: Sequence[File], *, author: Author, why: str = "", state: str = "", breaking: bool = False
) -> list[tuple[Revision, bool]]:
    """As `carry_out`, told by the pipelines alone: each changed one's revision, and whether it is a new one."""
    return carry_out(files, author=author, why=why, state=state, breaking=breaking).pipelines


def carry_out(
    files: Sequence[File], *, author: Author, why: str = "", state: str = "", breaking: bool = False
) -> Applied:
    """Do what `plan` said, all of it or nothing.

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
    order = gathering.order({name: one.compiled.definition for name, one in prepared.items()})
    with transaction.atomic():
        register.alone()
        if _state(_changed_again(planned), planned.templates) != planned.state:
            raise _outdated()
        revised = [templates.write(one.prepared, author=author, why=why) for one in planned.revised]
        register.hold(list(prepared.values()))
        over = catalogue.read(one.name for one in prepared.values())
        made = [
            register.write(prepared[name], author=author, why=why, onto=prepared[name].number, over=over)
            for name in order
        ]
    return Applied(pipelines=made, templates=[revision for revision, _ in revised])


def _changed_again(planned: Plan) -> list[PlannedPipeline]:
    """The same plan with the readers and the data there are by now, while nobody else registers.

    What became of the steps is not found out again: both their texts are those that were planned.
    """
    changes = {one.file: tuple(step.change for step in one.steps) for one in planned.pipelines}
    every = [change for each in changes.values() for change in each]
    engine = mapping.production().engine
    prepared = {one.file: one.prepared.compiled for one in planned.pipelines if one.prepared is not None}
    found = reach.readers(every, [elsewhere.on(compiled, engine) for compiled in prepared.values()])
    held = _held([change.dataset for change in every])
    return [
        replace(one, steps=_steps(changes[one.file], prepared[one.file], found, held)) if one.file in prepared else one
        for one in planned.pipelines
    ]


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


def _is_same(definition: Definition, pipeline: Pipeline | None) -> bool:
    if pipeline is None or pipeline.current is None:
        return False
    return pipeline.current.digest == digests.of(documents.dump(definition))


def _prepared(given: Gathered, wanted: Set[str], over: Catalogue) -> dict[str, Prepared]:
    """Compile definitions, each after those it reads; what one gives is known to those after it."""
    known: dict[str, Known] = {}
    prepared: dict[str, Prepared] = {}
    problems: list[Problem] = []
    with explaining.at_once() as explain:
        for name in gathering.order({name: given.definitions[name] for name in given.definitions if name in wanted}):
            try:
                one = register.prepare(given.definitions[name], known, over, explain)
            except DefinitionInvalid as invalid:
                problems += given.placed(name, invalid.problems)
            except NameTaken as taken:
                problems += given.placed(name, [Problem(path="", message=f"{taken.message} {taken.todo}")])
            else:
                prepared[name] = one
                made = one.compiled.steps
                known |= {step.dataset: Known(columns=step.columns, period=step.shown_by) for step in made}
    if problems:
        raise DefinitionInvalid(problems)
    return prepared


def _changed(prepared: Mapping[str, Prepared]) -> list[PlannedPipeline]:
    before = {name: _before(one.pipeline) for name, one in prepared.items()}
    engine = mapping.production().engine
    changes = {name: _between(before[name], one.compiled, engine) for name, one in prepared.items()}
    every = [change for each in changes.values() for change in each]
    found = reach.readers(every, [elsewhere.on(one.compiled, engine) for one in prepared.values()])
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


def _between(before: Compiled | None, after: Compiled, engine: str) -> tuple[StepChange, ...]:
    """What became of every dataset, as the engine that makes it carries it out."""
    return changing.changes(elsewhere.on(before, engine) if before else None, elsewhere.on(after, engine))


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


def _state(pipelines: Sequence[PlannedPipeline], templates: Sequence[PlannedTemplate]) -> str:
    """What a plan was made against and what it would do: sha256 in hex.

    Of every pipeline in the plan, of those whose datasets it reads and of those it reaches, the revision; and of every
    template in it.
    """
    involved = {one.name for one in pipelines}
    involved |= {reader.pipeline for one in pipelines for step in one.steps for reader in step.readers}
    read = {name for one in pipelines if one.prepared for name in one.prepared.compiled.external}
    touched = Pipeline.objects.filter(Q(name__in=involved) | Q(datasets__name__in=read)).distinct()
    numbers = sorted(touched.values_list("name", "current__number"))
    asked = [one.name for one in templates]
    numbers += sorted(Template.objects.filter(name__in=asked).values_list("name", "current__number"))
    wanted = [(one.name, one.prepared.document) for one in templates]
    wanted += [(one.name, one.prepared.document) for one in pipelines if one.prepared]
    return digests.of({"there": numbers, "wanted": sorted((name, digests.of(document)) for name, document in wanted)})
