"""What differs between two definitions, in words an analyst uses. Documents in, sentences out."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SHORT = 60
SECTIONS = {"parameters": "parameter", "sources": "source", "steps": "step", "values": "value"}
LISTS = {"checks": "check", "emails": "address"}
LABELS = {"sql": "SQL", "from": "file name", "null": "what counts as empty", "emails": "addresses"}

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One difference: kind is added, removed or changed; where it is, what it is, and both values if they are short."""

    kind: str
    where: str
    what: str
    old: str = ""
    new: str = ""


def changes(old: Document, new: Document) -> list[Change]:
    """Every difference, part by part, in the order of the newer definition."""
    before, after = dict(_parts(old)), dict(_parts(new))
    found: list[Change] = []
    for where in [*after, *(where for where in before if where not in after)]:
        if where not in before:
            found.append(Change("added", where, ""))
        elif where not in after:
            found.append(Change("removed", where, ""))
        else:
            found += _within(where, before[where], after[where])
    return found


def _parts(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts that are compared one by one: the pipeline itself, each parameter, source and step."""
    yield "pipeline", {key: value for key, value in document.items() if key not in SECTIONS}
    for section, word in SECTIONS.items():
        held = document.get(section) or {}
        named = held.items() if isinstance(held, Mapping) else ((part["dataset"], part) for part in held)
        for name, part in named:
            yield f"{word} {name}", dict(part) if isinstance(part, Mapping) else {"": part}


def _within(where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for key in [*new, *(key for key in old if key not in new)]:
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        label = LABELS.get(key, key.replace("_", " "))
        if key in LISTS:
            yield from _items(where, LISTS[key], before or [], after or [])
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            word = "column" if key == "columns" else label
            yield from _entries(where, word, before, after)
        else:
            yield _one(where, label, before, after)


def _items(where: str, word: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    before, after = [_written(item) for item in old], [_written(item) for item in new]
    yield from (Change("added", where, f"{word} {item}") for item in after if item not in before)
    yield from (Change("removed", where, f"{word} {item}") for item in before if item not in after)


def _entries(where: str, word: str, old: Document, new: Document) -> Iterator[Change]:
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) != new.get(name):
            yield _one(where, f"{word} {name}", old.get(name), new.get(name))


def _one(where: str, what: str, old: object, new: object) -> Change:
    before, after = _written(old), _written(new)
    kind = "added" if old is None else "removed" if new is None else "changed"
    if max(len(before), len(after)) > SHORT or "\n" in before + after:
        return Change(kind, where, what)
    return Change(kind, where, what, before, after)


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_written(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_written(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
