"""Which pipeline feeds which: cycles between pipelines are refused before they can chase their own tail."""

from pipelines_app.compiler.compiled import Compiled
from pipelines_app.errors import DefinitionInvalid, Problem
from pipelines_app.models import Dataset, Pipeline, Trigger, TriggerKind


def refuse_cycle(compiled: Compiled, pipeline: Pipeline | None) -> None:
    """Raise DefinitionInvalid, naming the path, if the pipeline would start itself through others."""
    if pipeline is None:
        return
    makers = dict(Dataset.objects.filter(name__in=compiled.external).values_list("name", "pipeline__name"))
    feeds = _upstream_by_pipeline()
    for name, maker in makers.items():
        path = _path(maker, pipeline.name, feeds, seen=[]) if maker else None
        if path:
            circle = " -> ".join([pipeline.name, *path])
            message = f"Reading {name} closes a circle of pipelines: {circle}."
            raise DefinitionInvalid([Problem(path="steps", message=message)])


def _upstream_by_pipeline() -> dict[str, set[str]]:
    """For each pipeline, the pipelines whose datasets start it."""
    feeds: dict[str, set[str]] = {}
    rows = Trigger.objects.filter(kind=TriggerKind.DATASET, dataset__pipeline__isnull=False)
    for reader, maker in rows.values_list("pipeline__name", "dataset__pipeline__name"):
        feeds.setdefault(reader, set()).add(maker)
    return feeds


def _path(start: str, goal: str, feeds: dict[str, set[str]], *, seen: list[str]) -> list[str] | None:
    if start == goal:
        return [start]
    if start in seen:
        return None
    for upstream in sorted(feeds.get(start, set())):
        found = _path(upstream, goal, feeds, seen=[*seen, start])
        if found:
            return [start, *found]
    return None
