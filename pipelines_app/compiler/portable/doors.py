"""From a query as it is stored to the one that another engine runs, and what stands in the way of it."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from pipelines_app.compiler import schema
from pipelines_app.compiler.definition import Column
from pipelines_app.compiler.portable import lint, writing

POSTGRES = "postgres"


def written(statement: exp.Query, relations: Mapping[str, Sequence[Column]]) -> exp.Query:
    """The tree whose PostgreSQL text gives what the statement gives on DuckDB; raises StatementRefused."""
    typed = schema.typed(writing.with_decimals(statement.copy()), relations)
    lint.refuse(typed)
    return writing.rewrite(typed)
