"""What PostgreSQL reports as an error, as an EngineError in words that are safe and useful to whoever reads them."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines_app.errors import EngineError

if TYPE_CHECKING:
    import psycopg

PHYSICAL = re.compile(r'"?\b(?:pg_temp(?:_\d+)?\.)?(?:\w+\.)?\w+__[0-9a-f]{12}\b"?')
AWAY = "The warehouse cannot be reached."
WORDS = {
    EngineError.MEMORY: ("The work needed more memory than it may have.", "Let it read or hold less at once."),
    EngineError.DEADLINE: ("The work took longer than it may.", "Let it read less, or ask for more time."),
    EngineError.DISK: ("The warehouse's disk is full.", "Make room there, then run it again."),
}
# By SQLSTATE, or by its class where the whole class means the same.
KINDS = {
    "53100": EngineError.DISK,
    "53200": EngineError.MEMORY,
    "53400": EngineError.MEMORY,
    "57014": EngineError.DEADLINE,
    "55P03": EngineError.KILLED,
    "40": EngineError.KILLED,
    "53": EngineError.KILLED,
    "57": EngineError.KILLED,
    "58": EngineError.KILLED,
    "08": EngineError.KILLED,
    "XX": EngineError.KILLED,
}


def engine_error(error: "psycopg.Error", names: Mapping[str, str]) -> EngineError:
    """Turn a driver's error into an EngineError; `names` maps what stands in a session to what people call it."""
    state = error.sqlstate or ""
    said = error.diag.message_primary or ""
    if not state:
        return EngineError(AWAY, kind=EngineError.KILLED, todo="Run it again once it answers.", detail=str(error))
    kind = KINDS.get(state) or KINDS.get(state[:2], EngineError.STATEMENT)
    safe = cleaned(said, names)
    message, todo = WORDS.get(kind, (safe, ""))
    if state == "42501":
        message, todo = (
            "The team's login may not do that in the warehouse.",
            "Read only datasets that the team may see.",
        )
    return EngineError(message, kind=kind, todo=todo, detail=f"{state}: {safe}")


def cleaned(message: str, names: Mapping[str, str]) -> str:
    """Call things as people do."""
    for theirs, ours in names.items():
        message = message.replace(f'"{theirs}"', ours).replace(f"pg_temp.{theirs}", ours)
    return PHYSICAL.sub("the dataset", message)
