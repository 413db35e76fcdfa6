"""The columns of a file with their types, as a value: a mapping, or a text such as `id INTEGER, name VARCHAR`."""

from collections.abc import Iterator, Mapping

from pipelines_app.compiler import names, types
from pipelines_app.compiler.reading import described

MOST = 2_000


def read(value: object) -> dict[str, str]:
    """The columns in their order; raises ValueError with what is wrong, in words."""
    pairs = list(value.items() if isinstance(value, Mapping) else _written(value))
    if not 1 <= len(pairs) <= MOST:
        raise ValueError(f"needs 1 to {MOST:,} columns")
    found: dict[str, str] = {}
    seen: set[str] = set()
    for name, kind in pairs:
        fault = names.column_fault(str(name))
        if fault or str(name).lower() in seen:
            raise ValueError(fault or f"the column {name!r} is there twice")
        if not isinstance(kind, str) or types.fault(kind):
            raise ValueError(f"the column {name!r}: {_wrong(kind)}")
        seen.add(str(name).lower())
        found[str(name)] = types.normalise(kind)
    return found


def _wrong(kind: object) -> str:
    return types.fault(kind) if isinstance(kind, str) else f"needs a type such as VARCHAR, not {described(kind)}"


def text(columns: Mapping[str, str]) -> str:
    """The columns as a person types them."""
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def _written(value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        raise ValueError(f"must be columns with their types, not {described(value)}")
    for part in _parts(value):
        name, _, kind = part.partition(" ")
        if not kind.strip():
            raise ValueError(f"{part!r} must be a name and a type, as in id INTEGER")
        yield name, kind.strip()


def _parts(text: str) -> list[str]:
    """The parts between commas and line ends, but not those within brackets: DECIMAL(18,2) is one."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "\n" or (letter == "," and depth <= 0):
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
