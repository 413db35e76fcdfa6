"""DuckDB in walled-in child processes: the embedded default, on one machine."""

import hashlib
import json
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines import described, exporting, loading, looking, presenting, trees
from pipelines_app.engines.base import Answer, Audit, Limits, Loaded, Look, Place, Relation, Wanted, Written
from pipelines_app.engines.often import Asked, Often
from pipelines_app.engines.sandbox.pool import Pool
from pipelines_app.engines.sandbox.process import Yard
from pipelines_app.engines.sandbox.session import Needs, Session, bounds, opened
from pipelines_app.errors import EngineError

MOST_MEASURED = 1_000
EXPLAIN_MANY_LIMITS = Limits(seconds=60.0, memory_bytes=1 << 30)
EXPLAIN_LIMITS = Limits(seconds=20.0, memory_bytes=1 << 30)


class DuckDBEngine:
    """Implements `Engine`; one instance may be shared by all threads of a process. Quicker with `usual` limits."""

    dialect: ClassVar[str] = "duckdb"

    def __init__(
        self, lake: Path, *, size: int = 4, idle: int = 1, allow_unsandboxed: bool = False, usual: Limits | None = None
    ) -> None:
        told = bounds(usual) if usual is not None else None
        yard = Yard(lake=lake.resolve(), allow_unsandboxed=allow_unsandboxed, usual=told)
        self._pool = Pool(yard, size=size, idle=idle)

    def warm(self) -> None:
        """Have a child ready before the first work comes."""
        self._pool.warm()

    def close(self) -> None:
        """Kill the children; work in progress ends as KILLED."""
        self._pool.close()

    def look(self, path: Path, *, format: Format, name: str, limits: Limits, wanted: Wanted | None = None) -> Look:
        needs = Needs(readable=[path], unpacked=1, names=[(str(path), name)])
        with opened(self._pool, needs, limits) as session:
            return looking.look(session, path, format=format, name=name, wanted=wanted or Wanted())

    def load(
        self, files: Mapping[str, Path], source: Source, into: Place, limits: Limits, audit: Audit | None = None
    ) -> Loaded:
        began = time.monotonic()
        arriving = list(files.values())
        others = audit.others if audit else ()
        needs = Needs(
            readable=[*arriving, *_files(others)],
            unpacked=len(arriving),
            names=[*((str(path), name) for name, path in files.items()), *_names(others)],
            setup=trees.views(others),
        )
        with opened(self._pool, needs, limits) as session:
            verdict = loading.load(session, files, source)
            answers = _audited(session, source.columns, audit)
            written = _finished(session, source.columns, into, began, answers)
        return Loaded(written=written, rejected=verdict.rejected, rejects=verdict.rejects)

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
        with self._over(
            [*inputs, *(other for other in (audit.others if audit else ()) if other not in inputs)], limits
        ) as session:
            session.query(trees.parquet_copy(trees.cast_to(statement, columns), session.output))
            return _finished(session, columns, into, began, _audited(session, columns, audit))

    def measure(self, statements: Sequence[Asked], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        with self._over(inputs, limits) as session:
            over = described.shape(inputs)
            return [
                _told(session, one) if isinstance(one, Often) else _answer(session, one, MOST_MEASURED, over)
                for one in statements
            ]

    def ask(self, statements: Sequence[exp.Query], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        return self.measure(statements, inputs, limits)

    def preview(self, statement: exp.Query, inputs: Sequence[Relation], *, rows: int, limits: Limits) -> Answer:
        with self._over(inputs, limits) as session:
            return _answer(session, statement, rows)

    def explain(self, statement: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        with self.explaining(EXPLAIN_LIMITS) as explained:
            return explained(statement, inputs)

    @contextmanager
    def explaining(
        self, limits: Limits = EXPLAIN_MANY_LIMITS
    ) -> Iterator[Callable[[exp.Query, Sequence[Relation]], tuple[Column, ...]]]:
        """Explain several queries in one session: what one reads is laid anew over what one before it read."""
        with self._over((), limits) as session:
            yield partial(_explained, session)

    def export(
        self, statement: exp.Query, inputs: Sequence[Relation], *, format: Format, into: Path, limits: Limits
    ) -> Written:
        began = time.monotonic()
        with self._over(inputs, limits) as session:
            columns = _columns(session, statement)
            rows = session.query(exporting.written_as(format, statement, columns, session.output)).rows[0][0]
            digest = session.ask("digest", path=str(session.output))["sha256"]
            size = session.keep(into)
        return Written(
            path=into,
            rows=int(str(rows)),
            bytes=size,
            columns=tuple(Column(name=name, type=type_) for name, type_ in columns),
            fingerprint=digest,
            seconds=time.monotonic() - began,
        )

    def drop(self, places: Sequence[Place]) -> None:
        for place in places:
            _file(place).unlink(missing_ok=True)

    def to_text(self, relation: Relation, into: Path, limits: Limits) -> None:
        """Write a dataset's rows as CSV in which null is nothing and an empty text is a quoted one."""
        with self._over([relation], limits) as session:
            session.query(trees.text_copy(relation, session.output))
            session.keep(into)

    def from_text(self, text: Path, columns: Sequence[Column], into: Path, limits: Limits) -> Written:
        """Make a Parquet file of such a CSV."""
        began = time.monotonic()
        needs = Needs(readable=[text], names=[(str(text), "the rows")])
        with opened(self._pool, needs, limits) as session:
            session.query(trees.parquet_copy(trees.from_text(text, columns), session.output))
            return _finished(session, columns, into, began)

    def _over(self, inputs: Sequence[Relation], limits: Limits) -> AbstractContextManager[Session]:
        needs = Needs(
            readable=_files(inputs),
            names=_names(inputs),
            setup=trees.views(inputs),
        )
        return opened(self._pool, needs, limits)


def _files(relations: Sequence[Relation]) -> list[Path]:
    return [_file(place) for relation in relations for place in relation.all_files]


def _file(place: Place) -> Path:
    if isinstance(place, Path):
        return place
    raise EngineError(
        f"{place} is a table of the warehouse, and DuckDB reads files.",
        kind=EngineError.STATEMENT,
        todo="Make the dataset anew where it is to be read.",
    )


def _names(relations: Sequence[Relation]) -> list[tuple[str, str]]:
    return [(str(file), relation.name) for relation in relations for file in relation.all_files]


def _audited(session: Session, columns: Sequence[Column], audit: Audit | None) -> tuple[Answer, ...]:
    """Run an audit over the session's output, which stands under its dataset's name from here on."""
    if audit is None:
        return ()
    output = Relation(name=audit.dataset, columns=tuple(columns), files=(session.output,))
    for statement in trees.view(output):
        session.query(statement)
    over = described.shape([output, *audit.others])
    return tuple(_answer(session, statement, MOST_MEASURED, over) for statement in audit.statements)


def _finished(
    session: Session, columns: Sequence[Column], into: Place, began: float, answers: tuple[Answer, ...] = ()
) -> Written:
    """Take stock of the session's Parquet output and move it to its place."""
    count, total = session.query(trees.content_hash([session.output], columns)).rows[0]
    content = [[(column.name, column.type) for column in columns], count, total]
    size = session.keep(_file(into))
    return Written(
        path=into,
        rows=int(str(count)),
        bytes=size,
        columns=tuple(columns),
        fingerprint=hashlib.sha256(json.dumps(content).encode()).hexdigest(),
        seconds=time.monotonic() - began,
        answers=answers,
    )


def _columns(session: Session, statement: exp.Query) -> list[tuple[str, str]]:
    rows = session.query(trees.describe(statement)).rows
    return [(str(row[0]), trees.TYPE_OF_NULL.get(str(row[1]), str(row[1]))) for row in rows]


def _explained(session: Session, statement: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
    for relation in inputs:
        for laid in trees.view(Relation(name=relation.name, columns=relation.columns)):
            laid.set("replace", laid.args.get("kind") == "VIEW")
            session.query(laid)
    columns = _columns(session, statement)
    session.query(trees.planned(statement))
    return tuple(Column(name=name, type=type_) for name, type_ in columns)


def _told(session: Session, asked: Often) -> Answer:
    began = time.monotonic()
    table = session.run(asked.written(DuckDBEngine.dialect), rows=MOST_MEASURED, given=asked.given)
    columns = tuple(Column(name=name, type=type_) for name, type_ in table.columns)
    return Answer(columns=columns, rows=table.rows, truncated=table.more, seconds=time.monotonic() - began)


def _answer(session: Session, statement: exp.Query, rows: int, over: Hashable = None) -> Answer:
    """The first rows; `over` is the shape of what is read, where the columns follow from that and the statement."""
    began = time.monotonic()
    columns = described.columns(statement, over, lambda: _columns(session, statement))
    table = session.query(trees.for_people(statement, columns, rows + 1), rows=rows)
    return Answer(
        columns=tuple(Column(name=name, type=type_) for name, type_ in columns),
        rows=tuple(presenting.row(row, columns) for row in table.rows),
        truncated=table.more,
        seconds=time.monotonic() - began,
    )
