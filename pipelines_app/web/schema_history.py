"""How a dataset's columns changed from version to version. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

Columns = Sequence[dict[str, str]]


@dataclass(frozen=True)
class Change:
    """One change of the columns: with which version, and what, in words."""

    number: int
    version: int
    at: datetime
    said: list[str]


def changes(versions: Iterable[tuple[int, int, datetime, Columns]]) -> list[Change]:
    """The changes over published versions (number, id, moment, columns; oldest first), newest first."""
    found: list[Change] = []
    before: Columns | None = None
    for number, version, at, columns in versions:
        said = _first(columns) if before is None else _difference(before, columns)
        if said:
            found.append(Change(number=number, version=version, at=at, said=said))
        before = columns
    return found[::-1]


def _first(columns: Columns) -> list[str]:
    return [f"{len(columns)} columns to begin with"]


def _difference(before: Columns, after: Columns) -> list[str]:
    old = {column["name"]: column["type"] for column in before}
    new = {column["name"]: column["type"] for column in after}
    said = [f"{name} was added, {kind}" for name, kind in new.items() if name not in old]
    said += [f"{name} went" for name in old if name not in new]
    said += [f"{name} became {kind}, before {old[name]}" for name, kind in new.items() if old.get(name, kind) != kind]
    if not said and list(old) != list(new):
        said = ["the order of the columns changed"]
    return said
