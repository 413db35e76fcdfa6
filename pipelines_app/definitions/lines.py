"""Which pipeline feeds which: cycles between pipelines are refused before they can chase their own tail."""

from collections import deque
from collections.abc import Mapping

from pipelines_app.compiler.compiled import Compiled
from pipelines_app.definitions.catalogue import Catalogue
from pipelines_app.errors import DefinitionInvalid, Problem


def refuse_cycle(compiled: Compiled, over: Catalogue) -> None:
    """Raise DefinitionInvalid, naming the path, if the pipeline would start itself through others."""
    goal = compiled.definition.pipeline
    if not compiled.external:
        return
    makers = _makers(compiled, over)
    for name in compiled.external:
        path = _path(makers[name], goal, over.feeds, makers) if name in makers else None
        if path:
            circle = " -> ".join([goal, *path])
            message = f"Reading {name} closes a circle of pipelines: {circle}."
            raise DefinitionInvalid([Problem(path="steps", message=message)])


def _makers(compiled: Compiled, over: Catalogue) -> dict[str, str]:
    """The pipeline that makes each dataset once this one is registered: what it takes up may have readers already."""
    goal = compiled.definition.pipeline
    others = {name: maker for name, maker in over.makers.items() if maker != goal}
    return others | {step.dataset: goal for step in compiled.steps}


def _path(start: str, goal: str, feeds: Mapping[str, set[str]], makers: Mapping[str, str]) -> list[str] | None:
    """The shortest way upstream from one pipeline to another."""
    ways = deque([[start]])
    seen = {start}
    while ways:
        way = ways.popleft()
        if way[-1] == goal:
            return way
        upstream = {makers[name] for name in feeds.get(way[-1], set()) if name in makers}
        for pipeline in sorted(upstream - seen):
            seen.add(pipeline)
            ways.append([*way, pipeline])
    return None
