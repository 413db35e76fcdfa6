"""Definitions to documents: what parsing gives back unchanged, with every default left out."""

from collections.abc import Mapping

from pipelines_app.compiler import (
    check_catalogue,
    deadlines,
    efforts,
    materialising,
    other_engines,
    own_metrics,
    parameters,
    starting,
    step_tests,
    target_documents,
    triggers,
)
from pipelines_app.compiler.definition import (
    Alerting,
    CheckSpec,
    Definition,
    Format,
    Mode,
    Origin,
    PeriodKind,
    Source,
    Step,
)

Document = dict[str, object]


def dump(definition: Definition) -> Document:
    """The document of a definition."""
    alerts = definition.alerts
    return _without(
        {
            "pipeline": definition.pipeline,
            "team": definition.team,
            "description": definition.description,
            "template": _dump_origin(definition.origin),
            "parameters": {one.name: parameters.dump(one) for one in definition.parameters},
            "sources": {source.dataset: dump_source(source) for source in definition.sources},
            "steps": [dump_step(step) for step in definition.steps],
            "start": starting.dump(definition.start),
            "alerts": _without({"emails": list(alerts.emails), "slack": alerts.slack}, {"slack": Alerting().slack}),
            "sla": [
                *(deadlines.dump_promise(promise) for promise in definition.promises),
                *(target_documents.dump(target) for target in definition.targets),
            ],
            "schedule": triggers.dump(definition.schedule),
            "listens": [triggers.dump(one) for one in definition.listens],
            "concurrency": definition.concurrency,
        },
        {"concurrency": 1},
    )


def _dump_origin(origin: Origin | None) -> Document:
    if origin is None:
        return {}
    return _without({"name": origin.template, "revision": origin.revision, "values": dict(origin.values)})


def dump_source(source: Source) -> Document:
    """A source's entry under `sources`."""
    document = {
        "format": str(source.format),
        "description": source.description,
        "columns": {column.name: column.type for column in source.columns},
        "period": str(source.period),
        "from": source.file_pattern,
        "mode": str(source.mode),
        "delimiter": source.delimiter,
        "quote": source.quote,
        "header": source.header,
        "null": list(source.null),
        "encoding": source.encoding,
        "tolerance": check_catalogue.dump_tolerance(source.tolerance),
        "arrival": deadlines.dump(source.arrival) if source.arrival else {},
        "checks": dump_checks(source.checks),
        "metrics": own_metrics.dump(source.metrics),
        "sensitive": list(source.sensitive),
        "expectations": str(source.expecting),
        "drop": triggers.dump(source.drop),
        "payload": triggers.dump(source.payload),
        **efforts.dump(source.effort),
    }
    defaults: Document = {
        "period": str(PeriodKind.NONE),
        "mode": str(Mode.REPLACE if source.period == PeriodKind.NONE else Mode.PARTITION),
        "delimiter": "\t" if source.format == Format.TSV else ",",
        "quote": '"',
        "header": True,
        "null": [""],
        "encoding": "utf-8",
    }
    kept = _without(document, defaults)
    # An empty text or list is not the default of these two, so it is written.
    return kept | {key: document[key] for key in ("quote", "null") if not document[key]}


def dump_step(step: Step) -> Document:
    """A step's entry in `steps`."""
    return _without(
        {
            "dataset": step.dataset,
            "description": step.description,
            "sql": step.sql,
            "engines": other_engines.dump(step.elsewhere, step.native),
            "materialise": materialising.dump(step),
            "on_schema_change": str(step.on_change),
            "tests": [step_tests.dump(test) for test in step.tests],
            "checks": dump_checks(step.checks),
            "metrics": own_metrics.dump(step.metrics),
            "expectations": str(step.expecting),
            **efforts.dump(step.effort),
        }
    )


def dump_checks(specs: tuple[CheckSpec, ...]) -> list[Document]:
    """The entries of a list of checks; neighbours that only say `not_null` share one."""
    entries: list[Document] = []
    together: list[object] = []
    for spec in specs:
        entry = check_catalogue.dump(spec)
        column = entry.get("not_null")
        if not isinstance(column, str):
            together = []
            entries.append(entry)
        elif together:
            together.append(column)
            entries[-1] = {"not_null": together}
        else:
            together = [column]
            entries.append(entry)
    return entries


def _without(document: Document, defaults: Mapping[str, object] | None = None) -> Document:
    """A document less what is empty or its default."""
    usual = defaults or {}
    return {
        key: value
        for key, value in document.items()
        if not (value is None or value in ("", [], {})) and not (key in usual and usual[key] == value)
    }
