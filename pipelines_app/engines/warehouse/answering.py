"""Rows of the warehouse as values JSON can hold."""

from collections.abc import Sequence

from sqlglot import exp

from pipelines_app.compiler.definition import Column
from pipelines_app.engines import presenting
from pipelines_app.engines.base import Answer
from pipelines_app.engines.sandbox.plain import plain
from pipelines_app.engines.warehouse import trees
from pipelines_app.engines.warehouse.session import Session
from pipelines_app.errors import EngineError

AS_TEXT = ("DATE", "TIME", "DECIMAL", "HUGEINT", "INTERVAL", "UUID", "JSON")
MOST_BYTES = 64 << 20


def answer(session: Session, query: exp.Query, columns: Sequence[Column], rows: int) -> Answer:
    """The first rows of a query."""
    found = session.run(for_people(query, columns, rows + 1))
    if sum(len(value) for row in found for value in row if isinstance(value, str)) > MOST_BYTES:
        raise EngineError("The answer is too long to show: it has more than 64 MB.", kind=EngineError.STATEMENT)
    kinds = [(column.name, column.type) for column in columns]
    shown = [presenting.row([plain(value) for value in row], kinds) for row in found[:rows]]
    return Answer(columns=tuple(columns), rows=tuple(shown), truncated=len(found) > rows, seconds=0.0)


def for_people(query: exp.Query, columns: Sequence[Column], rows: int) -> exp.Select:
    """The first rows of a query, what JSON has no value for as text."""
    safe = [f"c{number}" for number in range(len(columns))]
    chosen = [exp.alias_(_for_json(alias, column), alias) for alias, column in zip(safe, columns, strict=True)]
    return exp.select(*chosen).from_(trees.subquery(query, safe)).limit(rows)


def _for_json(alias: str, column: Column) -> exp.Expr:
    if column.type == "BYTEA":
        raise EngineError(
            f"Column '{column.name}' holds bytes, which cannot be shown.",
            kind=EngineError.STATEMENT,
            todo="Leave it out, or turn it into text with hex(...).",
        )
    value = trees.name(alias)
    if column.type.startswith(AS_TEXT):
        return exp.Cast(this=value, to=exp.DataType.build("TEXT", dialect=trees.DIALECT))
    return value
