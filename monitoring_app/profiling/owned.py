"""Numbers of a dataset's own: what its definition declares under `metrics:`, asked of the rows of a profile."""

from collections.abc import Sequence
from math import isfinite

from sqlglot import exp

from pipelines_app.compiler import gate
from pipelines_app.compiler import statements as parsing
from pipelines_app.compiler.definition import MetricSpec
from pipelines_app.engines.base import Answer
from pipelines_app.models import DatasetVersion, StepRun
from pipelines_app.runs import planning


def declared(version: DatasetVersion) -> tuple[MetricSpec, ...]:
    """The metrics that the revision which made a version declares of its dataset."""
    revision = StepRun.objects.values_list("run__revision", flat=True).get(pk=version.step_run_id)
    definition = planning.compiled(revision).definition
    declared = {one.dataset: one.metrics for one in definition.sources}
    declared |= {one.dataset: one.metrics for one in definition.steps}
    return declared.get(version.dataset.name, ())


def statements(specs: Sequence[MetricSpec]) -> list[exp.Query]:
    """A query for each metric; it passes the gate once more before it is run."""
    found = [parsing.parse(spec.sql) for spec in specs]
    for query in found:
        gate.admit(query)
    return found


def read(specs: Sequence[MetricSpec], answers: Sequence[Answer]) -> dict[str, float]:
    """What the queries gave; what gave no number is left out."""
    found = {}
    for spec, answer in zip(specs, answers, strict=True):
        value = answer.rows[0][0] if answer.rows else None
        number = float(str(value)) if value is not None else None
        if number is not None and isfinite(number):
            found[spec.name] = number
    return found
