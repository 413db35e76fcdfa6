"""Where in the SQL text a node stands."""

from typing import TypedDict

from sqlglot import exp


class Position(TypedDict, total=False):
    line: int
    column: int


def of(node: exp.Expr) -> Position:
    """Line and column, both from 1, of where a node begins, or else the nearest around it that knows its place."""
    around: exp.Expr | None = node
    while around is not None:
        placed = [part for part in around.walk() if "line" in part.meta]
        if placed:
            return _start(min(placed, key=lambda part: int(part.meta["start"])))
        around = around.parent
    return {}


def _start(node: exp.Expr) -> Position:
    # sqlglot notes the column of the last character of a token.
    meta = node.meta
    return {"line": int(meta["line"]), "column": max(1, int(meta["col"]) - (int(meta["end"]) - int(meta["start"])))}
