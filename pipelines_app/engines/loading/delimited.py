"""CSV and TSV by an explicit contract: nothing is sniffed, columns are matched by name, bad lines are set aside."""

import csv
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines import trees, words
from pipelines_app.engines.base import Reject
from pipelines_app.engines.loading.verdict import MOST_REJECTS, MOST_TEXT, NOT_A_NULL, Plain, Verdict, unpacked
from pipelines_app.engines.sandbox.session import Session, Table
from pipelines_app.errors import EngineError

BROKEN = {
    "UNQUOTED VALUE": ("quote", "a quote is opened and not closed, or closed too early"),
    "LINE SIZE OVER MAXIMUM": ("long", "the row is longer than 2,000,000 bytes"),
}


def load(session: Session, files: Mapping[str, Path], source: Source) -> Verdict:
    """Write the good rows of all files to the session's output, columns in the order of the contract."""
    plain = [
        _with_header(session, name, path, source) for name, path in unpacked(session, files, source.encoding).items()
    ]
    names = [trees.name(column.name) for column in source.columns]
    parts: list[exp.Query] = [exp.select(*names).from_(read(file.path, file.columns, source)) for file in plain]
    every = reduce(lambda all_, part: exp.union(all_, part, distinct=False), parts)
    session.query(trees.parquet_copy(every, session.output))
    return _verdict(session, {str(file.path): file for file in plain}, source)


def delimiter(source: Source) -> str:
    return "\t" if source.format is Format.TSV else source.delimiter


def read(path: Path, columns: Sequence[Column], source: Source) -> exp.Table:
    """DuckDB's reader told everything, so that it guesses nothing."""
    types = {column.name: trees.built_type(column.type).sql(trees.DIALECT) for column in columns}
    options = {
        "auto_detect": False,
        "header": source.header,
        "delim": delimiter(source),
        "quote": source.quote,
        "escape": source.quote,
        "nullstr": list(source.null) or [NOT_A_NULL],
        "store_rejects": True,
        "rejects_limit": 0,
    }
    return exp.Table(
        this=trees.call(
            "read_csv",
            trees.texts([path]),
            exp.EQ(this=exp.column("columns"), expression=trees.struct(types)),
            *(trees.option(key, value) for key, value in options.items()),
        )
    )


def _with_header(session: Session, name: str, path: Path, source: Source) -> Plain:
    records = session.ask(
        "head", path=str(path), name=name, delimiter=delimiter(source), quote=source.quote, records=2
    )["records"]
    if len(records) <= source.header:
        found = "it holds a header and nothing below it" if records else "it is blank"
        raise EngineError(f"{name} has no rows: {found}.", kind=EngineError.SOURCE, todo="Send the file with its rows.")
    if not source.header:
        return Plain(name=name, path=path, columns=source.columns)
    header = [cell.strip() for cell in records[0]]
    wanted = {column.name: column for column in source.columns}
    fault = words.header_faults(name, header, list(wanted))
    if fault is not None:
        raise fault
    return Plain(name=name, path=path, columns=tuple(wanted[column] for column in header))


def _verdict(session: Session, files: Mapping[str, Plain], source: Source) -> Verdict:
    counted = session.query(rejected().select("COUNT(DISTINCT (scans.file_path, errors.line))"))
    bad = int(str(counted.rows[0][0]))
    if not bad:
        return Verdict(rejected=0, rejects=())
    first = rejected().select(
        "scans.file_path",
        "errors.line_byte_position",
        "errors.column_idx",
        "errors.error_type",
        trees.beginning(exp.column("csv_line", "errors"), MOST_TEXT, "text"),
    )
    # One reject per line: its first broken column, a broken row before all.
    first = first.distinct(exp.column("file_path", "scans"), exp.column("line", "errors"))
    first = first.order_by("scans.file_path", "errors.line", "errors.column_idx NULLS FIRST")
    table = session.query(first.limit(MOST_REJECTS))
    return Verdict(rejected=bad, rejects=tuple(_rejects(session, table, files, source)))


def rejected() -> exp.Select:
    """The lines that DuckDB itself set aside, with the file each stands in."""
    return exp.select().from_("reject_errors AS errors").join("reject_scans AS scans", using=["scan_id", "file_id"])


def _rejects(session: Session, table: Table, files: Mapping[str, Plain], source: Source) -> list[Reject]:
    found: list[Reject] = []
    for path, file in files.items():
        rows = [row for row in table.as_rows() if row["file_path"] == path]
        if not rows:
            continue
        # DuckDB counts records, and its offset may point at the line break before; people count lines.
        texts = [str(row["text"]) for row in rows]
        offsets = [int(str(row["line_byte_position"])) + _leading(text) for row, text in zip(rows, texts, strict=True)]
        lines = session.ask("lines", path=path, offsets=offsets)["lines"]
        found += [_reject(file, line, row, source) for line, row in zip(lines, rows, strict=True)]
    return found


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
        said = f"row {line:,}: {said}"
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
