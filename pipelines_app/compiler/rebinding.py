"""A pipeline compiled once more, with other values of its parameters."""

from collections.abc import Mapping
from dataclasses import replace

from pipelines_app.compiler import fingerprint, giving, materialising, parameters
from pipelines_app.compiler.compile import compile_definition
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind


def compiled_with(compiled: Compiled, given: Mapping[str, object]) -> Compiled:
    """A pipeline with other values of its parameters: other recipes where a query uses them, and nowhere else.

    Raises ValueRefused or DefinitionInvalid where the values do not fit.
    """
    declared = {parameter.name: parameter for parameter in compiled.definition.parameters}
    changed = {name: parameters.with_value(giving.declared_in(name, declared), value) for name, value in given.items()}
    chosen = tuple(changed.get(name, parameter) for name, parameter in declared.items())
    again = compile_definition(replace(compiled.definition, parameters=chosen), compiled.external)
    bound = {step.dataset: step for step in again.steps}
    steps = tuple(_rebound(step, bound[step.dataset]) for step in compiled.steps)
    return replace(compiled, definition=again.definition, steps=steps)


def _rebound(step: CompiledStep, bound: CompiledStep) -> CompiledStep:
    """The step with another query, and the columns that its dataset is known by."""
    if step.kind is StepKind.LOAD or bound.sql == step.sql:
        return step
    kept = materialising.contract(step.materialise, step.keeping)
    recipe = fingerprint.recipe(
        materialise=step.materialise, sql=bound.sql, columns=step.rows, contract=kept, dialect=step.dialect
    )
    return replace(step, sql=bound.sql, recipe=recipe, deterministic=bound.deterministic)
