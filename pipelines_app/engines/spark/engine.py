"""Spark behind the one Protocol: it computes, and DuckDB's walled-in children take in, seal and give out files."""

import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines.base import Answer, Audit, Engine, Limits, Loaded, Look, Place, Relation, Wanted, Written
from pipelines_app.engines.often import Asked
from pipelines_app.engines.spark.desk import Desk
from pipelines_app.engines.spark.session import opened

EXPLAIN_LIMITS = Limits(seconds=30.0, memory_bytes=1 << 30)
ROWS = "made.rows"
MOST_ASKED = 1_000


class SparkEngine:
    """Implements `Engine`; `between` is a folder of the lake for rows on their way, which Spark must see as well."""

    dialect: ClassVar[str] = "spark"

    def __init__(self, url: str, files: Engine, *, between: Path) -> None:
        self._url = url
        self._files = files
        self._between = between

    def close(self) -> None:
        """Nothing is kept open between two pieces of work."""

    def look(self, path: Path, *, format: Format, name: str, limits: Limits, wanted: Wanted | None = None) -> Look:
        return self._files.look(path, format=format, name=name, limits=limits, wanted=wanted)

    def load(
        self, files: Mapping[str, Path], source: Source, into: Place, limits: Limits, audit: Audit | None = None
    ) -> Loaded:
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
        """Spark writes as many files as it has hands; a child makes one of them, in the declared types, and audits it.

        So a version has one form and one fingerprint, whichever engine computed it.
        """
        began = time.monotonic()
        with self._opened(limits) as desk, self._folder() as folder:
            desk.lay(inputs)
            rows = desk.write(statement, columns, folder)
            written = self._files.materialise(_everything(rows, columns), [rows], columns, into, desk.rest, audit)
        return replace(written, seconds=time.monotonic() - began)

    def measure(self, statements: Sequence[Asked], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        """Checks and profiles are told by DuckDB from the same files: they mean the same on every engine."""
        return self._files.measure(statements, inputs, limits)

    def ask(self, statements: Sequence[exp.Query], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        with self._opened(limits) as desk:
            desk.lay(inputs)
            return [desk.answer(statement, MOST_ASKED) for statement in statements]

    def preview(self, statement: exp.Query, inputs: Sequence[Relation], *, rows: int, limits: Limits) -> Answer:
        with self._opened(limits) as desk:
            desk.lay(inputs)
            return desk.answer(statement, rows)

    def explain(self, statement: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        with self._opened(EXPLAIN_LIMITS) as desk:
            desk.lay([Relation(name=relation.name, columns=relation.columns) for relation in inputs])
            return desk.explain(statement)

    def export(
        self, statement: exp.Query, inputs: Sequence[Relation], *, format: Format, into: Path, limits: Limits
    ) -> Written:
        with self._opened(limits) as desk, self._folder() as folder:
            desk.lay(inputs)
            columns = desk.explain(statement)
            rows = desk.write(statement, columns, folder)
            query = _everything(rows, columns)
            return self._files.export(query, [rows], format=format, into=into, limits=desk.rest)

    def drop(self, places: Sequence[Place]) -> None:
        self._files.drop(places)

    @contextmanager
    def _opened(self, limits: Limits) -> Iterator[Desk]:
        with opened(self._url, limits) as session:
            yield Desk(session, rows=ROWS)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """A folder that is not there yet, and is gone again afterwards."""
        folder = self._between / uuid.uuid4().hex
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _everything(rows: Relation, columns: Sequence[Column]) -> exp.Select:
    """What Spark wrote, under the names that are declared."""
    layer, _, table = ROWS.partition(".")
    chosen = [
        exp.alias_(exp.column(exp.to_identifier(held.name, quoted=True)), column.name, quoted=True)
        for held, column in zip(rows.columns, columns, strict=True)
    ]
    return exp.select(*chosen).from_(exp.table_(table, db=layer, quoted=True))
