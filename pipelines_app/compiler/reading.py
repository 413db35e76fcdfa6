"""Reading a document: every fault is noted with its path and reading goes on, so that all are told at once."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from pipelines_app.compiler import names
from pipelines_app.errors import Problem

Choice = TypeVar("Choice", bound=StrEnum)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def step_into(path: str, key: str | int) -> str:
    """The path of something inside: `a.b`, `a[3]`, `a["b.c"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _PLAIN_KEY.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def described(value: object) -> str:
    """A value's kind in the words of a document."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    words: dict[type, str] = {str: "a text", int: "a number", float: "a number", list: "a list", tuple: "a list"}
    return words.get(type(value), "a mapping" if isinstance(value, Mapping) else type(value).__name__)


@dataclass(frozen=True)
class Reader:
    """One mapping of a document; faults go to the list all readers of the document share."""

    entries: Mapping[str, object]
    path: str = ""
    problems: list[Problem] = field(default_factory=list)

    def fault(self, key: str | int, message: str, *, suggestion: str = "") -> None:
        path = step_into(self.path, key) if key != "" else self.path
        self.problems.append(Problem(path=path, message=message, suggestion=suggestion))

    def only(self, *known: str) -> None:
        """Refuse every key but these."""
        for key in self.entries:
            if key not in known:
                near = names.nearest(str(key), known)
                allowed = f"; known here: {', '.join(known)}" if not near else f"; did you mean {near}?"
                self.fault(str(key), f"unknown key {key!r}{allowed}", suggestion=near)

    def has(self, key: str) -> bool:
        return self.entries.get(key) is not None

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        value = self.entries.get(key)
        if value is None or (value == "" and required):
            if required:
                self.fault(key, f"{key} is missing")
            return default
        if not isinstance(value, str):
            self.fault(key, f"must be a text, not {described(value)}")
            return default
        return value

    def checked(self, key: str, fault: Callable[[str], str], *, required: bool = False) -> str:
        """A text that a rule must find no fault with."""
        value = self.text(key, required=required)
        message = fault(value) if value else ""
        if message:
            self.fault(key, message)
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.entries.get(key, default)
        if not isinstance(value, bool):
            self.fault(key, f"must be true or false, not {described(value)}")
            return default
        return value

    def whole(self, key: str, default: int, *, least: int = 0) -> int:
        value = self.entries.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.fault(key, f"must be a whole number of at least {least}")
            return default
        return value

    def choice(self, key: str, of: type[Choice], default: Choice, *, required: bool = False) -> Choice:
        value = self.text(key, required=required)
        if not value:
            return default
        allowed = [member.value for member in of if member.value]
        if value not in allowed:
            near = names.nearest(value, allowed)
            self.fault(key, f"{value!r} is not one of {', '.join(allowed)}", suggestion=near)
            return default
        return of(value)

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts; one text stands for a list of one."""
        value = self.entries.get(key)
        if value is None:
            return default
        listed: Sequence[object] = [value] if isinstance(value, str) else _as_list(value)
        if not isinstance(value, str | list | tuple) or not all(isinstance(item, str) for item in listed):
            self.fault(key, f"must be a list of texts, not {described(value)}")
            return default
        return tuple(str(item) for item in listed)

    def section(self, key: str) -> "Reader | None":
        """The mapping under a key, or None where there is none."""
        value = self.entries.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.fault(key, f"must be a mapping, not {described(value)}")
            return None
        return Reader(value, step_into(self.path, key), self.problems)

    def sections(self, key: str) -> "Iterator[tuple[str, Reader]]":
        """The mappings in the mapping under a key, by their names."""
        outer = self.section(key)
        for name in outer.entries if outer else ():
            inner = outer.section(str(name)) if outer else None
            if inner is not None:
                yield str(name), inner
            elif outer and outer.entries[name] is None:
                outer.fault(str(name), "is empty")

    def listed(self, key: str) -> list[tuple[str, object]]:
        """The items of the list under a key, each with its path."""
        value = self.entries.get(key)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.fault(key, f"must be a list, not {described(value)}")
            return []
        path = step_into(self.path, key)
        return [(step_into(path, position), item) for position, item in enumerate(value)]


def _as_list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()
