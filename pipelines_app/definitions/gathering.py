"""The files of one plan, read together: templates first, then the pipelines, which may be made from them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pipelines_app.compiler import drafting, expanding, graph, templating
from pipelines_app.compiler.definition import Definition
from pipelines_app.compiler.templating import Template
from pipelines_app.definitions import shelf, templates
from pipelines_app.definitions.authors import Author
from pipelines_app.definitions.files import File
from pipelines_app.definitions.planned import PlannedTemplate, Standing
from pipelines_app.definitions.shelf import Read, Shelf
from pipelines_app.definitions.templates import PreparedTemplate
from pipelines_app.errors import DefinitionInvalid, LooplineError, Problem, StatementRefused
from pipelines_app.models import Pipeline, User

MOST = 1_000  # definitions in one plan


@dataclass(kw_only=True)
class Gathered:
    """What the files of a plan say, by their names."""

    files: dict[str, File] = field(default_factory=dict)
    templates: dict[str, PreparedTemplate] = field(default_factory=dict)
    reads: dict[str, Read] = field(default_factory=dict)

    @property
    def definitions(self) -> dict[str, Definition]:
        return {name: read.definition for name, read in self.reads.items()}

    def placed(self, name: str, problems: Sequence[Problem]) -> list[Problem]:
        """Faults of one file's definition among those of others."""
        return self.files[name].placed(self.reads[name].placed(problems))


def gather(files: Sequence[File], author: Author) -> Gathered:
    """Read them all; raises DefinitionInvalid with every fault, NotFound for a template of a team of others."""
    if len(files) > MOST:
        message = f"A plan has up to {MOST:,} definitions, not {len(files):,}."
        raise DefinitionInvalid([Problem(path="", message=message)])
    problems: list[Problem] = []
    given = Gathered()
    for file in files:
        if file.name in given.files:
            problems.append(Problem(path=file.name, message="There are two of this name; give each a name of its own."))
        try:
            given.files[file.name] = _whole(file)
        except DefinitionInvalid as invalid:
            problems += invalid.problems
    _read_templates(given, problems, author)
    _read_pipelines(given, problems)
    if problems:
        raise DefinitionInvalid(problems)
    return given


def _whole(file: File) -> File:
    if not isinstance(file.document, Mapping):
        raise DefinitionInvalid([Problem(path=file.name, message="A definition is a mapping.")])
    return file


def _read_templates(given: Gathered, problems: list[Problem], author: Author) -> None:
    named: dict[str, str] = {}
    for name, file in given.files.items():
        if not file.is_template:
            continue
        try:
            one = templates.prepare(file.document)
        except DefinitionInvalid as invalid:
            problems += file.placed(invalid.problems)
            continue
        except LooplineError as error:
            problems += file.placed([Problem(path="template", message=f"{error.message} {error.todo}")])
            continue
        templates.refuse_others(one, author.teams)
        _once("template", one.template.name, file, named, problems)
        given.templates[name] = one


def _once(key: str, name: str, file: File, named: dict[str, str], problems: list[Problem]) -> None:
    """Refuse two files of one name."""
    if name in named:
        problems += file.placed([Problem(path=key, message=f"The {key} {name} is in {named[name]} already.")])
    named[name] = file.name


def _read_pipelines(given: Gathered, problems: list[Problem]) -> None:
    stock = Shelf(pending={one.template.name: (one.number, one.template) for one in given.templates.values()})
    named: dict[str, str] = {}
    for name, file in given.files.items():
        if file.is_template:
            continue
        try:
            read = stock.read(file.document)
        except DefinitionInvalid as invalid:
            problems += file.placed(invalid.problems)
            continue
        _once("pipeline", read.definition.pipeline, file, named, problems)
        given.reads[name] = read


def order(definitions: Mapping[str, Definition]) -> list[str]:
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
            read |= set(drafting.draft(step, definition.parameters, "").inputs)
    return read


def planned(given: Gathered, user: User | None) -> tuple[PlannedTemplate, ...]:
    """What becomes of the templates, and what their changes would mean for pipelines that the plan leaves alone."""
    touched = {one.pipeline for one in given.definitions.values()}
    return tuple(
        PlannedTemplate(
            file=name,
            prepared=one,
            changes=tuple(_changes(one)),
            unused=tuple(expanding.unused(one.template)),
            staying=tuple(_staying(one, touched, user)) if not one.unchanged else (),
        )
        for name, one in given.templates.items()
    )


def _changes(prepared: PreparedTemplate) -> list[str]:
    """What differs from the current revision, in words."""
    if prepared.unchanged or prepared.row is None or prepared.row.current is None:
        return []
    old, new = shelf.stored(prepared.row.current), prepared.template
    return [*_asked_otherwise(old, new), *(f"{key} is said otherwise" for key in _said_otherwise(old, new))]


def _said_otherwise(old: Template, new: Template) -> list[str]:
    return [key for key in templating.BODY if old.body.get(key) != new.body.get(key)]


def _asked_otherwise(old: Template, new: Template) -> list[str]:
    before, after = old.by_name, new.by_name
    found = [f"asks no longer for {name}" for name in before if name not in after]
    found += [
        f"asks for {name}, too" + (", which needs a value" if after[name].required else "")
        for name in after
        if name not in before
    ]
    for name in (name for name in after if name in before):
        was, now = before[name].parameter.type, after[name].parameter.type
        if was != now:
            found.append(f"{name} is a {now}, and was a {was}")
        elif before[name] != after[name]:
            found.append(f"{name} is asked for otherwise")
    return found


def _staying(prepared: PreparedTemplate, touched: set[str], user: User | None) -> Iterable[Standing]:
    """The pipelines made from a template that are not in the plan, and what they would meet."""
    made = Pipeline.objects.filter(current__made_from__template=prepared.row).exclude(name__in=touched)
    if prepared.row is None:
        return
    seen = None if user is None else set(Pipeline.objects.visible_to(user).values_list("pk", flat=True))
    stock = Shelf(pending={prepared.template.name: (prepared.number, prepared.template)})
    for pipeline in made.select_related("team", "current").defer("current__compiled").order_by("name"):
        document = pipeline.in_force.document
        problems = meeting(document, stock)
        hidden = seen is not None and pipeline.pk not in seen
        yield Standing(
            pipeline="" if hidden else pipeline.name,
            team="" if hidden else pipeline.team.name,
            revision=int(document["template"]["revision"]),
            problems=tuple("its values do not fit any more" if hidden else told for told in problems),
        )


def meeting(document: Mapping[str, object], stock: Shelf) -> list[str]:
    """The faults that a pipeline would have with the template as it stands on the shelf."""
    told = templating.following(document)
    try:
        stock.read(told)
    except DefinitionInvalid as invalid:
        return [f"{problem.path}: {problem.message}" for problem in invalid.problems]
    return []
