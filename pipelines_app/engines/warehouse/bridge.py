"""An engine that reads files, where some of its input lies in the warehouse: those tables are fetched first."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines.base import (
    Answer,
    Audit,
    Engine,
    Limits,
    Loaded,
    Look,
    Place,
    Relation,
    Table,
    Wanted,
    Written,
)
from pipelines_app.engines.often import Asked
from pipelines_app.engines.warehouse.engine import PostgresEngine


class Bridge:
    """Implements `Engine`."""

    dialect: ClassVar[str] = "duckdb"

    def __init__(self, files: Engine, tables: Callable[[], PostgresEngine], *, between: Path) -> None:
        self._files = files
        self._tables = tables
        self._between = between

    def close(self) -> None:
        """Both engines belong to whoever made them."""

    def look(self, path: Path, *, format: Format, name: str, limits: Limits, wanted: Wanted | None = None) -> Look:
        return self._files.look(path, format=format, name=name, limits=limits, wanted=wanted)

    def load(
        self, files: Mapping[str, Path], source: Source, into: Place, limits: Limits, audit: Audit | None = None
    ) -> Loaded:
        with self._audit(audit, limits) as audit:
            return self._files.load(files, source, into, limits, audit)

    def materialise(
        self,
        statement: exp.Query,
        inputs: Sequence[Relation],
        columns: Sequence[Column],
        into: Place,
        limits: Limits,
        audit: Audit | None = None,
    ) -> Written:
        with self._fetched(inputs, limits) as inputs, self._audit(audit, limits) as audit:
            return self._files.materialise(statement, inputs, columns, into, limits, audit)

    def measure(self, statements: Sequence[Asked], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        with self._fetched(inputs, limits) as inputs:
            return self._files.measure(statements, inputs, limits)

    def ask(self, statements: Sequence[exp.Query], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        with self._fetched(inputs, limits) as inputs:
            return self._files.ask(statements, inputs, limits)

    def preview(self, statement: exp.Query, inputs: Sequence[Relation], *, rows: int, limits: Limits) -> Answer:
        with self._fetched(inputs, limits) as inputs:
            return self._files.preview(statement, inputs, rows=rows, limits=limits)

    def explain(self, statement: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        return self._files.explain(statement, inputs)

    def export(
        self, statement: exp.Query, inputs: Sequence[Relation], *, format: Format, into: Path, limits: Limits
    ) -> Written:
        with self._fetched(inputs, limits) as inputs:
            return self._files.export(statement, inputs, format=format, into=into, limits=limits)

    def drop(self, places: Sequence[Place]) -> None:
        tables = [place for place in places if isinstance(place, Table)]
        self._files.drop([place for place in places if place not in tables])
        if tables:
            self._tables().drop(tables)

    @contextmanager
    def _audit(self, audit: Audit | None, limits: Limits) -> Iterator[Audit | None]:
        if audit is None:
            yield None
            return
        with self._fetched(audit.others, limits) as others:
            yield replace(audit, others=tuple(others))

    @contextmanager
    def _fetched(self, relations: Sequence[Relation], limits: Limits) -> Iterator[list[Relation]]:
        """The same datasets, with files where there were tables; the files are gone afterwards."""
        with ExitStack() as passing:
            yield [self._in_files(relation, limits, passing) for relation in relations]

    def _in_files(self, relation: Relation, limits: Limits, passing: ExitStack) -> Relation:
        if not any(isinstance(place, Table) for place in relation.all_files):
            return relation
        into = self._between / uuid.uuid4().hex
        into.parent.mkdir(parents=True, exist_ok=True)
        passing.callback(into.unlink, missing_ok=True)
        self._tables().fetch(relation, into, limits)
        return replace(relation, files=(into,), earlier=(), query=None, reads=())
