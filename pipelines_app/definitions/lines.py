"""Which pipeline feeds which: cycles between pipelines are refused before they can chase their own tail."""

from collections import deque

from pipelines_app.compiler.compiled import Compiled
from pipelines_app.errors import DefinitionInvalid, Problem
from pipelines_app.models import Dataset, Trigger, TriggerKind


def refuse_cycle(compiled: Compiled) -> None:
    """Raise DefinitionInvalid, naming the path, if the pipeline would start itself through others."""
    goal = compiled.definition.pipeline
    makers = _makers(compiled)
    feeds = _upstream_by_pipeline(makers)
    for name in compiled.external:
        path = _path(makers[name], goal, feeds) if name in makers else None
        if path:
            circle = " -> ".join([goal, *path])
            message = f"Reading {name} closes a circle of pipelines: {circle}."
            raise DefinitionInvalid([Problem(path="steps", message=message)])


def _makers(compiled: Compiled) -> dict[str, str]:
    """The pipeline that makes each dataset once this one is registered: what it takes up may have readers already."""
    goal = compiled.definition.pipeline
    others = Dataset.objects.filter(pipeline__isnull=False).exclude(pipeline__name=goal)
    return dict(others.values_list("name", "pipeline__name")) | {step.dataset: goal for step in compiled.steps}


def _upstream_by_pipeline(makers: dict[str, str]) -> dict[str, set[str]]:
    """For each pipeline, the pipelines whose datasets start it."""
    feeds: dict[str, set[str]] = {}
    started = Trigger.objects.filter(kind=TriggerKind.DATASET, dataset__isnull=False)
    for reader, dataset in started.values_list("pipeline__name", "dataset__name"):
        if dataset in makers:
            feeds.setdefault(reader, set()).add(makers[dataset])
    return feeds


def _path(start: str, goal: str, feeds: dict[str, set[str]]) -> list[str] | None:
    """The shortest way upstream from one pipeline to another."""
    ways = deque([[start]])
    seen = {start}
    while ways:
        way = ways.popleft()
        if way[-1] == goal:
            return way
        for upstream in sorted(feeds.get(way[-1], set()) - seen):
            seen.add(upstream)
            ways.append([*way, upstream])
    return None
