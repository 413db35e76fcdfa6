"""PostgreSQL behind the one Protocol; files that arrive or leave go through DuckDB's walled-in children."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines.base import Answer, Audit, Limits, Loaded, Look, Place, Relation, Table, Wanted, Written
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.engines.often import Asked, plainly
from pipelines_app.engines.warehouse import trees
from pipelines_app.engines.warehouse.crossing import Crossing
from pipelines_app.engines.warehouse.desk import MOST_MEASURED, Desk
from pipelines_app.engines.warehouse.session import Login, opened

EXPLAIN_LIMITS = Limits(seconds=20.0, memory_bytes=1 << 30)
ROWS = "made.rows"


class PostgresEngine:
    """Implements `Engine` for one login; `between` is a folder of the lake for rows on their way in or out."""

    dialect: ClassVar[str] = "postgres"

    def __init__(self, login: Login, files: DuckDBEngine, *, between: Path) -> None:
        self._login = login
        self._files = files
        self._crossing = Crossing(files, between)

    def close(self) -> None:
        """Nothing is kept open between two pieces of work."""

    def look(self, path: Path, *, format: Format, name: str, limits: Limits, wanted: Wanted | None = None) -> Look:
        return self._files.look(path, format=format, name=name, limits=limits, wanted=wanted)

    def load(
        self, files: Mapping[str, Path], source: Source, into: Place, limits: Limits, audit: Audit | None = None
    ) -> Loaded:
        if isinstance(into, Path):
            return self._files.load(files, source, into, limits, audit)
        began = time.monotonic()
        with self._crossing.place() as parquet:
            loaded = self._files.load(files, source, parquet, limits)
            with self._opened(limits) as desk:
                desk.lay(audit.others if audit else ())
                desk.bring(Relation(name=source.dataset, columns=source.columns, files=(parquet,)), into)
                return replace(loaded, written=desk.finished(into, source.columns, began, audit))

    def materialise(
        self,
        statement: exp.Query,
        inputs: Sequence[Relation],
        columns: Sequence[Column],
        into: Place,
        limits: Limits,
        audit: Audit | None = None,
    ) -> Written:
        began = time.monotonic()
        others = [other for other in (audit.others if audit else ()) if other not in inputs]
        with self._opened(limits) as desk:
            desk.lay([*inputs, *others])
            query = desk.written(statement)
            if isinstance(into, Table):
                desk.fill(into, query, columns)
                return desk.finished(into, columns, began, audit)
            written = desk.fetch(trees.cast_to(query, columns), columns, into)
            return replace(written, seconds=time.monotonic() - began, answers=desk.audited(audit, columns, into))

    def measure(self, statements: Sequence[Asked], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        with self._opened(limits) as desk:
            desk.lay(inputs)
            return [desk.answer(plainly(statement), MOST_MEASURED) for statement in statements]

    def ask(self, statements: Sequence[exp.Query], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        return self.measure(statements, inputs, limits)

    def preview(self, statement: exp.Query, inputs: Sequence[Relation], *, rows: int, limits: Limits) -> Answer:
        with self._opened(limits) as desk:
            desk.lay(inputs)
            return desk.answer(statement, rows)

    def explain(self, statement: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        with self._opened(EXPLAIN_LIMITS) as desk:
            desk.lay([Relation(name=relation.name, columns=relation.columns) for relation in inputs])
            query = desk.written(statement)
            desk.session.run(trees.planned(query))
            return desk.session.columns(query)

    def export(
        self, statement: exp.Query, inputs: Sequence[Relation], *, format: Format, into: Path, limits: Limits
    ) -> Written:
        with self._crossing.place() as parquet:
            with self._opened(limits) as desk:
                desk.lay(inputs)
                query = desk.written(statement)
                columns = tuple(_exact(column) for column in desk.session.columns(query))
                desk.fetch(query, columns, parquet)
            rows = Relation(name=ROWS, columns=columns, files=(parquet,))
            return self._files.export(_everything(columns), [rows], format=format, into=into, limits=limits)

    def fetch(self, relation: Relation, into: Path, limits: Limits) -> Written:
        """A dataset's rows as a Parquet file, for an engine that reads files."""
        with self._opened(limits) as desk:
            desk.lay([relation])
            return desk.fetch(desk.everything(relation), relation.columns, into)

    def drop(self, places: Sequence[Place]) -> None:
        for place in places:
            if isinstance(place, Table):
                with opened(self._login, EXPLAIN_LIMITS) as session:
                    session.run(trees.dropped(place))
                    session.commit()
        self._files.drop([place for place in places if isinstance(place, Path)])

    @contextmanager
    def _opened(self, limits: Limits) -> Iterator[Desk]:
        with opened(self._login, limits) as session:
            yield Desk(session, self._crossing, limits)


def _exact(column: Column) -> Column:
    """A sum of decimals has as many digits as it takes, which DuckDB keeps only as a text."""
    return replace(column, type="VARCHAR") if column.type == "DECIMAL" else column


def _everything(columns: Sequence[Column]) -> exp.Select:
    layer, _, table = ROWS.partition(".")
    chosen = [exp.column(exp.to_identifier(column.name, quoted=True)) for column in columns]
    return exp.select(*chosen).from_(exp.table_(table, db=layer, quoted=True))
