"""What Spark reports as an error, as an EngineError in words that are safe and useful to whoever reads them."""

import re
from collections.abc import Mapping

from pipelines_app.errors import EngineError

AWAY = "Spark cannot be reached."
CONDITION = re.compile(r"^\[[A-Z0-9_.]+\]\s*")
TAIL = re.compile(
    r"\s*(?:SQLSTATE: \w+|== SQL.*|JVM stacktrace:|; line \d+ pos \d+|If necessary set \"|Search path: ).*", re.DOTALL
)
HOST_PATH = re.compile(r"(?:file:)?(?<![\w/])/+(?:[\w.+@~-]+/)+[\w.+@~-]*")
WORDS = {
    EngineError.MEMORY: ("The work needed more memory than it may have.", "Let it read or hold less at once."),
    EngineError.DEADLINE: ("The work took longer than it may.", "Let it read less, or ask for more time."),
    EngineError.DISK: ("The disk that Spark writes to is full.", "Make room there, then run it again."),
    EngineError.KILLED: ("Spark broke off the work.", "Run it again; see that Spark is up if it comes back."),
}
BROKEN_OFF = ("OPERATION_CANCELED", "INVALID_HANDLE", "INVALID_CURSOR", "SESSION_", "RETRIES_EXCEEDED")
MEMORY = ("outofmemory", "out of memory", "unable_to_acquire_memory", "memory_limit")
ROOM = ("no space left", "disk quota")


def away(error: BaseException) -> EngineError:
    """No session was to be had."""
    return EngineError(
        AWAY,
        kind=EngineError.KILLED,
        todo="See that the Spark Connect server at LOOPLINE_SPARK_URL is up, then run it again.",
        detail=type(error).__name__,
    )


def engine_error(condition: str, said: str, names: Mapping[str, str]) -> EngineError:
    """Turn a fault of the client into an EngineError; `names` maps what stands in a session to what people call it."""
    kind = _kind(condition, said)
    safe = cleaned(said, names)
    if condition.startswith(("PATH_NOT_FOUND", "FAILED_READ_FILE")):
        kind, safe = EngineError.KILLED, "A file of what is read is not there for Spark."
    message, todo = WORDS.get(kind, (safe, ""))
    return EngineError(message, kind=kind, todo=todo, detail=f"{condition}: {safe}")


def cleaned(said: str, names: Mapping[str, str]) -> str:
    """Call things as people do, and leave out where on the host they are, the statement and advice on settings."""
    text = TAIL.sub("", CONDITION.sub("", said.strip()))
    for theirs, ours in sorted(names.items(), key=lambda pair: len(pair[0]), reverse=True):  # read_10 before read_1
        text = text.replace(f"`{theirs}`", ours).replace(theirs, ours)
    return HOST_PATH.sub("…", text).strip()


def _kind(condition: str, said: str) -> str:
    lowered = said.lower()
    if any(word in lowered for word in ROOM):
        return EngineError.DISK
    if any(word in lowered for word in MEMORY):
        return EngineError.MEMORY
    if not condition or condition.startswith(BROKEN_OFF):
        return EngineError.KILLED
    return EngineError.STATEMENT
