"""Column types: DuckDB's spelling, one per type, and which of them a source may declare."""

import re
from functools import lru_cache

from sqlglot import exp

from pipelines_app.compiler import names

PLAIN = (
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
    "VARCHAR",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
)
ALIASES = {
    "BOOL": "BOOLEAN",
    "LOGICAL": "BOOLEAN",
    "INT1": "TINYINT",
    "INT2": "SMALLINT",
    "SHORT": "SMALLINT",
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "SIGNED": "INTEGER",
    "INT8": "BIGINT",
    "LONG": "BIGINT",
    "REAL": "FLOAT",
    "FLOAT4": "FLOAT",
    "FLOAT8": "DOUBLE",
    "DOUBLE PRECISION": "DOUBLE",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "CHAR": "VARCHAR",
    "BPCHAR": "VARCHAR",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
    "NUMERIC": "DECIMAL",
}
INTEGERS = frozenset(PLAIN[1:10])
NUMBERS = INTEGERS | {"FLOAT", "DOUBLE"}
MOMENTS = frozenset({"DATE", "TIMESTAMP", "TIMESTAMPTZ"})

_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC|DEC)(?:\s*\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\))?")
_SIZED_TEXT = re.compile(r"(?:VARCHAR|CHAR|TEXT)\s*\(\s*\d+\s*\)")
_UNTOLD = frozenset({exp.DType.UNKNOWN, exp.DType.NULL})
# What makes a type more than a word.
_PARTS = ("expressions", "values", "kind", "nullable", "collate")
# How sqlglot writes what DuckDB calls otherwise.
_WORDS = re.compile(r"\b(INT|TEXT)\b(?=$|[^\w\"])")


def normalise(text: str) -> str:
    """The one spelling of a type a source may declare; empty where it is not such a type."""
    spelled = " ".join(text.upper().split())
    spelled = ALIASES.get(spelled, spelled)
    if spelled in PLAIN:
        return spelled
    if _SIZED_TEXT.fullmatch(spelled):
        return "VARCHAR"
    return _decimal(spelled)


def _decimal(spelled: str) -> str:
    match = _DECIMAL.fullmatch(spelled)
    if not match:
        return ""
    precision, scale = int(match[1] or 18), int(match[2] or (0 if match[1] else 3))
    return f"DECIMAL({precision},{scale})" if 1 <= precision <= 38 and scale <= precision else ""


def fault(text: str) -> str:
    """What is wrong with a declared type, in words; empty where it is fine."""
    if normalise(text):
        return ""
    near = suggestion(text)
    return f"{text!r} is not a column type" + (f"; did you mean {near}?" if near else "")


def suggestion(text: str) -> str:
    """The type somebody may have meant; empty where none is near."""
    near = names.nearest(text.upper(), (*ALIASES, *PLAIN, "DECIMAL(18,2)"))
    return ALIASES.get(near, near)


def spelling(datatype: exp.DataType | None) -> str:
    """DuckDB's spelling of a type sqlglot inferred; empty where it knows none."""
    if datatype is None or datatype.this in _UNTOLD:
        return ""
    return _spelled(datatype) if any(datatype.args.get(part) for part in _PARTS) else _spelled_plain(datatype.this)


@lru_cache(maxsize=200)
def _spelled_plain(kind: exp.DType) -> str:
    return _spelled(exp.DataType(this=kind))


def _spelled(datatype: exp.DataType) -> str:
    text = _WORDS.sub(lambda word: {"INT": "INTEGER", "TEXT": "VARCHAR"}[word[1]], datatype.sql("duckdb"))
    return "" if text == "DECIMAL" else normalise(text) or text


def is_number(spelled: str) -> bool:
    return spelled in NUMBERS or spelled.startswith("DECIMAL(")
