"""DuckDB's column types as Spark keeps them: the same values, in a wider type where it has none of that width."""

import re

from sqlglot import exp

from pipelines_app.compiler import types

_HELD = {
    "BOOLEAN": "BOOLEAN",
    "TINYINT": "TINYINT",
    "SMALLINT": "SMALLINT",
    "INTEGER": "INT",
    "BIGINT": "BIGINT",
    "HUGEINT": "DECIMAL(38, 0)",
    "INT128": "DECIMAL(38, 0)",
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INT",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20, 0)",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "VARCHAR": "STRING",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMPTZ": "TIMESTAMP",
    "UUID": "STRING",
}
_SPELLED = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "date": "DATE",
    "time(6)": "TIME",
    "timestamp_ntz": "TIMESTAMP",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "void": "INTEGER",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)", re.IGNORECASE)


def spelling(type_: str) -> str:
    """Spark's own name of the type in which it keeps the values of a column; empty where it keeps none of them."""
    known = types.normalise(type_) or type_.upper()
    return known if _DECIMAL.fullmatch(known) else _HELD.get(known, "")


def held(type_: str) -> exp.DataType | None:
    """The type in which Spark keeps the values of a column of this type; None where it keeps none of them."""
    known = spelling(type_)
    if known == "TIME":  # the parser's library takes it for a TIMESTAMP there
        return exp.DataType(this=exp.DType.USERDEFINED, kind=known)
    return exp.DataType.build(known, dialect="spark") if known else None


def alike(type_: str, other: str) -> bool:
    """Whether values of two types are kept in one."""
    return bool(spelling(type_)) and spelling(type_) == spelling(other)


def fault(name: str, type_: str) -> str:
    """Why Spark cannot keep a column, in words; empty where it can."""
    if spelling(type_):
        return ""
    return f"{name} is of type {type_}, which is not known to mean the same: turn it into text, or into columns"


def spelled(type_: str) -> str:
    """DuckDB's spelling of a type by Spark's own name for it."""
    decimal = _DECIMAL.fullmatch(type_)
    return f"DECIMAL({decimal[1]},{decimal[2]})" if decimal else _SPELLED.get(type_, type_.upper())
