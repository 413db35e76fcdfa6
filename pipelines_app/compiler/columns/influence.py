"""How columns bear upon a column, in the words of OpenLineage, and what becomes of that on the way up."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The first three carry the value on (direct), the others decide over rows or values (indirect)."""

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    JOIN = "JOIN"
    FILTER = "FILTER"
    GROUP_BY = "GROUP_BY"
    SORT = "SORT"
    WINDOW = "WINDOW"
    CONDITIONAL = "CONDITIONAL"


DIRECT = frozenset({Kind.IDENTITY, Kind.TRANSFORMATION, Kind.AGGREGATION})


class Origin(NamedTuple):
    """A column of a table and the way it bears upon something; masked where its value cannot be read from that."""

    table: str
    column: str
    kind: Kind
    masked: bool = False


Trace = frozenset[Origin]
NOTHING: Trace = frozenset()


def transformed(trace: Trace, *, masked: bool = False) -> Trace:
    """The same origins after a calculation; what was aggregated stays so, and what only decides only decides."""
    if not trace:
        return NOTHING
    return frozenset(Origin(table, column, _changed(kind), hidden or masked) for table, column, kind, hidden in trace)


def aggregated(trace: Trace, *, masked: bool = False) -> Trace:
    """The same origins after the values of many rows became one."""
    if not trace:
        return NOTHING
    return frozenset(
        Origin(table, column, Kind.AGGREGATION if kind in DIRECT else kind, hidden or masked)
        for table, column, kind, hidden in trace
    )


def aside(trace: Trace, kind: Kind) -> Trace:
    """The same origins of something that only decides: over rows, or over which value is taken."""
    if not trace:
        return NOTHING
    return frozenset(Origin(table, column, kind) for table, column, _, _ in trace)


def below(trace: Trace, path: str) -> Trace:
    """The origins of a part of a structure: named by its path where the structure is a column as it is."""
    if not path:
        return trace
    return frozenset(
        Origin(table, path, kind, hidden)
        if column == "*"
        else Origin(table, f"{column}.{path}" if kind == Kind.IDENTITY else column, _changed(kind), hidden)
        for table, column, kind, hidden in trace
    )


def _changed(kind: Kind) -> Kind:
    return Kind.TRANSFORMATION if kind == Kind.IDENTITY else kind
