"""One piece of work in the warehouse: one transaction of the team's own login, watched from the outside."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from pipelines_app.compiler.definition import Column
from pipelines_app.compiler.portable import types
from pipelines_app.engines.base import Limits
from pipelines_app.engines.warehouse import faults, trees
from pipelines_app.engines.warehouse.client import pg
from pipelines_app.errors import EngineError

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

LOOK_EVERY = 0.5
PATIENCE = 2.0  # between asking a query to end and breaking its connection
CONNECT_SECONDS = 10
BLOCK = 1 << 20
MOST_WORK_MEMORY = 256 << 20

Rows = list[tuple[object, ...]]


@dataclass(frozen=True, kw_only=True)
class Login:
    """Where a warehouse is, and as whom to come; the password is shown nowhere."""

    url: str
    role: str = ""
    password: str = field(default="", repr=False)

    def connect(self, **options: str) -> "psycopg.Connection[TupleRow]":
        """A connection whose settings hold from its first statement on."""
        settings: dict[str, str | int | None] = {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "loopline",
            "options": " ".join(f"-c {key}={value}" for key, value in options.items()),
        }
        if self.role:
            settings |= {"user": self.role, "password": self.password}
        connection: psycopg.Connection[TupleRow] = pg().connect(pg().conninfo.make_conninfo(self.url, **settings))
        return connection


class Watchman:
    """Looks at a piece of work from another thread: what is over time or not wanted any more is ended."""

    def __init__(self, connection: "psycopg.Connection[TupleRow]", limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self._until = time.monotonic() + limits.seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="warehouse-watchman", daemon=True)
        self.reason = ""

    def __enter__(self) -> "Watchman":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self.reason = self._why_stop()
            if self.reason:
                self._stop()
                return

    def _why_stop(self) -> str:
        if time.monotonic() > self._until:
            return EngineError.DEADLINE
        beat = self._limits.heartbeat
        return EngineError.KILLED if beat is not None and not beat() else ""

    def _stop(self) -> None:
        """Ask the query to end; where it does not, break the connection, which the server notices within seconds."""
        asked = time.monotonic()
        while not self._over.wait(LOOK_EVERY):
            if time.monotonic() > asked + PATIENCE:
                with suppress(OSError, pg().Error), socket.socket(fileno=_duplicate(self._connection)) as line:
                    line.shutdown(socket.SHUT_RDWR)
                return
            with suppress(pg().Error):
                self._connection.cancel_safe(timeout=PATIENCE)


def _duplicate(connection: "psycopg.Connection[TupleRow]") -> int:
    with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as found:
        return found.detach()


class Session:
    """Statements to one connection, in order; nothing of them stays unless `commit` is called."""

    def __init__(self, connection: "psycopg.Connection[TupleRow]", watchman: Watchman) -> None:
        self._connection = connection
        self._watchman = watchman
        self.names: dict[str, str] = {}

    def run(self, statement: exp.Expr) -> Rows:
        """Run one statement and give its rows, if it has any; only one, whatever its text holds."""
        with self.faults():
            cursor = self._connection.execute(trees.text(statement).encode(), prepare=True)
            return cursor.fetchall() if cursor.description is not None else []

    def columns(self, query: exp.Query) -> tuple[Column, ...]:
        """The columns a query gives, without running it."""
        with self.faults():
            cursor = self._connection.execute(trees.text(query.limit(0)).encode(), prepare=True)
            return tuple(_column(one, self._connection) for one in cursor.description or ())

    def take_in(self, copy: str, path: Path) -> None:
        """COPY ... FROM STDIN, from a file."""
        with self.faults(), path.open("rb") as source, self._connection.cursor().copy(copy.encode()) as sink:
            while block := source.read(BLOCK):
                sink.write(block)

    def give_out(self, copy: str, path: Path) -> None:
        """COPY ... TO STDOUT, into a file."""
        with self.faults(), path.open("wb") as sink, self._connection.cursor().copy(copy.encode()) as source:
            for block in source:
                sink.write(block)

    def commit(self) -> None:
        """Keep what was done; it is on the server's disk when this returns."""
        with self.faults():
            self._connection.commit()

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Errors of the driver, in the product's words."""
        try:
            yield
        except pg().Error as error:
            raise self._said(error) from error
        except OSError as error:
            raise EngineError(
                "The rows could not be kept on the way.", kind=EngineError.DISK, todo="Make room on the disk."
            ) from error

    def _said(self, error: "psycopg.Error") -> EngineError:
        reason = self._watchman.reason
        if reason == EngineError.KILLED:
            return EngineError("The work was stopped.", kind=EngineError.KILLED)
        if reason:
            said, todo = faults.WORDS[reason]
            return EngineError(said, kind=reason, todo=todo)
        return faults.engine_error(error, self.names)


@contextmanager
def opened(login: Login, limits: Limits) -> Iterator[Session]:
    """Open a session and end it whatever happens; what was not committed is as if it had never been."""
    connection = _connected(login, _settings(limits))
    try:
        with Watchman(connection, limits) as watchman:
            yield Session(connection, watchman)
    finally:
        with suppress(pg().Error):
            connection.close()


def _settings(limits: Limits) -> Mapping[str, str]:
    memory = max(4 << 20, min(MOST_WORK_MEMORY, limits.memory_bytes // 8))
    return {
        "statement_timeout": f"{int(limits.seconds * 1000) + 1000}",
        "lock_timeout": "10000",
        "idle_in_transaction_session_timeout": "300000",
        "client_connection_check_interval": "1000",
        "search_path": "pg_catalog",
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "extra_float_digits": "1",
        "standard_conforming_strings": "on",
        "work_mem": f"{memory // 1024}kB",
        "jit": "off",
    }


def _connected(login: Login, settings: Mapping[str, str]) -> "psycopg.Connection[TupleRow]":
    try:
        return login.connect(**settings)
    except pg().Error as error:
        raise EngineError(
            faults.AWAY, kind=EngineError.KILLED, todo="Run it again once it answers.", detail=type(error).__name__
        ) from error


def _column(found: "psycopg.Column", connection: "psycopg.Connection[TupleRow]") -> Column:
    known = connection.adapters.types.get(found.type_code)
    spelled = types.spelled(known.name if known else "", found.precision, found.scale)
    return Column(name=found.name, type=spelled)
