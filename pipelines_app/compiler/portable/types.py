"""DuckDB's column types as PostgreSQL keeps them: the same values, in a wider type where it has none of that width."""

import re

from sqlglot import exp

from pipelines_app.compiler import types

# By code point, as DuckDB compares; with the letters of all alphabets in upper and lower case.
COLLATION = "pg_c_utf8"
_HELD = {
    "BOOLEAN": "BOOLEAN",
    "TINYINT": "SMALLINT",
    "SMALLINT": "SMALLINT",
    "INTEGER": "INT",
    "BIGINT": "BIGINT",
    "HUGEINT": "DECIMAL(39, 0)",
    "INT128": "DECIMAL(39, 0)",
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INT",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20, 0)",
    "FLOAT": "REAL",
    "DOUBLE": "DOUBLE PRECISION",
    "VARCHAR": "TEXT",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMPTZ": "TIMESTAMPTZ",
    "UUID": "UUID",
}
WIDENED = frozenset({"TINYINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"})
_SPELLED = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "text": "VARCHAR",
    "varchar": "VARCHAR",
    "bpchar": "VARCHAR",
    "name": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "uuid": "UUID",
    "interval": "INTERVAL",
    "json": "JSON",
    "jsonb": "JSON",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def held(type_: str) -> exp.DataType | None:
    """The type in which PostgreSQL keeps the values of a column of this type; None where it keeps none of them."""
    known = types.normalise(type_) or type_.upper()
    if _DECIMAL.fullmatch(known):
        return exp.DataType.build(known, dialect="postgres")
    return exp.DataType.build(_HELD[known], dialect="postgres") if known in _HELD else None


def alike(type_: str, other: str) -> bool:
    """Whether values of two types are kept in one; a number of no certain width is like none."""
    return other != "DECIMAL" and held(type_) is not None and held(type_) == held(other)


def fault(name: str, type_: str) -> str:
    """Why PostgreSQL cannot keep a column, in words; empty where it can."""
    if held(type_) is None:
        return (
            f"{name} is of type {type_}, which PostgreSQL does not keep: turn it into text, or into columns of its own"
        )
    if len(name.encode()) > 63:
        return f"{name[:40]}... is longer than the 63 bytes that PostgreSQL keeps of a name"
    return ""


def spelled(type_: str, precision: int | None, scale: int | None) -> str:
    """DuckDB's spelling of a type by PostgreSQL's own name for it."""
    if type_ != "numeric":
        return _SPELLED.get(type_, type_.upper())
    if precision is None:
        return "DECIMAL"
    if scale == 0 and precision in (39, 20):
        return "HUGEINT" if precision == 39 else "UBIGINT"
    return f"DECIMAL({precision},{scale or 0})"
