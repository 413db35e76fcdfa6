"""The columns of an answer, asked of the engine once for equal queries over equal columns."""

import hashlib
import re
from collections.abc import Callable, Hashable, Sequence

from sqlglot import exp

from pipelines_app.compiler.memory import Memory
from pipelines_app.engines.base import Relation

Columns = list[tuple[str, str]]
_DIALECT = "duckdb"
# Which moment it is says nothing of a column's type; the batches of one dataset differ in nothing else.
_MOMENT = re.compile(r"CAST\('[^']*' AS TIMESTAMP\)")
_KNOWN: Memory[tuple[tuple[str, str], ...]] = Memory(2_000)


def shape(relations: Sequence[Relation]) -> Hashable:
    """All of some relations that the columns of a query over them depend on; None where that is more than columns."""
    found = [_shape(relation) for relation in relations]
    return None if None in found else tuple(found)


def _shape(relation: Relation) -> Hashable:
    earlier = shape(relation.earlier)
    if relation.query is not None or earlier is None:
        return None
    columns = tuple((column.name, column.type) for column in relation.columns)
    return relation.name, columns, bool(relation.files), earlier


def columns(statement: exp.Query, over: Hashable, ask: Callable[[], Columns]) -> Columns:
    """The columns of a statement over relations of a shape: as they were when it was asked first."""
    if over is None:
        return ask()
    text = _MOMENT.sub("", statement.sql(_DIALECT, comments=False))
    key = (hashlib.sha256(text.encode()).digest(), over)
    known = _KNOWN.recall(key)
    return list(known if known is not None else _KNOWN.keep(key, tuple(ask())))


def forget() -> None:
    """Ask anew."""
    _KNOWN.forget()
