"""What registering a definition would do, step by step."""

from collections.abc import Mapping

from pipelines_app.compiler import checks as catalogue_of_checks
from pipelines_app.compiler import documents
from pipelines_app.compiler.compiled import Compiled, CompiledStep
from pipelines_app.definitions import register
from pipelines_app.environments import mapping
from pipelines_app.models import Pipeline
from pipelines_app.runs import planning


def plan(document: Mapping[str, object]) -> dict[str, object]:
    """The plan of a definition against what is registered. Writes nothing; raises DefinitionInvalid, NameTaken."""
    pipeline, compiled = register.compile_document(document)
    before = _before(pipeline)
    digest = register.digest_of(documents.dump(compiled.definition))
    current = pipeline.current if pipeline else None
    unchanged = current is not None and current.digest == digest
    number = current.number if current else 0
    return {
        "pipeline": compiled.definition.pipeline,
        "team": compiled.definition.team,
        "revision": number if unchanged else number + 1,
        "unchanged": unchanged,
        "steps": _steps(compiled, before),
        "external": sorted(compiled.external),
        "warnings": list(compiled.warnings),
    }


def _before(pipeline: Pipeline | None) -> dict[str, CompiledStep]:
    if pipeline is None or pipeline.current_id is None:
        return {}
    return {step.dataset: step for step in planning.compiled(pipeline.current_id).steps}


def _steps(compiled: Compiled, before: dict[str, CompiledStep]) -> list[dict[str, object]]:
    steps = [_told(step, _change(step, before.get(step.dataset))) for step in compiled.steps]
    kept = {step.dataset for step in compiled.steps}
    return steps + [_told(step, "removed") for name, step in before.items() if name not in kept]


def _change(step: CompiledStep, before: CompiledStep | None) -> str:
    if before is None:
        return "new"
    same = (step.recipe, step.checks, step.source) == (before.recipe, before.checks, before.source)
    return "same" if same else "changed"


def _told(step: CompiledStep, change: str) -> dict[str, object]:
    return {
        "dataset": step.dataset,
        "change": change,
        "kind": step.kind,
        "materialise": step.materialise,
        "period": step.period,
        "inputs": list(step.inputs),
        "columns": mapping.stored_columns(step.columns),
        "sql": step.sql,
        "checks": [catalogue_of_checks.sentence(check) for check in step.checks],
        "deterministic": step.deterministic,
    }
