"""Compiled definitions as JSON, stored with the revision so that nothing is compiled again to answer a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from pipelines_app.compiler import compile as compiling
from pipelines_app.compiler import documents, materialising
from pipelines_app.compiler.compiled import Compiled, CompiledStep, Edge, EdgeKind, Known, StepKind
from pipelines_app.compiler.definition import (
    Column,
    Definition,
    Keeping,
    Materialisation,
    OnChange,
    PeriodKind,
    Source,
    Step,
)

Json = dict[str, Any]


def to_json(compiled: Compiled) -> Json:
    """JSON-ready values from which the same comes back."""
    return {
        "definition": documents.dump(compiled.definition),
        "steps": [_step_to_json(step) for step in compiled.steps],
        "external": {
            name: {"columns": _columns_to_json(known.columns), "period": str(known.period)}
            for name, known in compiled.external.items()
        },
        "warnings": list(compiled.warnings),
    }


def from_json(stored: Mapping[str, Any]) -> Compiled:
    """What was stored by to_json."""
    definition = documents.stored(stored["definition"])
    return Compiled(
        definition=definition,
        steps=tuple(_step_from_json(step, definition) for step in stored["steps"]),
        external={
            name: Known(columns=_columns_from_json(known["columns"]), period=PeriodKind(known["period"]))
            for name, known in stored["external"].items()
        },
        warnings=tuple(stored["warnings"]),
    )


def statement(step: CompiledStep) -> exp.Query:
    """A step's query, read from its stored text and let through the gate again."""
    return compiling.statement(step)


def _step_to_json(step: CompiledStep) -> Json:
    """A step less what its definition says already: its checks and its source."""
    return {
        "dataset": step.dataset,
        "kind": str(step.kind),
        "materialise": str(step.materialise),
        "period": str(step.period),
        "inputs": list(step.inputs),
        "columns": _columns_to_json(step.columns),
        "given": _columns_to_json(step.given),
        "sql": step.sql,
        "recipe": step.recipe,
        "deterministic": step.deterministic,
        "edges": [_edge_to_json(edge) for edge in step.edges],
        "partial": list(step.partial),
    }


def _edge_to_json(edge: Edge) -> list[Any]:
    return [edge.from_dataset, edge.from_column, edge.column, str(edge.kind), list(edge.how), edge.masked]


def _step_from_json(stored: Mapping[str, Any], definition: Definition) -> CompiledStep:
    name = stored["dataset"]
    source = next((one for one in definition.sources if one.dataset == name), None)
    made = source or next(step for step in definition.steps if step.dataset == name)
    return CompiledStep(
        dataset=name,
        kind=StepKind(stored["kind"]),
        materialise=Materialisation(stored["materialise"]),
        period=PeriodKind(stored["period"]),
        inputs=tuple(stored["inputs"]),
        columns=_columns_from_json(stored["columns"]),
        sql=stored["sql"],
        recipe=stored["recipe"],
        deterministic=stored["deterministic"],
        checks=made.checks,
        edges=tuple(_edge(name, edge) for edge in stored["edges"]),
        source=source,
        effort=made.effort,
        partial=tuple(stored.get("partial", ())),
        keeping=_keeping(made, stored),
        given=_columns_from_json(stored.get("given", ())),
        on_change=made.on_change if isinstance(made, Step) else OnChange.USUAL,
    )


def _keeping(made: Source | Step, stored: Mapping[str, Any]) -> Keeping:
    if isinstance(made, Source):
        return Keeping()
    return materialising.settled(made.keeping, _columns_from_json(stored.get("given", ())))


def _edge(dataset: str, stored: Sequence[Any]) -> Edge:
    from_dataset, from_column, column, kind, *further = stored
    # What was stored before lineage knew in which way has only the first four.
    how, masked = further or ((), False)
    return Edge(
        from_dataset=from_dataset,
        from_column=from_column,
        dataset=dataset,
        column=column,
        kind=EdgeKind(kind),
        how=tuple(how),
        masked=masked,
    )


def _columns_to_json(columns: Sequence[Column]) -> list[list[str]]:
    return [[column.name, column.type] for column in columns]


def _columns_from_json(stored: Sequence[Sequence[str]]) -> tuple[Column, ...]:
    return tuple(Column(name=name, type=kind) for name, kind in stored)
