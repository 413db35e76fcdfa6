"""The parameters of a run that is to be: what its cause gives, or what its period was last made with."""

from collections.abc import Mapping

from pipelines_app.compiler import giving
from pipelines_app.facts import DatasetPublished
from pipelines_app.models import Arrival, ArrivalState, Event, Pipeline, Run, RunState
from pipelines_app.runs.recipes import compiled

Parameters = Mapping[str, object]


def parameters_of(cause: Event, pipeline: Pipeline, period: str) -> Parameters:
    """The parameters for a run of a period because of an event.

    A message brings its own, and what is published within the pipeline those of the run that made it. Whoever else asks
    for a period (a person, the clock, a backfill, what it reads from others) has it made as it was made before.
    """
    brought = cause.body.get("parameters")
    if brought is not None and (cause.kind != DatasetPublished.kind or cause.pipeline == pipeline.name):
        return dict(brought)
    if pipeline.current_id is None or not giving.is_given_any(compiled(pipeline.current_id).definition):
        return {}
    return _as_before(pipeline, period)


def _as_before(pipeline: Pipeline, period: str) -> Parameters:
    """What the newest file that waits for the period gives, else what the period was last made with."""
    waiting = Arrival.objects.filter(dataset__pipeline=pipeline, period=period, state=ArrivalState.PENDING, run=None)
    came = waiting.order_by("-id").values_list("parameters", flat=True).first()
    if came is not None:
        return dict(came)
    runs = Run.objects.filter(pipeline=pipeline, period=period).exclude(state=RunState.CANCELLED)
    return dict(runs.order_by("-id").values_list("parameters", flat=True).first() or {})
