"""Registering and revising a pipeline: the form, the API and YAML all end here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from django.db import transaction
from django.db.models import Max, Q

from pipelines_app import events, locks
from pipelines_app.access import audit
from pipelines_app.compiler import checks as catalogue_of_checks
from pipelines_app.compiler import codec, compile, documents, elsewhere
from pipelines_app.compiler.compiled import Compiled, CompiledStep, Known, StepKind
from pipelines_app.compiler.definition import Definition
from pipelines_app.definitions import (
    allowed,
    catalogue,
    digests,
    evolving,
    explaining,
    lines,
    portability,
    proving,
    shelf,
    wiring,
)
from pipelines_app.definitions.authors import Author
from pipelines_app.definitions.catalogue import Catalogue
from pipelines_app.definitions.explaining import Explain
from pipelines_app.definitions.shelf import Shelf
from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid, NameTaken, NotFound, Outdated, Problem
from pipelines_app.facts import PipelineRevised
from pipelines_app.lineage import declaring, sensitivity
from pipelines_app.models import (
    Check,
    Dataset,
    Pipeline,
    Revision,
    Team,
    Trigger,
    TriggerKind,
    Turn,
)

__all__ = ["Author", "Prepared", "prepare", "register", "write"]
REGISTERING = "registering"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A definition that can be registered: the pipeline it revises, what it compiles to, its canonical document."""

    pipeline: Pipeline | None
    compiled: Compiled
    document: dict[str, object]

    @property
    def name(self) -> str:
        return self.compiled.definition.pipeline

    @property
    def number(self) -> int:
        """The revision it was prepared over; 0 for a new pipeline."""
        current = self.pipeline.current if self.pipeline else None
        return current.number if current else 0

    @property
    def last(self) -> int:
        """The newest revision there is, in force or not."""
        newest = self.pipeline.revisions.aggregate(Max("number"))["number__max"] if self.pipeline else 0
        return newest or 0


def prepare(
    definition: Definition,
    beside: Mapping[str, Known] = MappingProxyType({}),
    over: Catalogue | None = None,
    explain: Explain = explaining.explain,
) -> Prepared:
    """Compile a definition against the catalogue as it is, and what is to be made beside it. Writes nothing.

    Types are settled by the engine. Raises DefinitionInvalid with every fault found, NameTaken if a dataset belongs to
    another pipeline.
    """
    over = over or catalogue.read([definition.pipeline])
    if definition.team not in over.teams:
        raise DefinitionInvalid([Problem(path="team", message=f"There is no team {definition.team!r}.")])
    _refuse_odd_drops(definition)
    _own_names(definition, over)
    known = over.known_to(definition.team, but=definition.pipeline)
    compiled = compile.compile_definition(definition, known | dict(beside))
    lines.refuse_cycle(compiled, over)
    compiled = compile.with_types(compiled, explain)
    elsewhere.refuse(compiled, explain)
    evolving.refuse(compiled)
    portability.refuse(compiled, over)
    proving.refuse(compiled)
    pipeline = over.pipelines.get(definition.pipeline)
    return Prepared(pipeline=pipeline, compiled=compiled, document=documents.dump(definition))


def refuse_others(definition: Definition, pipeline: Pipeline | None, teams: frozenset[str]) -> None:
    """Raise NotFound unless these teams hold both the one that owns the pipeline and the one it is to be of."""
    for team in (pipeline.team.name if pipeline else definition.team, definition.team):
        if team not in teams:
            raise NotFound(f"There is no team {team!r} that you may write for.")


def _refuse_odd_drops(definition: Definition) -> None:
    drops = {source.dataset: source.drop for source in definition.sources if source.drop is not None}
    if problems := allowed.problems(drops, definition.team):
        raise DefinitionInvalid(problems)


def _own_names(definition: Definition, over: Catalogue) -> None:
    for name in [source.dataset for source in definition.sources] + [step.dataset for step in definition.steps]:
        row = over.rows.get(name)
        if row is None or row.pipeline == definition.pipeline:
            continue
        if row.pipeline:
            raise NameTaken(
                f"{name} is made by the pipeline {row.pipeline}.",
                todo="Choose another name: a dataset is made by one pipeline.",
            )
        # What no pipeline makes any more still holds its team's rows: making it again is that team's alone.
        if row.team != definition.team:
            raise NameTaken(f"{name} belongs to another team.", todo="Choose another name.")


def register(
    document: Mapping[str, object], *, author: Author, why: str = "", onto: int | None = None
) -> tuple[Revision, bool]:
    """Register a pipeline, or revise it; True if that made a new revision, False if nothing differs.

    Raises DefinitionInvalid, NameTaken, NotFound if the author may not write for the pipeline's team, and Outdated if
    `onto` is given and is not the number of the current revision.
    """
    read = Shelf().read(document)
    with read.telling():
        prepared = prepare(read.definition)
    return write(prepared, author=author, why=why, onto=onto)


@transaction.atomic
def write(
    prepared: Prepared, *, author: Author, why: str = "", onto: int | None = None, over: Catalogue | None = None
) -> tuple[Revision, bool]:
    """Register what was prepared; raises NotFound, NameTaken and Outdated as `register` does.

    `over` is the catalogue as who writes alone has read it; it is kept up with what is written.
    """
    compiled, document = prepared.compiled, prepared.document
    definition = compiled.definition
    refuse_others(definition, prepared.pipeline, author.teams)
    if over is None:
        alone()
        hold([prepared])
        over = catalogue.read([definition.pipeline])
    team = over.teams[definition.team]
    pipeline = _as_prepared(prepared.pipeline, compiled, over)
    if pipeline is None:
        pipeline = Pipeline.objects.create(name=definition.pipeline, team=team)
    _refuse_outdated(pipeline, onto)
    digest = digests.of(document)
    last = pipeline.revisions.order_by("-number").first()
    if last is not None and last.digest == digest and pipeline.current_id == last.pk and _made_alike(last, compiled):
        return last, False
    revision = Revision.objects.create(
        pipeline=pipeline,
        number=last.number + 1 if last else 1,
        document=document,
        compiled=codec.to_json(compiled),
        digest=digest,
        why=why[:500],
        author=author.user,
        made_from=shelf.revision_of(definition.origin),
    )
    over.note(compiled)
    Pipeline.objects.filter(pk=pipeline.pk).update(current=revision, team=team)
    datasets = _write_datasets(pipeline, team, compiled)
    _write_triggers(pipeline, compiled, datasets)
    wiring.wire(pipeline, definition, datasets)
    _declare(revision, elsewhere.on(compiled, over.engine), datasets)
    _write_checks(revision, compiled, datasets)
    fact = PipelineRevised(pipeline=pipeline.name, revision=revision.number, why=why[:500])
    events.record(fact, actor=author.actor)
    audit.record(
        actor=author.actor,
        action="pipeline.revised",
        subject=pipeline.name,
        team=team,
        change={"revision": revision.number, "why": why[:500]},
    )
    return revision, True


def is_in_force(prepared: Prepared) -> bool:
    """Whether what was prepared is what runs already, word by word and step by step."""
    current = prepared.pipeline.current if prepared.pipeline else None
    if current is None or current.digest != digests.of(prepared.document):
        return False
    return _made_alike(current, prepared.compiled)


def _made_alike(revision: Revision, compiled: Compiled) -> bool:
    """Whether the same text still means the same: what it reads may have other columns by now."""
    return _made(codec.from_json(revision.compiled)) == _made(compiled)


def _made(compiled: Compiled) -> list[object]:
    return [(step.dataset, step.recipe, step.period, step.columns) for step in compiled.steps]


def alone() -> None:
    """Let one registration write at a time, until the transaction ends."""
    locks.hold(Turn.objects.filter(pk=Turn.objects.get_or_create(name=REGISTERING)[0].pk))


def hold(several: Sequence[Prepared]) -> None:
    """Have what runs wait that would publish or start anything of these while they are written."""
    names = [step.dataset for prepared in several for step in prepared.compiled.steps]
    there = [prepared.pipeline.pk for prepared in several if prepared.pipeline is not None]
    datasets = Dataset.objects.filter(Q(name__in=names) | Q(pipeline__in=there))
    locks.hold(datasets, Pipeline.objects.filter(pk__in=there))


def _as_prepared(pipeline: Pipeline | None, compiled: Compiled, over: Catalogue) -> Pipeline | None:
    """Look again at what others may have written since it was compiled."""
    name = compiled.definition.pipeline
    if over.pipelines.get(name) != pipeline:
        raise Outdated(
            f"Somebody else has just registered {name}.",
            todo="Read it, then decide again: register under another name, or revise what is there.",
        )
    _own_names(compiled.definition, over)
    lines.refuse_cycle(compiled, over)
    return pipeline


def _refuse_outdated(pipeline: Pipeline, onto: int | None) -> None:
    current = pipeline.current.number if pipeline.current else 0
    if onto is not None and onto != current:
        raise Outdated(
            f"{pipeline.name} is at revision {current} by now, not at {onto}.",
            todo="Read it again, bring your change to what is there, and send that.",
        )


def _write_datasets(pipeline: Pipeline, team: Team, compiled: Compiled) -> dict[str, Dataset]:
    pipeline.datasets.exclude(name__in=[step.dataset for step in compiled.steps]).update(pipeline=None)
    for step in compiled.steps:
        values = {
            "team": team,
            "pipeline": pipeline,
            "is_source": step.kind is StepKind.LOAD,
            "period_kind": step.shown_by,
            "columns": mapping.stored_columns(step.columns),
            "description": _description(step, compiled),
        }
        if not Dataset.objects.filter(name=step.dataset).update(**values):
            Dataset.objects.create(name=step.dataset, **values)
    names = [step.dataset for step in compiled.steps] + list(compiled.external)
    return {dataset.name: dataset for dataset in Dataset.objects.filter(name__in=names)}


def _declare(revision: Revision, compiled: Compiled, datasets: dict[str, Dataset]) -> None:
    declaring.declare(revision, compiled, datasets)
    declared = {source.dataset: source.sensitive for source in compiled.definition.sources}
    sensitivity.settle([datasets[step.dataset] for step in compiled.steps], declared)


def _description(step: CompiledStep, compiled: Compiled) -> str:
    if step.source is not None:
        return step.source.description
    return next(one.description for one in compiled.definition.steps if one.dataset == step.dataset)


def _write_triggers(pipeline: Pipeline, compiled: Compiled, datasets: dict[str, Dataset]) -> None:
    pipeline.triggers.all().delete()
    arriving = [step.dataset for step in compiled.steps if step.kind is StepKind.LOAD]
    pairs = [(TriggerKind.ARRIVAL, name) for name in arriving]
    pairs += [(TriggerKind.DATASET, name) for name in compiled.external]
    Trigger.objects.bulk_create([Trigger(pipeline=pipeline, kind=kind, dataset=datasets[name]) for kind, name in pairs])


def _write_checks(revision: Revision, compiled: Compiled, datasets: dict[str, Dataset]) -> None:
    Check.objects.bulk_create(
        [
            Check(
                revision=revision,
                dataset=datasets[step.dataset],
                name=spec.name,
                kind=spec.kind,
                severity=spec.severity,
                owner=spec.owner,
                sentence=catalogue_of_checks.sentence(spec)[:500],
            )
            for step in compiled.steps
            for spec in step.checks
        ]
    )
