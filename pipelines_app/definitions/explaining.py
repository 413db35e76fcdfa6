"""Having the engine accept a step and name its columns, once for steps that are the same but for names of datasets."""

from collections.abc import Sequence

from sqlglot import exp

from pipelines_app import lake
from pipelines_app.compiler.definition import Column
from pipelines_app.engines.base import Relation


def explain(statement: exp.Query, inputs: Sequence[tuple[str, tuple[Column, ...]]]) -> tuple[Column, ...]:
    """The columns that the engine says a query gives over empty inputs; raises EngineError where it refuses it."""
    return lake.engine().explain(statement, [Relation(name=name, columns=columns) for name, columns in inputs])
