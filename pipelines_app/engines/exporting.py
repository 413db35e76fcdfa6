"""A query's rows as a file for people: what a spreadsheet would take for a formula is made text."""

from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Format
from pipelines_app.engines import trees

# Excel and its kin run a cell that starts so, in ASCII or full width; a plain number may keep its sign.
FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
NUMBER = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$"
HARMLESS = (
    "INT",
    "TINYINT",
    "SMALLINT",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)
HARMLESS_STARTS = ("INTEGER", "DOUBLE", "FLOAT", "DECIMAL", "BOOLEAN", "DATE", "TIME", "UUID", "BIGNUM")
FIRST_OF_FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def written_as(format: Format, query: exp.Query, columns: Sequence[tuple[str, str]], into: Path) -> exp.Copy:
    """The statement that writes a query's rows in a format."""
    match format:
        case Format.CSV | Format.TSV:
            delimiter = "\t" if format is Format.TSV else ","
            options = {"FORMAT": exp.var("csv"), "HEADER": True, "DELIMITER": delimiter}
            return trees.copy(_without_formulas(query, columns), into, options)
        case Format.JSONL:
            return trees.copy(query, into, {"FORMAT": exp.var("json")})
        case Format.PARQUET:
            return trees.parquet_copy(query, into)


def _without_formulas(query: exp.Query, columns: Sequence[tuple[str, str]]) -> exp.Select:
    safe = [f"c{number}" for number in range(len(columns))]
    cells = [
        exp.alias_(_cell(trees.name(alias), type_), _heading(column), quoted=True)
        for alias, (column, type_) in zip(safe, columns, strict=True)
    ]
    return exp.select(*cells).from_(trees.subquery(query, columns=safe))


def _cell(value: exp.Expr, type_: str) -> exp.Expr:
    if type_ in HARMLESS or (type_.startswith(HARMLESS_STARTS) and not type_.endswith("]")):
        return value
    text = trees.call("to_json", value) if trees.is_nested(type_) else value
    text = trees.typed(text, "VARCHAR")
    starts = trees.call("regexp_matches", text.copy(), exp.Literal.string(FORMULA))
    number = trees.call("regexp_matches", text.copy(), exp.Literal.string(NUMBER))
    quoted = exp.DPipe(this=exp.Literal.string("'"), expression=text.copy())
    return exp.Case().when(exp.and_(starts, number.not_()), quoted).else_(text.copy())


def _heading(column: str) -> str:
    return f"'{column}" if column.startswith(tuple(FIRST_OF_FORMULA)) else column
