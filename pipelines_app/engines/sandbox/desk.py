"""The child's desk: an in-memory DuckDB, opened once, locked in each copy, and the few things that may be asked."""

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from pipelines_app.engines.sandbox import files, warming
from pipelines_app.engines.sandbox.framing import Message
from pipelines_app.engines.sandbox.plain import Unfit, plain

THREADS = 2
# Of a thread: its stack, and the heap that it may set aside before it takes anything.
THREAD_BYTES = (8 + 64) << 20

HARDENED: tuple[tuple[str, object], ...] = (
    ("SET python_enable_replacements = ?", False),
    ("SET autoinstall_known_extensions = ?", False),
    ("SET autoload_known_extensions = ?", False),
    ("SET allow_community_extensions = ?", False),
    ("SET allow_persistent_secrets = ?", False),
    ("SET TimeZone = ?", "UTC"),
)


class Desk:
    """Serves one session, in a copy of the process that made it. Until then no thread runs that a copy would lack."""

    def __init__(self, scratch: str, stat: int, *, usual: Message | None) -> None:
        """`usual` is what most sessions may take: then all is made ready for them beforehand."""
        self._stat = stat
        self._connection = _connected(scratch)
        self._bounds: dict[str, object] = {}
        if usual is not None:
            try:
                warming.warm(self._connection)
            except (duckdb.Error, OSError):  # a full disk, say: whoever works here will be told of it, in his own words
                self._connection = _connected(scratch)
            self._limit(usual)
        threads = self._threads_and_size()[0]
        if threads != 1:
            raise OSError(errno.EBUSY, f"the engine has {threads} threads, so that it cannot be copied")
        self._asked: dict[str, Callable[[Message], Message]] = {
            "open": self._open,
            "query": self._query,
            "prepare": self._prepare,
            "survey": self._survey,
            "head": self._head,
            "lines": self._lines,
            "records": self._records,
            "lines_with_text": self._lines_with_text,
            "digest": self._digest,
            "close": self._close,
        }

    def answer(self, question: Message) -> Message:
        """Do what is asked; a fault of the statement or the file is an answer too."""
        try:
            return self._asked[question["op"]](question)
        except duckdb.Error as error:
            return {"error": type(error).__name__, "message": plain(str(error))}
        except (files.SourceFault, Unfit, MemoryError, OSError, RuntimeError, UnicodeError) as error:
            return {"error": type(error).__name__, "message": plain(str(error))}

    def _open(self, question: Message) -> Message:
        self._connection.execute("SET threads = ?", [THREADS])
        self._limit(question)
        closing = (
            ("SET allowed_paths = ?", question["paths"]),
            ("SET enable_external_access = ?", False),
            ("SET lock_configuration = ?", True),
        )
        for statement, value in closing:
            self._connection.execute(statement, [value])
        self._bound(int(question["memory"]))
        for statement in question["setup"]:
            self._connection.execute(statement)
        return {"pid": os.getpid()}

    def _limit(self, asked: Message) -> None:
        """Bound memory, spilling and time by what is asked, where that is not so already."""
        bounds: dict[str, object] = {
            "SET memory_limit = ?": f"{int(asked['memory']) * 3 // 4}B",
            "SET max_temp_directory_size = ?": f"{asked['spill']}B",
            "SET max_execution_time = ?": int(asked["seconds"] * 1000),
        }
        for statement, value in bounds.items():
            if self._bounds.get(statement) != value:
                self._connection.execute(statement, [value])
        self._bounds = bounds

    def _query(self, question: Message) -> Message:
        result = self._connection.execute(question["sql"], question["given"] or None)
        columns = [(plain(column[0]), str(column[1])) for column in result.description or []]
        most = question["rows"]
        rows = result.fetchmany(most + 1)
        return {
            "columns": columns,
            "rows": [[plain(value) for value in row] for row in rows[:most]],
            "more": len(rows) > most,
        }

    def _prepare(self, question: Message) -> Message:
        return {"path": files.prepare(_delivered(question))}

    def _survey(self, question: Message) -> Message:
        path, encoding, start = files.survey(_delivered(question), question.get("declared", ""))
        return {"path": path, "encoding": encoding, "start": plain(start.decode("utf-8-sig", "replace"))}

    def _head(self, question: Message) -> Message:
        records = files.head(
            Path(question["path"]),
            name=question["name"],
            delimiter=question["delimiter"],
            quote=question["quote"],
            records=question["records"],
        )
        return {"records": plain(records)}

    def _lines(self, question: Message) -> Message:
        return {"lines": files.lines(Path(question["path"]), question["offsets"])}

    def _records(self, question: Message) -> Message:
        found = files.records(
            Path(question["path"]),
            delimiter=question["delimiter"],
            quote=question["quote"],
            passed={*question["broken"], *([1] if question["header"] else [])},
            ordinals=question["ordinals"],
        )
        return {"records": plain(found)}

    def _lines_with_text(self, question: Message) -> Message:
        return {"lines": files.lines_with_text(Path(question["path"]), question["ordinals"])}

    def _digest(self, question: Message) -> Message:
        return {"sha256": files.digest(Path(question["path"]))}

    def _close(self, question: Message) -> Message:
        return {}

    def _bound(self, memory: int) -> None:
        """Bound the address space at what is in use and `memory` more: some expressions ignore DuckDB's own limit."""
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = self._threads_and_size()[1] + THREADS * THREAD_BYTES + memory
        resource.setrlimit(resource.RLIMIT_AS, (min(wanted, hard) if hard >= 0 else wanted, hard))

    def _threads_and_size(self) -> tuple[int, int]:
        # Opened before the wall went up: /proc cannot be reached from inside. A copy reads what its original is.
        after_name = os.pread(self._stat, 1000, 0).rpartition(b")")[2].split()
        return int(after_name[17]), int(after_name[20])


def _connected(scratch: str) -> Any:
    connection = duckdb.connect(":memory:", config={"threads": 1, "async_threads": 0})
    for statement, value in HARDENED:
        connection.execute(statement, [value])
    connection.execute("SET temp_directory = ?", [f"{scratch}/spill"])
    return connection


def _delivered(question: Message) -> files.Delivered:
    return files.Delivered(
        path=Path(question["path"]),
        name=question["name"],
        encoding=question.get("encoding", "utf-8"),
        into=Path(question["into"]),
        most_bytes=question["most_bytes"],
        check=question.get("check", False),
    )
