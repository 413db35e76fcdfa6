"""Documents to definitions and back: what a form, the API and a YAML file all come through."""

from collections.abc import Mapping
from dataclasses import replace

from pipelines_app.compiler import (
    check_catalogue,
    convention,
    deadlines,
    efforts,
    giving,
    materialising,
    names,
    other_engines,
    own_metrics,
    parameters,
    periods,
    starting,
    step_tests,
    templating,
    triggers,
    types,
)
from pipelines_app.compiler.definition import (
    PARTED,
    Alerting,
    CheckSpec,
    Column,
    Definition,
    Expecting,
    Format,
    Mode,
    OnChange,
    Origin,
    Parameter,
    PeriodKind,
    Source,
    Step,
)
from pipelines_app.compiler.document_text import from_yaml, to_yaml
from pipelines_app.compiler.dumping import dump
from pipelines_app.compiler.reading import Reader, described, step_into
from pipelines_app.errors import DefinitionInvalid, Problem

__all__ = ["as_written", "dump", "from_yaml", "parse", "stored", "to_yaml"]

ENCODINGS = ("utf-8", "utf-16", "latin-1")
MOST_COLUMNS = 2_000
MOST_STEPS = 500
MOST_AT_ONCE = 100
_KEYS = (
    "pipeline",
    "team",
    "description",
    "parameters",
    "values",
    "sources",
    "steps",
    "start",
    "sla",
    "alerts",
    "concurrency",
)
_STEP_KEYS = (
    *("dataset", "sql", "engines", "materialise", "on_schema_change", "tests", "checks", "metrics", "expectations"),
    "description",
    *efforts.KEYS,
)
_SOURCE_KEYS = (
    *("format", "columns", "period", "from", "mode", "delimiter", "quote", "header", "null", "encoding"),
    *("tolerance", "arrival", "checks", "metrics", "sensitive", "expectations", "description"),
    *efforts.KEYS,
)


def parse(document: Mapping[str, object]) -> Definition:
    """A definition, or DefinitionInvalid with every fault of the document."""
    definition, reader = _read(document)
    for source in definition.sources:
        if source.mode == Mode.REPLACE and source.period != PeriodKind.NONE:
            message = f"replace has no period, but this source comes by {source.period}: use partition or append"
            reader.problems.append(Problem(path=f"{step_into('sources', source.dataset)}.mode", message=message))
    reader.problems.extend(giving.faults(definition))
    reader.problems.extend(convention.problems(_made(definition)))
    return _faultless(definition, reader)


def _made(definition: Definition) -> dict[str, tuple[str, bool]]:
    """The names of the datasets it makes, by their paths, each with whether it is a source."""
    sources = {step_into("sources", one.dataset): (one.dataset, True) for one in definition.sources}
    steps = {f"steps[{place}].dataset": (one.dataset, False) for place, one in enumerate(definition.steps)}
    return sources | steps


def stored(document: Mapping[str, object]) -> Definition:
    """The definition of a revision that was accepted before, whatever is refused since."""
    origin = _origin(document.get("template")) if isinstance(document, Mapping) else None
    if origin is None:
        return _faultless(*_read(document))
    whole = {key: value for key, value in document.items() if key != "template"}
    return replace(_faultless(*_read(whole)), origin=origin)


def _origin(said: object) -> Origin | None:
    """The template that a stored document names; it was written here, so it is not judged."""
    if not isinstance(said, Mapping):
        return None
    values = said.get("values", {})
    return Origin(template=str(said["name"]), revision=int(said["revision"]), values=dict(values))


def as_written(document: Mapping[str, object]) -> dict[str, object]:
    """A stored document as a person writes it: of what a template made, only the template and the values."""
    if "template" not in document:
        return dict(document)
    return {key: document[key] for key in templating.INSTANCE_KEYS if key in document}


def _faultless(definition: Definition, reader: Reader) -> Definition:
    if reader.problems:
        raise DefinitionInvalid(reader.problems)
    return definition


def _read(document: Mapping[str, object]) -> tuple[Definition, Reader]:
    if not isinstance(document, Mapping):
        raise DefinitionInvalid([Problem(path="", message=f"a pipeline is a mapping, not {described(document)}")])
    reader = Reader(document)
    reader.only(*_KEYS, *triggers.KEYS)
    sources = tuple(_source(name, inner) for name, inner in reader.sections("sources"))
    steps = _steps(reader)
    promises, targets = deadlines.promises(reader, sources, frozenset(step.dataset for step in steps))
    definition = Definition(
        pipeline=reader.checked("pipeline", names.slug_fault, required=True),
        team=reader.checked("team", names.slug_fault, required=True),
        description=reader.text("description"),
        parameters=_parameters(reader),
        sources=sources,
        steps=steps,
        start=starting.parse(reader),
        alerts=_alerts(reader),
        promises=promises,
        targets=targets,
        concurrency=reader.whole("concurrency", 1, least=1),
        schedule=triggers.schedule(reader),
        listens=triggers.listens(reader),
    )
    _whole(definition, reader)
    return definition, reader


def _whole(definition: Definition, reader: Reader) -> None:
    """What concerns several parts at once."""
    if not definition.sources and not definition.steps and not reader.problems:
        reader.fault("steps", "a pipeline needs at least one source or step")
    if len(definition.steps) > MOST_STEPS:
        reader.fault("steps", f"a pipeline may have {MOST_STEPS} steps")
    whole = [step.dataset for step in definition.steps if step.materialise not in PARTED]
    if definition.concurrency > MOST_AT_ONCE:
        reader.fault("concurrency", f"{MOST_AT_ONCE} runs of a pipeline at once are the most")
    elif definition.concurrency > 1 and whole:
        message = f"{whole[0]} is made anew as a whole: a run that is overtaken would put older data over newer"
        reader.fault("concurrency", f"{message}, so its pipeline makes one period at a time")
    made = {source.dataset: step_into("sources", source.dataset) for source in definition.sources}
    for position, step in enumerate(definition.steps):
        path = f"steps[{position}].dataset"
        if step.dataset and step.dataset in made:
            message = f"{step.dataset} is made twice: here and at {made[step.dataset]}"
            reader.problems.append(Problem(path=path, message=message))
        made.setdefault(step.dataset, path)


def _parameters(reader: Reader) -> tuple[Parameter, ...]:
    values = reader.section("values")
    given = values.entries if values else {}
    found = []
    declared = set()
    for name, inner in reader.sections("parameters"):
        declared.add(name)
        parameter = parameters.parse(name, inner, given.get(name))
        if parameter:
            found.append(parameter)
    for name in given:
        if values and name not in declared:
            values.fault(name, f"there is no parameter {name!r}{names.hint(name, declared)}")
    return tuple(found)


def _source(name: str, reader: Reader) -> Source:
    reader.only(*_SOURCE_KEYS, *triggers.SOURCE_KEYS)
    message = names.dataset_fault(name)
    if message:
        reader.fault("", message)
    form = reader.choice("format", Format, Format.CSV, required=True)
    period = reader.choice("period", PeriodKind, PeriodKind.NONE)
    columns = _columns(reader)
    source = Source(
        dataset=name,
        format=form,
        columns=columns,
        period=period,
        file_pattern=reader.text("from"),
        mode=reader.choice("mode", Mode, Mode.REPLACE if period == PeriodKind.NONE else Mode.PARTITION),
        delimiter=reader.text("delimiter", "\t" if form == Format.TSV else ","),
        quote=reader.text("quote", '"'),
        header=reader.flag("header", True),
        null=reader.texts("null", ("",)),
        encoding=reader.text("encoding", "utf-8"),
        tolerance=check_catalogue.tolerance(reader, "tolerance"),
        arrival=deadlines.parse(reader, period),
        checks=checks_of(reader, columns),
        metrics=own_metrics.parse(reader),
        sensitive=reader.texts("sensitive"),
        expecting=_expecting(reader),
        description=reader.text("description"),
        drop=triggers.drop(reader),
        payload=triggers.payload(reader, form, period),
        effort=efforts.parse(reader),
    )
    _contract(source, reader)
    known = [column.name for column in columns]
    for unknown in sorted(set(source.sensitive) - set(known)):
        near = names.nearest(unknown, known)
        reader.fault("sensitive", f"there is no column {unknown!r}{names.hint(unknown, known)}", suggestion=near)
    return source


def _contract(source: Source, reader: Reader) -> None:
    """What must hold between the parts of a source."""
    placed = source.file_pattern.count(periods.PLACEHOLDER)
    if source.file_pattern and source.period != PeriodKind.NONE and placed != 1:
        reader.fault("from", f"must hold {periods.PLACEHOLDER} once, as in flights_{periods.PLACEHOLDER}.csv")
    if placed and source.period == PeriodKind.NONE:
        reader.fault("from", f"holds {periods.PLACEHOLDER}, but the source has no period: add period: day")
    if "/" in source.file_pattern or "\\" in source.file_pattern:
        reader.fault("from", "is the name of a file, without folders")
    if source.mode == Mode.PARTITION and source.period == PeriodKind.NONE:
        reader.fault("mode", "partition needs a period: add period: hour, day or month")
    if len(source.delimiter) != 1:
        reader.fault("delimiter", "must be one character")
    if len(source.quote) > 1:
        reader.fault("quote", "must be one character, or empty for none")
    if source.encoding not in ENCODINGS:
        near = names.nearest(source.encoding, ENCODINGS)
        reader.fault("encoding", f"{source.encoding!r} is not one of {', '.join(ENCODINGS)}", suggestion=near)


def _columns(reader: Reader) -> tuple[Column, ...]:
    inner = reader.section("columns")
    if inner is None or not inner.entries:
        if inner is not None or not reader.has("columns"):
            reader.fault("columns", "a source needs its columns, written {name: TYPE}")
        return ()
    if len(inner.entries) > MOST_COLUMNS:
        reader.fault("columns", f"a source may have {MOST_COLUMNS:,} columns")
        return ()
    found: list[Column] = []
    seen: set[str] = set()
    for position, (name, kind) in enumerate(inner.entries.items()):
        column = _column(str(name), kind, Reader({}, step_into(inner.path, position), reader.problems))
        if column.name.lower() in seen:
            reader.fault("columns", f"the column {name!r} is there twice (capital letters make no difference)")
        seen.add(column.name.lower())
        found.append(column)
    return tuple(found)


def _column(name: str, kind: object, reader: Reader) -> Column:
    message = names.column_fault(name)
    if message:
        reader.fault("name", message)
    if not isinstance(kind, str):
        reader.fault("type", f"the column {name!r} needs a type such as VARCHAR, not {described(kind)}")
        return Column(name=name, type="VARCHAR")
    message = types.fault(kind)
    if message:
        reader.fault("type", f"the column {name!r}: {message}", suggestion=types.suggestion(kind))
    return Column(name=name, type=types.normalise(kind) or "VARCHAR")


def _steps(reader: Reader) -> tuple[Step, ...]:
    found = []
    for path, entry in reader.listed("steps"):
        if isinstance(entry, Mapping):
            found.append(_step(Reader(entry, path, reader.problems)))
        else:
            reader.problems.append(Problem(path=path, message=f"a step is a mapping, not {described(entry)}"))
    return tuple(found)


def _step(reader: Reader) -> Step:
    reader.only(*_STEP_KEYS)
    kind, longer, keeping = materialising.parse(reader)
    dataset = reader.checked("dataset", names.dataset_fault, required=True)
    elsewhere, native = other_engines.parse(reader)
    return Step(
        dataset=dataset,
        sql=reader.text("sql", required=True),
        elsewhere=elsewhere,
        native=native,
        materialise=kind,
        by=longer,
        keeping=keeping,
        on_change=reader.choice("on_schema_change", OnChange, OnChange.USUAL),
        tests=step_tests.parse(reader, dataset),
        checks=checks_of(reader, None),
        metrics=own_metrics.parse(reader),
        expecting=_expecting(reader),
        description=reader.text("description"),
        effort=efforts.parse(reader),
    )


def checks_of(reader: Reader, columns: tuple[Column, ...] | None) -> tuple[CheckSpec, ...]:
    """The checks of a source or step; their names must differ."""
    found: list[CheckSpec] = []
    for path, entry in reader.listed("checks"):
        try:
            parsed = check_catalogue.parse(entry, path, columns)
        except DefinitionInvalid as invalid:
            reader.problems.extend(invalid.problems)
            continue
        taken = {spec.name for spec in found}
        for spec in parsed:
            if spec.name in taken:
                message = f"there is another check named {spec.name!r}; give this one a name of its own"
                reader.problems.append(Problem(path=path, message=message))
        found.extend(parsed)
    return tuple(found)


def _expecting(reader: Reader) -> Expecting:
    """How far the platform goes by itself with what it learns of the dataset."""
    return reader.choice("expectations", Expecting, Expecting.UNSAID)


def _alerts(reader: Reader) -> Alerting:
    inner = reader.section("alerts")
    if inner is None:
        return Alerting()
    inner.only("emails", "slack")
    emails = inner.texts("emails")
    for position, address in enumerate(emails):
        if names.address_fault(address):
            inner.fault("emails", f"{address!r} (number {position + 1}) is not an e-mail address")
    return Alerting(emails=emails, slack=inner.flag("slack", True))
