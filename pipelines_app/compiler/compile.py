"""Definition in, steps out: in order, bound, qualified, typed, with their lineage and fingerprints."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from pipelines_app.compiler import (
    binding,
    check_references,
    dialects,
    drafting,
    dumping,
    fingerprint,
    giving,
    graph,
    kept_lineage,
    materialising,
    own_metrics,
    schema,
    starting,
    types,
)
from pipelines_app.compiler.compiled import Compiled, CompiledStep, Edge, EdgeKind, Known, StepKind
from pipelines_app.compiler.definition import (
    BUILT,
    WHOLE,
    Column,
    Definition,
    Effort,
    Materialisation,
    Parameter,
    PeriodKind,
    Source,
    Step,
)
from pipelines_app.errors import DefinitionInvalid, Problem, StatementRefused

Explain = Callable[[exp.Query, list[tuple[str, tuple[Column, ...]]]], tuple[Column, ...]]
_STATEMENT = Step(dataset="mart.statement", sql="")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What is known of one statement: its faults, or what it reads, gives and uses."""

    problems: tuple[Problem, ...] = ()
    columns: tuple[Column, ...] = ()
    inputs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    deterministic: bool = True
    sql: str = ""
    step: CompiledStep | None = None


def compile_definition(definition: Definition, known: Mapping[str, Known]) -> Compiled:
    """All steps in order, or DefinitionInvalid with every fault; own datasets hide known ones of the same name."""
    problems: list[Problem] = []
    drafts = _drafts(definition, problems)
    order = _order(drafts, problems)
    made = {source.dataset: Known(columns=source.columns, period=source.period) for source in definition.sources}
    own = {*made, *(step.dataset for step in definition.steps)}
    relations = {name: value for name, value in known.items() if name not in own} | made
    steps = [_load(source) for source in definition.sources]
    for name in order:
        # What reads a step that is itself at fault is not looked at: its faults would be untrue.
        if relations.keys() >= own.intersection(drafts[name].inputs):
            step = _transform(drafts[name], relations, problems)
            if step:
                steps.append(step)
                relations[name] = Known(columns=step.columns, period=step.shown_by)
    problems.extend(_check_problems(definition, relations, own))
    if not problems:
        problems.extend(starting.faults(definition.start, steps))
    if problems:
        raise DefinitionInvalid(problems)
    compiled = Compiled(
        definition=definition,
        steps=tuple(steps),
        external=_external(steps, known, own),
        warnings=tuple(_warnings(definition, drafts.values(), steps)),
    )
    contradiction = giving.contradiction(compiled)
    if contradiction:
        raise DefinitionInvalid(contradiction)
    return compiled


def _drafts(definition: Definition, problems: list[Problem]) -> dict[str, drafting.Draft]:
    drafts = {}
    for position, step in enumerate(definition.steps):
        path = f"steps[{position}].sql"
        try:
            drafts[step.dataset] = drafting.draft(step, definition.parameters, path)
        except StatementRefused as refused:
            problems.append(refused.at(path))
    return drafts


def _order(drafts: Mapping[str, drafting.Draft], problems: list[Problem]) -> list[str]:
    """Steps after what they read, and after what their checks compare with."""
    reads = {
        name: {read for read in {*draft.inputs, *_check_inputs(draft.step)} if read in drafts}
        for name, draft in drafts.items()
    }
    try:
        return graph.ordered(reads)
    except graph.CycleFound as found:
        problems.append(Problem(path="steps", message=f"these datasets are made from each other in a circle: {found}"))
        return []


def _check_inputs(step: Step) -> set[str]:
    return {name for spec in step.checks for name in check_references.datasets(spec)} - {step.dataset}


def _load(source: Source) -> CompiledStep:
    by_period = source.period != PeriodKind.NONE
    materialise = Materialisation.INCREMENTAL if by_period else Materialisation.TABLE
    aside = replace(
        source, checks=(), sensitive=(), description="", arrival=None, effort=Effort(), drop=None, payload=None
    )
    contract = dumping.dump_source(aside)
    return CompiledStep(
        dataset=source.dataset,
        kind=StepKind.LOAD,
        materialise=materialise,
        period=source.period,
        inputs=(),
        columns=source.columns,
        sql="",
        recipe=fingerprint.recipe(materialise=materialise, sql="", columns=source.columns, contract=contract),
        deterministic=True,
        checks=source.checks,
        edges=(),
        source=source,
        effort=source.effort,
    )


def _transform(draft: drafting.Draft, relations: Mapping[str, Known], problems: list[Problem]) -> CompiledStep | None:
    step = _queried(draft, relations, problems)
    if step is None:
        return None
    place = f"{draft.path.removesuffix('.sql')}.materialise"
    unfit = materialising.problems(draft.step, step.rows, step.period, place)
    problems.extend(unfit)
    return None if unfit else step


def _queried(draft: drafting.Draft, relations: Mapping[str, Known], problems: list[Problem]) -> CompiledStep | None:
    try:
        return _compiled(draft, relations)
    except StatementRefused as refused:
        problems.append(refused.at(draft.path))
    except RecursionError:
        problems.append(Problem(path=draft.path, message="the statement is nested too deeply; split it into steps"))
    return None


def _compiled(draft: drafting.Draft, relations: Mapping[str, Known]) -> CompiledStep:
    step = draft.step
    schema.refuse_unknown(draft.inputs, relations, draft.bound)
    period = _period(step, [relations[name] for name in draft.inputs])
    made = drafting.made(draft, period, relations)
    keeping = materialising.settled(step.keeping, made.columns)
    edges = kept_lineage.of(step.materialise, keeping, made.lineage.edges)
    return CompiledStep(
        dataset=step.dataset,
        kind=StepKind.TRANSFORM,
        materialise=step.materialise,
        period=period,
        inputs=draft.inputs,
        columns=materialising.columns(step.materialise, keeping, made.columns, period),
        sql=made.sql,
        recipe=made.recipe,
        deterministic=not draft.reading.unsteady,
        checks=step.checks,
        edges=_every_input_seen(edges, draft.inputs, step.dataset),
        partial=made.lineage.partial,
        effort=step.effort,
        keeping=keeping,
        on_change=step.on_change,
        given=made.columns if step.materialise in BUILT else (),
        dialect=step.dialect,
    )


def _every_input_seen(edges: Sequence[Edge], inputs: Sequence[str], dataset: str) -> tuple[Edge, ...]:
    """The edges, with one from the table as a whole for an input of which no column is used: its rows count still."""
    used = {edge.from_dataset for edge in edges}
    whole = [
        Edge(from_dataset=name, from_column="", dataset=dataset, column="", kind=EdgeKind.INDIRECT)
        for name in inputs
        if name not in used
    ]
    return (*edges, *whole)


def _period(step: Step, inputs: Sequence[Known]) -> PeriodKind:
    """A step's period is that of its inputs, or a longer one that it names; a table and a view have none."""
    if step.materialise in WHOLE:
        return PeriodKind.NONE
    kinds = sorted({relation.period for relation in inputs} - {PeriodKind.NONE})
    if step.by is not PeriodKind.NONE and kinds:
        shorter = [kind for kind in kinds if kind != step.by and not starting.finer(kind, step.by)]
        if shorter:
            raise StatementRefused(f"a step by {step.by} cannot be made from what comes by {' and '.join(shorter)}")
        return step.by
    if not kinds and step.materialise is not Materialisation.INCREMENTAL and step.by is PeriodKind.NONE:
        return PeriodKind.NONE
    if not kinds:
        raise StatementRefused("an incremental step needs an input that arrives by hour, day or month; none here does")
    if len(kinds) > 1:
        raise StatementRefused(
            f"the inputs of an incremental step must have one period; here are {' and '.join(kinds)}: "
            f"say which it is made by, as in {{kind: incremental, by: {kinds[-1]}}}"
        )
    return kinds[0]


def _check_problems(definition: Definition, relations: Mapping[str, Known], own: set[str]) -> list[Problem]:
    columns = {name: relation.columns for name, relation in relations.items()}
    found: list[Problem] = []
    for source in definition.sources:
        path = f'sources["{source.dataset}"].checks'
        found.extend(check_references.faults(source.checks, source.dataset, columns, own, path))
        path = f'sources["{source.dataset}"].metrics'
        found.extend(own_metrics.faults(source.metrics, source.dataset, columns[source.dataset], path))
    for position, step in enumerate(definition.steps):
        if step.dataset in relations:
            path = f"steps[{position}].checks"
            found.extend(check_references.faults(step.checks, step.dataset, columns, own, path))
            path = f"steps[{position}].metrics"
            found.extend(own_metrics.faults(step.metrics, step.dataset, columns[step.dataset], path))
    return found


def _external(steps: Sequence[CompiledStep], known: Mapping[str, Known], own: set[str]) -> dict[str, Known]:
    read = {name for step in steps for name in step.inputs}
    read |= {name for step in steps for spec in step.checks for name in check_references.datasets(spec)}
    return {name: known[name] for name in sorted(read - own)}


def _warnings(definition: Definition, drafts: Collection[drafting.Draft], steps: Sequence[CompiledStep]) -> list[str]:
    used = frozenset(name for draft in drafts for name in draft.reading.used)
    found = [f"the parameter ${name} is used nowhere" for name in binding.unused(definition.parameters, used)]
    for draft in drafts:
        functions = draft.reading.unsteady
        if functions:
            found.append(
                f"{draft.step.dataset} uses {', '.join(functions)}: it is made anew each time, and a replay differs"
            )
    found += [f"the lineage of {step.dataset} is not whole: {reason}" for step in steps for reason in step.partial]
    return found


def check_step_sql(
    sql: str,
    known: Mapping[str, Known],
    parameters: Sequence[Parameter] = (),
    *,
    kept: Step = _STATEMENT,
) -> Checked:
    """One statement, kept as a step says, as somebody types it: its first fault with its place, or what it gives."""
    step = replace(kept, dataset=_STATEMENT.dataset, sql=sql)
    try:
        draft = drafting.draft(step, parameters, "sql")
    except StatementRefused as refused:
        return Checked(problems=(refused.at("sql"),))
    used = tuple(sorted(draft.reading.used))
    problems: list[Problem] = []
    compiled = _queried(draft, known, problems)
    if compiled is None:
        return Checked(problems=tuple(problems), inputs=draft.inputs, parameters=used)
    return Checked(
        columns=compiled.columns,
        inputs=compiled.inputs,
        parameters=used,
        deterministic=compiled.deterministic,
        sql=compiled.sql,
        step=compiled,
    )


def with_types(compiled: Compiled, explain: Explain) -> Compiled:
    """The same steps with the column types the engine itself gives, each step over the types of those before it."""
    columns = {name: relation.columns for name, relation in compiled.external.items()}
    steps = []
    for step in compiled.steps:
        if step.kind == StepKind.TRANSFORM:
            inputs = [(name, columns[name]) for name in step.inputs]
            step = _retyped(step, explain(sample(step), inputs))
        columns[step.dataset] = step.columns
        steps.append(step)
    return replace(compiled, steps=tuple(steps))


def sample(step: CompiledStep) -> exp.Query:
    """A step's query that an engine can be asked about: with a period where it needs one."""
    tree = statement(step)
    if step.period == PeriodKind.NONE:
        return tree
    return binding.bind_period(tree, step.period, binding.SAMPLES[step.period])


def statement(step: CompiledStep) -> exp.Query:
    """A step's query, read from its stored text and let through the gate again."""
    tree = dialects.parse(step.sql, step.dialect)
    dialects.admit(tree, step.dialect)
    return dialects.marked(tree, step.dialect, step.rows)


def _retyped(step: CompiledStep, answered: Sequence[Column]) -> CompiledStep:
    given = tuple(Column(name=one.name, type=types.normalise(one.type) or one.type) for one in answered)
    kept = materialising.contract(step.materialise, step.keeping)
    recipe = fingerprint.recipe(
        materialise=step.materialise, sql=step.sql, columns=given, contract=kept, dialect=step.dialect
    )
    columns = materialising.columns(step.materialise, step.keeping, given, step.period)
    return replace(step, columns=columns, recipe=recipe, given=given if step.materialise in BUILT else ())
