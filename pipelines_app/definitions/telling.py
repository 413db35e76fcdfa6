"""A plan in lines, as a terminal or a log shows it: the most harmful first."""

from collections.abc import Iterator

from pipelines_app.definitions.planned import Plan, PlannedPipeline, PlannedStep, PlannedTemplate

MARKS = {
    "removed": "-",
    "breaking": "!",
    "column-scoped": "~",
    "additive": "+",
    "new": "+",
    "cosmetic": "=",
    "metadata": "=",
}
MOST_READERS = 20


def lines(plan: Plan) -> Iterator[str]:
    """What a plan says."""
    for template in plan.revised:
        yield from _template(template)
    for pipeline in plan.changed:
        yield from _pipeline(pipeline)
    number = len(plan.changed) + len(plan.revised)
    same = len(plan.pipelines) + len(plan.templates) - number
    if plan.broken:
        yield f"{len(plan.broken)} datasets would no longer find a column that they use."
    yield f"{number} to change, {same} as they are."
    if not plan.is_empty:
        yield f"State: {plan.state}"


def _template(template: PlannedTemplate) -> Iterator[str]:
    was = f"revision {template.was} -> {template.revision}" if template.was else "new"
    yield f"template {template.name} ({template.team}): {was}"
    yield from (f"  = {change}" for change in template.changes)
    yield from (f"    note: it asks for {name}, which nothing in it uses" for name in template.unused)
    for standing in template.staying[:MOST_READERS]:
        called = standing.pipeline or "a pipeline that you may not see"
        yield f"      {called} stays at revision {standing.revision}"
        yield from (f"        WOULD NOT FIT: {problem}" for problem in standing.problems)
    if len(template.staying) > MOST_READERS:
        yield f"      and {len(template.staying) - MOST_READERS:,} more stay"


def _pipeline(pipeline: PlannedPipeline) -> Iterator[str]:
    was = f"revision {pipeline.was} -> {pipeline.revision}" if pipeline.was else "new"
    yield f"{pipeline.name} ({pipeline.team}): {was}"
    if pipeline.settings:
        yield f"  = said otherwise: {', '.join(pipeline.settings)}"
    for step in pipeline.steps:
        if step.change.kind != "same":
            yield from _step(step)
    yield from (f"    note: {warning}" for warning in pipeline.warnings)


def _step(step: PlannedStep) -> Iterator[str]:
    change = step.change
    why = f": {change.why}" if change.why else ""
    yield f"  {MARKS[change.kind]} {change.dataset} [{change.kind}]{why}; {step.then}"
    for reader in step.readers[:MOST_READERS]:
        gone = f" BREAKS: it uses {', '.join(reader.breaks)}" if reader.breaks else ""
        yield f"      reaches {reader.dataset} ({reader.pipeline}, {reader.team}){gone}"
    if len(step.readers) > MOST_READERS:
        yield f"      and {len(step.readers) - MOST_READERS:,} more"
