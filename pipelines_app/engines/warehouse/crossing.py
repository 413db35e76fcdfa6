"""Rows on their way between the lake and the warehouse: written as text by the one engine and read by the other.

A child behind the wall reads and writes the Parquet; this process only passes bytes on and looks at none of them.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column
from pipelines_app.engines.base import Limits, Relation, Table, Written
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.engines.warehouse import trees
from pipelines_app.engines.warehouse.session import Session


class Crossing:
    """`between` is a folder of the lake; nothing is left there."""

    def __init__(self, files: DuckDBEngine, between: Path) -> None:
        self._files = files
        self._between = between

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A file that is gone again afterwards."""
        place = self._between / uuid.uuid4().hex
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield place
        finally:
            place.unlink(missing_ok=True)

    def bring(self, session: Session, relation: Relation, into: Table, limits: Limits) -> None:
        """Put the rows of a dataset's files into a table that has its columns."""
        with self.place() as text:
            self._files.to_text(relation, text, limits)
            names = ", ".join(trees.text(trees.identifier(column.name)) for column in relation.columns)
            session.take_in(" ".join(("COPY", trees.text(trees.table(into)), f"({names})", "FROM STDIN", TAKEN)), text)

    def fetch(
        self, session: Session, query: exp.Query, columns: Sequence[Column], into: Path, limits: Limits
    ) -> Written:
        """Write the rows of a query as a Parquet file."""
        with self.place() as text:
            readable = trees.text(_readable(query, columns))
            session.give_out(" ".join(("COPY", f"({readable})", "TO STDOUT", GIVEN)), text)
            return self._files.from_text(text, columns, into, limits)


# The parser's library has no tree for COPY with PostgreSQL's own options: these are fixed texts around trees.
TAKEN = "(FORMAT csv, ENCODING 'UTF8')"
GIVEN = "(FORMAT csv, ENCODING 'UTF8', FORCE_QUOTE *)"


def _readable(query: exp.Query, columns: Sequence[Column]) -> exp.Select:
    """The query with truth written in words: DuckDB reads no `t`."""
    safe = [f"c{number}" for number in range(len(columns))]
    text = exp.DataType.build("TEXT", dialect=trees.DIALECT)
    chosen = [
        exp.Cast(this=trees.name(alias), to=text.copy()) if column.type == "BOOLEAN" else trees.name(alias)
        for alias, column in zip(safe, columns, strict=True)
    ]
    return exp.select(*chosen).from_(trees.subquery(query, safe))
