"""Where in the SQL text a node stands."""

from typing import TypedDict

from sqlglot import exp


class Position(TypedDict, total=False):
    line: int
    column: int


def of(node: exp.Expr) -> Position:
    """Line and column, both from 1, of a node or of the nearest around or within it that knows its place."""
    for candidate in (node, *node.find_all(exp.Identifier)):
        if "line" in candidate.meta:
            return _start(candidate)
    above = node.parent
    while above is not None:
        for candidate in (above, *above.find_all(exp.Identifier)):
            if "line" in candidate.meta:
                return _start(candidate)
        above = above.parent
    return {}


def _start(node: exp.Expr) -> Position:
    # sqlglot notes the column of the last character of a token.
    meta = node.meta
    return {"line": int(meta["line"]), "column": max(1, int(meta["col"]) - (int(meta["end"]) - int(meta["start"])))}
