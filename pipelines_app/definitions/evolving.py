"""A dataset whose columns change while it keeps earlier rows: what its policy lets through, and what it refuses."""

from collections.abc import Sequence

from pipelines_app.compiler.compiled import Compiled, CompiledStep
from pipelines_app.compiler.definition import WHOLE, Column, OnChange
from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid, Problem
from pipelines_app.models import Current, Dataset


def refuse(compiled: Compiled) -> None:
    """Raise DefinitionInvalid where the columns of a dataset with rows change otherwise than its step lets them."""
    watched = {step.dataset: step for step in compiled.steps if step.policy in (OnChange.FAIL, OnChange.ADD_COLUMNS)}
    if not watched:
        return
    filled = Dataset.objects.filter(name__in=watched, pk__in=Current.objects.values("dataset"))
    places = {step.dataset: place for place, step in enumerate(compiled.definition.steps)}
    problems = [
        Problem(path=f"steps[{places[name]}].on_schema_change", message=message)
        for name, stored in filled.values_list("name", "columns")
        if name in places and (message := fault(watched[name], mapping.columns_of(stored)))
    ]
    if problems:
        raise DefinitionInvalid(problems)


def fault(step: CompiledStep, before: Sequence[Column]) -> str:
    """What a step's policy has against its columns, where its dataset has these; empty for nothing."""
    gone, added = _changed(before, step.columns)
    if step.policy is OnChange.FAIL and (gone or added):
        changed = "; ".join([*gone, *(f"{name} is new" for name in added)])
        keeps = "" if step.materialise in WHOLE else " keeps earlier rows, and"
        return (
            f"{step.dataset}{keeps} may not change its columns: {changed}. "
            "Keep them, or say on_schema_change: add_columns (for new ones) or rebuild"
        )
    if step.policy is OnChange.ADD_COLUMNS and gone:
        return (
            f"{step.dataset} takes new columns only: {'; '.join(gone)}. "
            "Keep what is there under its name and type, or say on_schema_change: rebuild"
        )
    return ""


def _changed(before: Sequence[Column], after: Sequence[Column]) -> tuple[list[str], list[str]]:
    """What is gone or of another type, in words, and the names that are new."""
    then = {column.name.lower(): column for column in before}
    now = {column.name.lower(): column for column in after}
    gone = [f"{column.name} is gone" for name, column in then.items() if name not in now]
    gone += [
        f"{column.name} was {column.type} and would be {now[name].type}"
        for name, column in then.items()
        if name in now and now[name].type != column.type
    ]
    return gone, [column.name for name, column in now.items() if name not in then]
