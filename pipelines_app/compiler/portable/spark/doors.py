"""From a query as it is stored to the one that Spark runs."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from pipelines_app.compiler import schema
from pipelines_app.compiler.definition import Column
from pipelines_app.compiler.portable.spark import lint, writing
from pipelines_app.compiler.portable.writing import with_decimals


def written(statement: exp.Query, relations: Mapping[str, Sequence[Column]]) -> exp.Query:
    """The tree whose Spark text gives what the statement gives on DuckDB; raises StatementRefused."""
    typed = schema.typed(with_decimals(statement.copy()), relations)
    lint.refuse(typed)
    return writing.rewrite(typed)
