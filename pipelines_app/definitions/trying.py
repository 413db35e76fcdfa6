"""Trying a definition that nobody has registered: what is wrong with it, what a step gives, what its rows look like."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlglot import exp

from pipelines_app import lake
from pipelines_app.compiler import (
    binding,
    building,
    codec,
    compile,
    documents,
    elsewhere,
    materialising,
    names,
    other_engines,
    templating,
    types,
)
from pipelines_app.compiler.compile import Checked
from pipelines_app.compiler.compiled import Compiled, CompiledStep, Known, StepKind
from pipelines_app.compiler.definition import BUILT, Column, Definition, PeriodKind, Source, Step
from pipelines_app.compiler.reading import Reader, step_into
from pipelines_app.definitions import (
    catalogue,
    composing,
    evolving,
    explaining,
    lines,
    portability,
    proposing,
    proving,
    samples,
)
from pipelines_app.definitions.composing import Laid
from pipelines_app.definitions.proposing import ColumnProfile
from pipelines_app.definitions.samples import Current, Sample
from pipelines_app.definitions.shelf import Shelf
from pipelines_app.engines.base import Answer, Engine, Relation
from pipelines_app.environments import places
from pipelines_app.errors import DefinitionInvalid, EngineError, Problem
from pipelines_app.models import Dataset, EngineName, Pipeline

SECONDS = 10.0
PREVIEW_ROWS = 200
PROFILED_ROWS = 200_000


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A document tried as a whole: what it compiled to, or every fault found."""

    compiled: Compiled | None = None
    problems: tuple[Problem, ...] = ()


def whole(document: Mapping[str, object], pipeline: Pipeline | None, *, teams: Collection[str]) -> Tried:
    """Compile a document against the catalogue as it is, for somebody who may write for these teams. Writes nothing."""
    try:
        read = Shelf().read(document)
    except DefinitionInvalid as invalid:
        return Tried(problems=(*_of_others(document, pipeline, teams), *invalid.problems))
    definition = read.definition
    problems = _of_others(documents.dump(definition), pipeline, teams)
    if problems:
        return Tried(problems=tuple(read.placed(problems)))
    over = catalogue.read([])
    try:
        known = over.known_to(definition.team, but=pipeline.name if pipeline else "")
        compiled = compile.compile_definition(definition, known)
        lines.refuse_cycle(compiled, over)
    except DefinitionInvalid as invalid:
        return Tried(problems=tuple(read.placed(invalid.problems)))
    tried = _settled(compiled)
    if tried.compiled and (unfit := portability.problems(tried.compiled, over)):
        tried = Tried(problems=tuple(unfit))
    tried = _proven(tried)
    return replace(tried, problems=tuple(read.placed(tried.problems)))


def problems(
    document: Mapping[str, object], pipeline: Pipeline | None, *, teams: Collection[str]
) -> tuple[Problem, ...]:
    """Every fault of a document as it would be registered."""
    return whole(document, pipeline, teams=teams).problems


def _proven(tried: Tried) -> Tried:
    """The same with what its policies and its tests have against it."""
    if tried.compiled is None:
        return tried
    try:
        elsewhere.refuse(tried.compiled, explaining.explain)
        evolving.refuse(tried.compiled)
        proving.refuse(tried.compiled)
    except DefinitionInvalid as invalid:
        return Tried(problems=invalid.problems)
    return tried


def _settled(compiled: Compiled) -> Tried:
    """Have the engine settle the types, and name the step it does not accept."""
    asked: list[CompiledStep] = [step for step in compiled.steps if step.kind is StepKind.TRANSFORM]
    turn = iter(asked)
    current: list[CompiledStep] = []

    def explain(statement: exp.Query, inputs: list[tuple[str, tuple[Column, ...]]]) -> tuple[Column, ...]:
        current[:] = [next(turn)]
        return lake.engine().explain(statement, [Relation(name=name, columns=columns) for name, columns in inputs])

    try:
        return Tried(compiled=compile.with_types(compiled, explain))
    except EngineError as error:
        made = [step.dataset for step in compiled.definition.steps]
        path = f"steps[{made.index(current[0].dataset)}].sql" if current else "steps"
        return Tried(problems=(Problem(path=path, message=_said(error)),))


def _said(error: EngineError) -> str:
    return f"{error.message} {error.todo}".strip()


def _of_others(document: Mapping[str, object], pipeline: Pipeline | None, teams: Collection[str]) -> list[Problem]:
    """Names that belong to others: the team, the pipeline's own, and those of the datasets it would make."""
    found = []
    team = document.get("team")
    if isinstance(team, str) and team and team not in teams:
        message = f"there is no team {team!r} that you may write for{names.hint(team, teams)}"
        found.append(Problem(path="team", message=message))
    name = document.get("pipeline")
    if pipeline is None and isinstance(name, str) and Pipeline.objects.filter(name=name).exists():
        message = f"there is a pipeline {name} already: edit that one, or choose another name"
        found.append(Problem(path="pipeline", message=message))
    paths = _made_at(document)
    others = Dataset.objects.filter(name__in=list(paths), pipeline__isnull=False).exclude(pipeline=pipeline)
    for dataset, maker in others.values_list("name", "pipeline__name"):
        message = f"{dataset} is made by the pipeline {maker}; choose another name"
        found.append(Problem(path=paths[dataset], message=message))
    return found


def _made_at(document: Mapping[str, object]) -> dict[str, str]:
    """Where a document makes each of its datasets, as far as it can be read."""
    sources, steps = document.get("sources"), document.get("steps")
    paths = {str(name): step_into("sources", str(name)) for name in sources} if isinstance(sources, Mapping) else {}
    for position, step in enumerate(steps if isinstance(steps, list) else []):
        if isinstance(step, Mapping) and isinstance(step.get("dataset"), str):
            paths[str(step["dataset"])] = f"steps[{position}].dataset"
    return paths


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A definition on the bench, whole or not: the sources that can be read, those that cannot, the steps laid out."""

    sources: tuple[Source, ...]
    laid: Laid
    samples: Mapping[str, Sample]
    team: int | None = None
    engine: str = EngineName.DUCKDB
    faulty: tuple[str, ...] = ()
    unfit: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def current(self) -> Current:
        """What the steps read that has no sample, as it is now; looked up once."""
        read = {name for found in self.laid.checked for name in found.inputs}
        read |= {source.dataset for source in self.sources}
        return samples.current(sorted(read - self.samples.keys() - set(self.laid.order)))


def bench(document: Mapping[str, object], pipeline: Pipeline | None, kept: Mapping[str, Sample]) -> Bench:
    """Lay out what there is of a document; parts with faults of form are left out."""
    definition = documents_in_part(filled(document))
    over = catalogue.read([])
    known = (
        over.known_to(definition.team, but=pipeline.name if pipeline else "") if definition.team in over.teams else {}
    )
    known |= {source.dataset: Known(columns=source.columns, period=source.period) for source in definition.sources}
    laid = composing.lay_out(definition.steps, known, definition.parameters)
    declared = document.get("sources")
    readable = {source.dataset for source in definition.sources}
    faulty = tuple(name for name in (declared if isinstance(declared, Mapping) else ()) if name not in readable)
    return Bench(
        sources=definition.sources,
        laid=laid,
        samples=kept,
        team=over.teams[definition.team].pk if definition.team in over.teams else None,
        engine=over.engine,
        faulty=faulty,
        unfit=_unfit(document),
    )


def _unfit(document: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with each parameter that cannot be read, or with its value."""
    declared = document.get("parameters")
    found = {}
    for name, entry in declared.items() if isinstance(declared, Mapping) else ():
        try:
            documents.parse(_alone(document, name, entry))
        except DefinitionInvalid as invalid:
            found[str(name)] = invalid.problems[0].message
    return found


def _alone(document: Mapping[str, object], name: str, entry: object) -> dict[str, object]:
    """A document of one parameter."""
    base = {"pipeline": "draft", "team": "draft", **_ONE_STEP}
    return {**base, "parameters": {name: entry}, "values": _given(document, name)}


def filled(document: Mapping[str, object]) -> Mapping[str, object]:
    """A document with what its template makes of its values, as far as they fit; any other as it is."""
    if not templating.is_filled(document):
        return document
    try:
        return documents.dump(Shelf().read(document).definition)
    except DefinitionInvalid:
        return {key: document[key] for key in ("pipeline", "team") if key in document}


def documents_in_part(document: Mapping[str, object]) -> Definition:
    """The parts of a document that can be read, each on its own; the steps are all there, in their order."""
    base: dict[str, object] = {"pipeline": "draft", "team": "draft"}
    sources, parameters = document.get("sources"), document.get("parameters")
    return Definition(
        pipeline="draft",
        team=str(document.get("team") or ""),
        sources=tuple(
            part.sources[0]
            for name, entry in (sources.items() if isinstance(sources, Mapping) else ())
            if (part := _part({**base, "sources": {name: entry}})) is not None
        ),
        parameters=tuple(
            part.parameters[0]
            for name, entry in (parameters.items() if isinstance(parameters, Mapping) else ())
            if (part := _part(_alone(document, name, entry)))
        ),
        steps=_steps(document),
    )


_ONE_STEP: Mapping[str, object] = {"steps": [{"dataset": "mart.draft", "sql": "SELECT 1 AS one"}]}


def _given(document: Mapping[str, object], name: str) -> dict[str, object]:
    values = document.get("values")
    return {name: values[name]} if isinstance(values, Mapping) and name in values else {}


def _part(document: Mapping[str, object]) -> Definition | None:
    try:
        return documents.parse(document)
    except DefinitionInvalid:
        return None


def _steps(document: Mapping[str, object]) -> tuple[Step, ...]:
    listed = document.get("steps")
    return tuple(_step(entry) for entry in (listed if isinstance(listed, list) else ()))


def _step(entry: object) -> Step:
    """A step as it is typed: its name may still be wrong, its checks are left aside."""
    if not isinstance(entry, Mapping):
        return Step(dataset="", sql="")
    kind, by, keeping = materialising.parse(Reader({"materialise": entry.get("materialise")}))
    others, native = other_engines.written(entry.get("engines"))
    return Step(
        dataset=str(entry.get("dataset") or ""),
        sql=str(entry.get("sql") or ""),
        elsewhere=others,
        native=native,
        materialise=kind,
        by=by,
        keeping=keeping,
    )


def check(on: Bench, place: int) -> Checked:
    """One step as it is typed: its faults with their places, or its columns as the engine itself names them."""
    found = on.laid.checked[place]
    if found.problems:
        return replace(found, problems=tuple(_at_its_parameter(problem, on.unfit) for problem in found.problems))
    dataset = on.laid.steps[place].dataset
    if dataset not in on.laid.order:
        return found
    read = on.laid.read_from_outside(dataset)
    relations = [Relation(name=name, columns=on.laid.known[name].columns) for name in sorted(read)]
    try:
        columns = lake.engine().explain(composing.chained(on.laid, dataset, binding.SAMPLES), relations)
    except EngineError as error:
        return replace(found, problems=(Problem(path="sql", message=_said(error), line=1, column=1),))
    is_for_others = on.engine in on.laid.steps[place].elsewhere
    if not is_for_others and (unfit := portability.of_step(found, on.laid, on.engine)):
        return replace(found, problems=unfit)
    return replace(found, columns=tuple(Column(name=one.name, type=_typed(one.type)) for one in columns))


def _at_its_parameter(problem: Problem, unfit: Mapping[str, str]) -> Problem:
    """What is wrong with a parameter that is declared, in place of the claim that there is none of this name."""
    said = next((said for name, said in unfit.items() if binding.is_missing(problem, name)), "")
    return replace(problem, message=said) if said else problem


def _typed(seen: str) -> str:
    return types.normalise(seen) or seen


def preview(on: Bench, dataset: str) -> Answer:
    """The first rows of a step, over the samples and over what exists; raises EngineError."""
    query, relations = _over(on, dataset)
    return _reader(on, relations).preview(query, relations, rows=PREVIEW_ROWS, limits=lake.limits(SECONDS))


def _reader(on: Bench, relations: Sequence[Relation]) -> Engine:
    """The engine that reads what is on the bench: versions of the warehouse are read there."""
    return places.reader(relations, on.team) if on.team else lake.engine()


def _over(on: Bench, dataset: str) -> tuple[exp.Query, list[Relation]]:
    """A query for all rows of a source or step, and what it reads."""
    if dataset not in on.laid.order:
        layer, _, table = dataset.partition(".")
        query: exp.Query = exp.select("*").from_(exp.table_(table, db=layer, quoted=True))
        return query, samples.relations([dataset], on.sources, on.samples, known=on.current)[0]
    keys = {kind: samples.period_of(on.sources, on.samples, kind) for kind in PeriodKind}
    read = sorted(on.laid.read_from_outside(dataset))
    return composing.chained(on.laid, dataset, keys), samples.relations(read, on.sources, on.samples, known=on.current)[
        0
    ]


def profile(on: Bench, dataset: str) -> list[ColumnProfile]:
    """The columns of a source or step counted over the samples; raises EngineError."""
    query, relations = _over(on, dataset)
    part = query.limit(PROFILED_ROWS).subquery("seen")
    engine = _reader(on, relations)
    columns = engine.explain(query, relations)
    limits = lake.limits(SECONDS)
    answer = engine.measure([_counted(part, columns)], relations, limits)[0].rows[0]
    found = [_profiled(column, place, answer) for place, column in enumerate(columns)]
    few = [one for one in found if one.type == "VARCHAR" and 2 <= one.distinct <= proposing.FEW_VALUES]
    listed = engine.measure([_values(part, one.name) for one in few], relations, limits) if few else []
    values = {one.name: tuple(str(row[0]) for row in rows.rows) for one, rows in zip(few, listed, strict=True)}
    return [replace(one, values=values.get(one.name, ())) for one in found]


def _counted(part: exp.Subquery, columns: Sequence[Column]) -> exp.Select:
    wanted: list[exp.Expr] = [exp.Count(this=exp.Star())]
    for column in columns:
        name = exp.column(column.name, quoted=True)
        extremes = (exp.Min(this=name.copy()), exp.Max(this=name.copy()))
        wanted += [exp.Count(this=name.copy()), exp.Count(this=exp.Distinct(expressions=[name.copy()]))]
        wanted += [exp.cast(extreme, "VARCHAR") for extreme in extremes]
    named = [exp.alias_(value, f"n{place}", quoted=True) for place, value in enumerate(wanted)]
    return exp.select(*named).from_(part.copy())


def _profiled(column: Column, place: int, answer: Sequence[object]) -> ColumnProfile:
    given, distinct, low, high = answer[1 + 4 * place : 5 + 4 * place]
    rows = int(str(answer[0]))
    return ColumnProfile(
        name=column.name,
        type=_typed(column.type),
        rows=rows,
        nulls=rows - int(str(given)),
        distinct=int(str(distinct)),
        minimum=low,
        maximum=high,
    )


def _values(part: exp.Subquery, name: str) -> exp.Select:
    column = exp.column(name, quoted=True)
    return exp.select(column).distinct().from_(part.copy()).where(column.is_(exp.null()).not_()).order_by(column)


def statement(step: CompiledStep, sources: Sequence[Source], kept: Mapping[str, Sample]) -> exp.Query:
    """A compiled step's query for the period that a try is for."""
    query, period = codec.statement(step), ""
    if step.period != PeriodKind.NONE:
        period = samples.period_of(sources, kept, step.period)
        query = binding.bind_period(query, step.period, period)
    return building.alone(step, query, period) if step.materialise in BUILT else query
