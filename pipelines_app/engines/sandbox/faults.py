"""What the child reports as an error, as an EngineError in words that are safe and useful to whoever reads them."""

import re
from collections.abc import Sequence

from pipelines_app.errors import EngineError

SQL_TAIL = re.compile(r"\n\s*LINE \d+:.*", re.DOTALL)
HINTS = re.compile(r"\n\s*Possible (?:solutions|fixes):.*", re.DOTALL)
PREFIX = re.compile(r"^(?:INTERRUPT|TransactionContext|[A-Z][A-Za-z]*(?: [A-Z][a-z]+| to| of)*) Error: ", re.IGNORECASE)
OWN_TABLES = re.compile(r'\nDid you mean "(?:pg_|duckdb_|sqlite_|information_schema)[^"]*"\?')
HOST_PATH = re.compile(r"(?<![\w/])/(?:[\w.+@~-]+/)+[\w.+@~-]*")
MEANINGS = {
    "CSV Parser state machine reached an invalid state": "its lines end in different ways, or its quotes do not match",
}
NO_ROOM = ("no space left", "could not write", "file too large", "max_temp_directory_size", "disk quota")

KINDS = {
    "OutOfMemoryException": EngineError.MEMORY,
    "MemoryError": EngineError.MEMORY,
    "InterruptException": EngineError.DEADLINE,
    "SourceFault": EngineError.SOURCE,
    "InternalException": EngineError.KILLED,
    "FatalException": EngineError.KILLED,
}
TOO_LONG = "The answer is too long to show: it has more than 64 MB."
WORDS = {
    EngineError.MEMORY: ("The work needed more memory than it may have.", "Let it read or hold less at once."),
    EngineError.DEADLINE: ("The work took longer than it may.", "Let it read less, or ask for more time."),
    EngineError.DISK: ("The disk is full.", "Make room on the disk, then run it again."),
    EngineError.KILLED: ("The engine failed inside while doing the work.", "Run it again; report it if it comes back."),
}


def engine_error(name: str, message: str, names: Sequence[tuple[str, str]]) -> EngineError:
    """Turn an exception's class name and text into an EngineError; `names` maps paths to what people call them."""
    safe = cleaned(message, names)
    kind = _kind(name, message)
    said, todo = WORDS.get(kind, (TOO_LONG if name == "TooLong" else safe, ""))
    return EngineError(said, kind=kind, todo=todo, detail=f"{name}: {safe}")


def cleaned(message: str, names: Sequence[tuple[str, str]]) -> str:
    """Leave out where on the host things are, the statement the engine quotes, and its advice on settings."""
    for theirs, ours in MEANINGS.items():
        if theirs in message:
            return ours
    text = OWN_TABLES.sub("", HINTS.sub("", SQL_TAIL.sub("", message)))
    for path, name in sorted(names, key=lambda pair: -len(pair[0])):
        text = text.replace(path, name)
    return HOST_PATH.sub("…", PREFIX.sub("", text)).strip()


def _kind(name: str, message: str) -> str:
    if name in ("OutOfMemoryException", "IOException", "OSError") and any(w in message.lower() for w in NO_ROOM):
        return EngineError.DISK
    if "bad_alloc" in message or "bad allocation" in message:
        return EngineError.MEMORY
    return KINDS.get(name, EngineError.STATEMENT)
