"""What loading finds out beside the good rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines_app.compiler.definition import Column
from pipelines_app.engines.base import Reject
from pipelines_app.engines.sandbox.session import Session

MOST_UNPACKED = 20_000_000_000
MOST_REJECTS = 100
MOST_TEXT = 2_000

# Where the contract names no text for NULL: DuckDB insists on at least one, and no file holds this.
NOT_A_NULL = "\x02"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How many lines were set aside, and the first of them."""

    rejected: int
    rejects: tuple[Reject, ...]


@dataclass(frozen=True, kw_only=True)
class Plain:
    """An arriving file ready for DuckDB: what people call it, where its plain text is, its columns in its own order."""

    name: str
    path: Path
    columns: tuple[Column, ...]


def unpacked(session: Session, files: Mapping[str, Path], encoding: str, *, check: bool = False) -> dict[str, Path]:
    """Give each file's plain UTF-8 text, after undoing compression and encoding; `check` reads plain UTF-8 too."""
    plain = {}
    for number, (name, path) in enumerate(files.items()):
        answer = session.ask(
            "prepare",
            path=str(path),
            name=name,
            encoding=encoding.lower(),
            into=str(session.unpacked(number)),
            most_bytes=MOST_UNPACKED,
            check=check,
        )
        plain[name] = Path(answer["path"])
    return plain
