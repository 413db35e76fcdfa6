"""Whether the pipelines as they are would do on an engine that an environment is to have."""

import time
from collections.abc import Iterator

from pipelines_app.compiler import codec
from pipelines_app.definitions import portability, proving
from pipelines_app.errors import Problem
from pipelines_app.models import Pipeline

SECONDS = 60.0  # somebody waits for the answer


def unfit(engine: str) -> Iterator[Problem]:
    """What an engine would not do as it is written, does not accept, or tests that fail there; pipeline by pipeline.

    What nobody can tell in a minute is a problem too: it can be accepted like the others.
    """
    until = time.monotonic() + SECONDS
    waiting = list(Pipeline.objects.exclude(current=None).order_by("name").values_list("pk", flat=True))
    while waiting:
        if time.monotonic() > until:
            said = f"{len(waiting):,} pipelines could not be tried there within {SECONDS:.0f} seconds"
            yield Problem(path="", message=said)
            return
        yield from _of_pipeline(Pipeline.objects.select_related("current").get(pk=waiting.pop(0)), engine)


def _of_pipeline(pipeline: Pipeline, engine: str) -> Iterator[Problem]:
    if pipeline.current is None or not pipeline.current.compiled:
        return
    compiled = codec.from_json(pipeline.current.compiled)
    for problem in portability.there(compiled, pipeline.team_id, engine) or proving.there(compiled, engine):
        yield Problem(path=f"{pipeline.name}: {problem.path}", message=problem.message, line=problem.line)
