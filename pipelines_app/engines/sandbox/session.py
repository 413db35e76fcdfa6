"""One piece of work in a child: a fresh connection that can reach the named files and nothing else."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from pipelines_app.engines.base import Limits, Row
from pipelines_app.engines.sandbox import faults
from pipelines_app.engines.sandbox.framing import Message
from pipelines_app.engines.sandbox.pool import Pool
from pipelines_app.engines.sandbox.process import Child, Watch
from pipelines_app.errors import EngineError

DIALECT = "duckdb"
OUTPUT = "output"
SPILL_BYTES = 50 << 30
MOST_ROWS = 100_000
CLOSE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Table:
    """A small result, whole in memory."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[object, ...], ...]
    more: bool

    def as_rows(self) -> list[Row]:
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a session may read, under which names people know those files, and the views to stand ready."""

    readable: Sequence[Path] = ()
    unpacked: int = 0
    names: Sequence[tuple[str, str]] = ()
    setup: Sequence[exp.Expr] = ()


class Session:
    """Statements and questions to one child, in order."""

    def __init__(self, child: Child, watch: Watch, names: Sequence[tuple[str, str]]) -> None:
        self._child = child
        self._watch = watch
        self._names = [*names, (str(child.scratch), "")]
        self.output = child.scratch / OUTPUT

    def unpacked(self, number: int) -> Path:
        """Where the child may put the plain text of arriving file `number`."""
        return self._child.scratch / f"unpacked-{number}"

    def query(self, statement: exp.Expr, *, rows: int = MOST_ROWS) -> Table:
        """Run a statement and give its first rows."""
        return self.run(statement.sql(DIALECT), rows=rows, given={})

    def run(self, text: str, *, rows: int, given: Mapping[str, str]) -> Table:
        """The same for a statement that is written already, with what is given in its places."""
        answer = self.ask("query", sql=text, rows=rows, given=given)
        return Table(
            columns=tuple((name, type_) for name, type_ in answer["columns"]),
            rows=tuple(tuple(row) for row in answer["rows"]),
            more=answer["more"],
        )

    def ask(self, op: str, **fields: object) -> Message:
        """Put any question the child's desk knows; its errors rise as EngineError."""
        answer = self._child.ask({"op": op, **fields}, self._watch)
        if "error" in answer:
            raise faults.engine_error(answer["error"], answer["message"], self._names)
        return answer

    def keep(self, into: Path) -> int:
        """Move the output to its place, whole and on disk, and give its size in bytes."""
        try:
            into.parent.mkdir(parents=True, exist_ok=True)
            _regular(self.output)
            _sync(self.output)
            self.output.replace(into)
            _sync(into.parent)
            return into.stat().st_size
        except OSError as error:
            raise EngineError(
                "The result could not be kept.", kind=EngineError.DISK, todo="Make room on the disk.", detail=str(error)
            ) from error

    def end(self) -> None:
        """Close the connection, in time of its own: the work may have used all it had."""
        if self._child.is_alive:
            watch = Watch(deadline=time.monotonic() + CLOSE_SECONDS, memory_bytes=self._watch.memory_bytes)
            self._child.ask({"op": "close"}, watch)
            self._child.rest()


@contextmanager
def opened(pool: Pool, needs: Needs, limits: Limits) -> Iterator[Session]:
    """Open a session in a child of the pool and end it whatever happens."""
    with ExitStack() as lent:
        yield _begun(pool, needs, limits, lent)


def _begun(pool: Pool, needs: Needs, limits: Limits, lent: ExitStack) -> Session:
    """A session that is open; a child that died before it had anything to do costs nobody an attempt."""
    try:
        return _open(pool, needs, limits, lent)
    except EngineError as error:
        if error.kind != EngineError.KILLED:
            raise
        lent.close()
        return _open(pool, needs, limits, lent)


def _open(pool: Pool, needs: Needs, limits: Limits, lent: ExitStack) -> Session:
    child, watch = lent.enter_context(pool.lend(limits))
    session = Session(child, watch, needs.names)
    lent.callback(session.end)
    begun = session.ask(
        "open",
        **bounds(limits),
        paths=[
            *map(str, needs.readable),
            str(session.output),
            *(str(session.unpacked(number)) for number in range(needs.unpacked)),
            *(f"{session.unpacked(number)}-text" for number in range(needs.unpacked)),
        ],
        setup=[statement.sql(DIALECT) for statement in needs.setup],
    )
    child.at_work = int(begun["pid"])
    return session


def bounds(limits: Limits) -> Message:
    """What a session may take, as its child is told."""
    return {"memory": limits.memory_bytes, "spill": SPILL_BYTES, "seconds": limits.seconds}


def _regular(path: Path) -> None:
    if path.is_symlink() or not path.is_file():
        raise OSError("the engine's output is not a file")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
