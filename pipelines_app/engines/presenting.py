"""Values of an answer as people and programs read them: ISO times, and nested values as JSON values."""

import json
import re
from collections.abc import Sequence

from pipelines_app.engines import trees
from pipelines_app.engines.sandbox.plain import plain

ZONE = re.compile(r"([+-]\d\d)$")


def row(values: Sequence[object], columns: Sequence[tuple[str, str]]) -> tuple[object, ...]:
    """One row's values as JSON can hold them."""
    return tuple(_value(value, type_) for value, (_, type_) in zip(values, columns, strict=True))


def _value(value: object, type_: str) -> object:
    if not isinstance(value, str):
        return value
    if type_.startswith("TIMESTAMP"):
        return ZONE.sub(r"\1:00", value.replace(" ", "T", 1)) if " " in value else value
    if trees.is_nested(type_):
        return plain(json.loads(value))
    return value
