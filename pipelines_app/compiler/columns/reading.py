"""SQL text of any dialect to statements; what one cannot read is said, and the rest is read all the same."""

import re
from collections.abc import Callable

from sqlglot import ErrorLevel, Token, TokenType, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

# Where a dialect has two ways of quoting or of writing, the other is tried.
_NEXT_OF_KIN = {
    "athena": "hive",
    "trino": "spark",
    "presto": "spark",
    "": "spark",
    "hive": "spark",
    "redshift": "postgres",
}
# (TITLE '...'), (FORMAT '...') and (NAMED ...) after a column of Teradata say how it is shown.
_SHOWN = re.compile(r"\(\s*(?:TITLE|FORMAT)\s+'[^']*'\s*\)|\(\s*NAMED\s+\w+\s*\)", re.IGNORECASE)


def statements(sql: str, dialect: str) -> tuple[list[exp.Expr], list[str]]:
    """The statements of a text, and why some of them are not there or not whole."""
    text = _SHOWN.sub("", sql) if dialect == "teradata" else sql
    found, reason = _parsed(text, dialect)
    if reason is None:
        return found, []
    kin = _NEXT_OF_KIN.get(dialect)
    if kin is not None:
        other, still = _parsed(text, kin)
        if still is None:
            return other, []
    return _piece_by_piece(text, dialect, reason)


def parser(dialect: str) -> Callable[[str], list[exp.Expr]]:
    """Reads the text of a statement that stands within another."""
    return lambda sql: _parsed(sql, dialect)[0]


def _parsed(sql: str, dialect: str) -> tuple[list[exp.Expr], str | None]:
    try:
        found = Dialect.get_or_raise(dialect).parse(sql)
    except (SqlglotError, RecursionError, ValueError, IndexError, AttributeError, TypeError) as error:
        return [], _short(error)
    return [one for one in found if one is not None], None


def _piece_by_piece(sql: str, dialect: str, reason: str) -> tuple[list[exp.Expr], list[str]]:
    """Each statement on its own; one that still cannot be read is read as far as it goes."""
    found: list[exp.Expr] = []
    reasons: list[str] = []
    for piece in _pieces(sql, dialect):
        read, why = _parsed(piece, dialect)
        if why is not None:
            read = _as_far_as_it_goes(piece, dialect)
            reasons.append(f"the statement cannot be read whole: {why}")
        found += read
    return (found, reasons) if found or reasons else ([], [f"the text cannot be read: {reason}"])


def _as_far_as_it_goes(sql: str, dialect: str) -> list[exp.Expr]:
    try:
        found = Dialect.get_or_raise(dialect).parse(sql, error_level=ErrorLevel.IGNORE)
    except (SqlglotError, RecursionError, ValueError, IndexError, AttributeError, TypeError):
        return []
    return [one for one in found if one is not None]


def _pieces(sql: str, dialect: str) -> list[str]:
    try:
        tokens: list[Token] = Dialect.get_or_raise(dialect).tokenize(sql)
    except (SqlglotError, ValueError):
        return [sql]
    ends = [token.start for token in tokens if token.token_type == TokenType.SEMICOLON]
    starts = [0, *[end + 1 for end in ends]]
    pieces = [sql[start:end] for start, end in zip(starts, [*ends, len(sql)], strict=True)]
    return [piece for piece in pieces if piece.strip()]


def _short(error: BaseException) -> str:
    line = " ".join(re.sub(r"\x1b\[\d+m", "", str(error)).split())
    return line if len(line) <= 160 else f"{line[:157]}..."
