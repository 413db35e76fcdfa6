"""The lines of a CSV file that DuckDB itself set aside, in words and with the lines' true numbers."""

import csv
from collections.abc import Mapping, Sequence

from sqlglot import exp

from pipelines_app.compiler.definition import Source
from pipelines_app.engines import trees, words
from pipelines_app.engines.base import Reject, Row
from pipelines_app.engines.loading.reading import delimiter
from pipelines_app.engines.loading.verdict import MOST_REJECTS, MOST_TEXT, Plain, Verdict
from pipelines_app.engines.sandbox.session import Session, Table

# A quote left open swallows lines up to the next one: each of them is set aside, and counted.
LINES = """
    CASE WHEN errors.error_type = 'UNQUOTED VALUE'
    THEN LENGTH(TRIM(errors.csv_line, CHR(10))) - LENGTH(REPLACE(TRIM(errors.csv_line, CHR(10)), CHR(10), '')) + 1
    ELSE 1 END
"""
# Of nearly every file nothing is set aside: counting lines asks for more than looking whether there are any.
NONE = exp.select(exp.Count(this=exp.Star()).eq(0)).from_("reject_errors")
BROKEN = {
    "UNQUOTED VALUE": ("quote", "a quote is opened and not closed, or closed too early"),
    "LINE SIZE OVER MAXIMUM": ("long", "the row is longer than 2,000,000 bytes"),
}


def verdict(session: Session, plain: Sequence[Plain], source: Source) -> Verdict:
    """Count the lines set aside so far, and give the first of them."""
    if session.query(NONE).rows[0][0]:
        return Verdict(rejected=0, rejects=())
    swallowed = exp.alias_(exp.Max(this=exp.maybe_parse(LINES, dialect=trees.DIALECT)), "n")
    counts = rejected().select(swallowed).group_by("scans.file_path", "errors.line")
    bad = int(str(session.query(exp.select("SUM(n)").from_(trees.subquery(counts))).rows[0][0]))
    first = rejected().select(
        "scans.file_path",
        "errors.line_byte_position",
        "errors.column_idx",
        "errors.error_type",
        exp.alias_(exp.maybe_parse(LINES, dialect=trees.DIALECT), "n"),
        trees.beginning(exp.column("csv_line", "errors"), MOST_TEXT, "text"),
    )
    # One reject per line: its first broken column, a broken row before all.
    first = first.distinct(exp.column("file_path", "scans"), exp.column("line", "errors"))
    first = first.order_by("scans.file_path", "errors.line", "errors.column_idx NULLS FIRST")
    table = session.query(first.limit(MOST_REJECTS))
    return Verdict(rejected=bad, rejects=tuple(_rejects(session, table, plain, source)))


def rejected() -> exp.Select:
    """The lines that DuckDB itself set aside, with the file each stands in."""
    return exp.select().from_("reject_errors AS errors").join("reject_scans AS scans", using=["scan_id", "file_id"])


def _rejects(session: Session, table: Table, plain: Sequence[Plain], source: Source) -> list[Reject]:
    found: list[Reject] = []
    for file in plain:
        rows = [row for row in table.as_rows() if row["file_path"] == str(file.path)]
        numbers = _numbers(session, file, rows)
        found += [_reject(file, line, row, source) for line, row in zip(numbers, rows, strict=True)]
    return found


def lines(session: Session, file: Plain) -> list[int]:
    """The numbers of all lines of a file that were set aside so far."""
    every = rejected().select("errors.line_byte_position", "MIN(errors.csv_line) AS text")
    every = every.where(exp.column("file_path", "scans").eq(exp.Literal.string(str(file.path))))
    every = every.group_by("errors.line_byte_position").order_by("errors.line_byte_position")
    return _numbers(session, file, session.query(every).as_rows())


def forget(session: Session) -> None:
    """Leave out of every count what was set aside so far."""
    for table in ("reject_errors", "reject_scans"):
        session.query(exp.Drop(tables=[exp.to_table(table)], kind="TABLE", exists=True))


def _numbers(session: Session, file: Plain, rows: Sequence[Row]) -> list[int]:
    if not rows:
        return []
    # DuckDB counts records, and its offset may point at the line break before; people count lines.
    offsets = [int(str(row["line_byte_position"])) + _leading(str(row["text"])) for row in rows]
    return list(session.ask("lines", path=str(file.path), offsets=offsets)["lines"])


def _leading(text: str) -> int:
    return len(text) - len(text.lstrip("\r\n"))


def _reject(file: Plain, line: int, row: Mapping[str, object], source: Source) -> Reject:
    text = str(row["text"]).lstrip("\r\n")
    error = str(row["error_type"])
    position = int(str(row["column_idx"] or 0))
    column, kind, said = "", *_said(error, file, position, text, source)
    if kind in ("type", "encoding") and 0 < position <= len(file.columns):
        column = file.columns[position - 1].name
        said = f"column {position} '{column}' of row {line:,}: {said}"
    else:
        more = int(str(row["n"])) - 1
        said = f"row {line:,}: {said}{f'; the {more:,} lines after it are set aside with it' if more else ''}"
    return Reject(file=file.name, line=line, column=column, kind=kind, message=said, text=text)


def _said(error: str, file: Plain, position: int, text: str, source: Source) -> tuple[str, str]:
    if error in BROKEN:
        return BROKEN[error]
    if error == "INVALID ENCODING":
        return "encoding", f"the text is not {source.encoding}; save the file as {source.encoding}"
    cells = _cells(text, source)
    if error == "CAST" and 0 < position <= len(file.columns):
        value = words.shown(cells[position - 1]) if position <= len(cells) else ""
        return "type", f"'{value}' is not {words.noun(file.columns[position - 1].type)}"
    return "columns", f"{len(cells)} values where {len(file.columns)} columns are declared"


def _cells(text: str, source: Source) -> list[str]:
    reader = csv.reader(
        text.splitlines(keepends=True),
        delimiter=delimiter(source),
        quotechar=source.quote or None,
        quoting=csv.QUOTE_MINIMAL if source.quote else csv.QUOTE_NONE,
    )
    return next(reader, [])
