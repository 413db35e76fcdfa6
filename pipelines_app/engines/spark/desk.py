"""What is laid out in one session: the datasets that queries read, under names of this session."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlglot import exp

from pipelines_app.compiler import statements
from pipelines_app.compiler.definition import Column
from pipelines_app.compiler.portable import doors
from pipelines_app.compiler.portable.spark import types, writing
from pipelines_app.engines import presenting
from pipelines_app.engines.base import Answer, Limits, Relation
from pipelines_app.engines.sandbox.plain import plain
from pipelines_app.engines.spark import frames
from pipelines_app.engines.spark.session import Session
from pipelines_app.errors import EngineError, StatementRefused

DIALECT = "spark"
MOST_BYTES = 64 << 20
AS_TEXT = ("DATE", "TIME", "DECIMAL", "INTERVAL")


class Desk:
    """One session's work; `rows` is what its output is called on its way into a file."""

    def __init__(self, session: Session, *, rows: str, aliases: str = "read") -> None:
        self._session = session
        self._rows = rows
        self._aliases = aliases
        self._laid: dict[str, str] = {}
        self._known: dict[str, tuple[Column, ...]] = {}

    @property
    def rest(self) -> Limits:
        return self._session.rest

    def lay(self, relations: Sequence[Relation]) -> None:
        """Have every dataset stand under a name of this session."""
        for relation in relations:
            alias = f"{self._aliases}_{len(self._laid)}"
            self._laid[relation.name.lower()] = alias
            self._known[relation.name.lower()] = relation.columns
            self._session.names[alias] = relation.name
            with self._session.faults():
                self._frame(relation, alias).createOrReplaceTempView(alias)

    def _frame(self, relation: Relation, alias: str) -> Any:
        """A dataset's rows; what is kept as a query sees what it reads, whatever stands under those names here."""
        if relation.query is None:
            return frames.frame(self._session.spark, relation)
        within = Desk(self._session, rows=self._rows, aliases=alias)
        within.lay(relation.reads)
        return frames.declared(self._session.spark.sql(within.text(relation.query)), relation)

    def query(self, statement: exp.Query) -> exp.Query:
        """The statement as Spark runs it here; raises EngineError with why it is not portable."""
        try:
            query = doors.written(statement, self._known, doors.SPARK)
        except StatementRefused as refused:
            raise EngineError(refused.message, kind=EngineError.STATEMENT) from refused
        for one in list(query.find_all(exp.Table)):
            if one.db:
                self._place(one)
        return query

    def text(self, statement: exp.Query) -> str:
        """The same as Spark reads it."""
        return self.query(statement).sql(DIALECT, comments=False)

    def _place(self, table: exp.Table) -> None:
        named = statements.dataset_name(table)
        if named not in self._laid:
            raise EngineError(f"There is no dataset {named} here.", kind=EngineError.STATEMENT)
        table.set("this", exp.to_identifier(self._laid[named], quoted=True))
        table.set("db", None)

    def explain(self, statement: exp.Query) -> tuple[Column, ...]:
        """Have Spark itself accept and plan a query, and name the columns it would give."""
        text = self.text(statement)
        with self._session.faults():
            plan = self._session.spark.sql(_planned(text)).collect()[0][0]
            if "Error occurred during query planning" in plan:
                self._session.spark.sql(text).limit(0).collect()
            return self._spelled(_columns(self._session.spark.sql(text)))

    def write(self, statement: exp.Query, columns: Sequence[Column], folder: Path) -> Relation:
        """Write the declared columns of a query as files, as the query gives them, under plain names."""
        text = self.text(statement)
        with self._session.faults():
            found = self._session.spark.sql(text)
            given = {field.name.lower(): field.dataType for field in found.schema.fields}
            _refuse_missing(columns, given)
            chosen = [_written(column, given[column.name.lower()], n) for n, column in enumerate(columns)]
            wanted = found.select(*chosen)
            held = _columns(wanted)
            wanted.write.parquet(f"file://{folder.resolve()}")
        files = tuple(sorted(folder.glob("*.parquet")))
        return Relation(name=self._rows, columns=held, files=files)

    def answer(self, statement: exp.Query, rows: int) -> Answer:
        """The first rows of a statement, for people."""
        began = time.monotonic()
        query = self.query(statement)
        with self._session.faults():
            columns = _columns(self._session.spark.sql(query.sql(DIALECT, comments=False)))
            told = for_people(query, columns, rows + 1).sql(DIALECT, comments=False)
            found = [tuple(row.values()) for row in self._session.spark.sql(told).toArrow().to_pylist()]
        if sum(len(value) for row in found for value in row if isinstance(value, str)) > MOST_BYTES:
            raise EngineError("The answer is too long to show: it has more than 64 MB.", kind=EngineError.STATEMENT)
        kinds = [(column.name, column.type) for column in columns]
        shown = tuple(presenting.row([plain(value) for value in row], kinds) for row in found[:rows])
        seconds = time.monotonic() - began
        return Answer(columns=self._spelled(columns), rows=shown, truncated=len(found) > rows, seconds=seconds)

    def _spelled(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Names as they are declared: qualified, all are in lower case."""
        declared = {column.name.lower(): column.name for known in self._known.values() for column in known}
        return tuple(replace(one, name=declared.get(one.name.lower(), one.name)) for one in columns)


def _planned(text: str) -> str:
    """Have the planner go through a query without running it."""
    return exp.Command(this="EXPLAIN", expression=exp.Literal.string(text)).sql(DIALECT)


def for_people(query: exp.Query, columns: Sequence[Column], rows: int) -> exp.Select:
    """The first rows of a query, what JSON has no value for as text."""
    safe = [f"c{number}" for number in range(len(columns))]
    names = [exp.to_identifier(alias, quoted=True) for alias in safe]
    within = exp.Subquery(this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier("q"), columns=names))
    chosen = [exp.alias_(_shown(alias, column), alias) for alias, column in zip(safe, columns, strict=True)]
    return exp.select(*chosen).from_(within).limit(rows)


def _columns(query: Any) -> tuple[Column, ...]:
    fields = query.schema.fields
    return tuple(Column(name=one.name, type=types.spelled(one.dataType.simpleString())) for one in fields)


def _refuse_missing(columns: Sequence[Column], given: dict[str, Any]) -> None:
    for column in columns:
        if column.name.lower() not in given:
            raise EngineError(f"The query gives no column '{column.name}'.", kind=EngineError.STATEMENT)


def _written(column: Column, given: Any, number: int) -> Any:
    """A column as the query gives it; what is nothing but null is so in its declared type."""
    value = frames.name(column.name)
    if given.simpleString() == "void":
        value = value.cast(frames.kept(column))
    return value.alias(f"c{number}")


def _shown(alias: str, column: Column) -> exp.Expr:
    """A column's values as JSON can hold them, or as text."""
    if column.type == "BINARY":
        raise EngineError(
            f"Column '{column.name}' holds bytes, which cannot be shown.",
            kind=EngineError.STATEMENT,
            todo="Leave it out, or turn it into text with hex(...).",
        )
    value = exp.column(alias, quoted=True)
    if not column.type.startswith(AS_TEXT):
        return value
    text = writing.cast(value, "STRING")
    # All times are told in UTC.
    return exp.DPipe(this=text, expression=exp.Literal.string("+00")) if column.type.endswith("ZONE") else text
