"""Parquet files: columns matched by name; a file of the declared types is copied, others are tried value by value."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Source
from pipelines_app.engines import trees, words
from pipelines_app.engines.loading import judging
from pipelines_app.engines.loading.verdict import MOST_UNPACKED, Verdict
from pipelines_app.engines.sandbox.session import Session
from pipelines_app.errors import EngineError


def load(session: Session, files: Mapping[str, Path], source: Source) -> Verdict:
    """Write the rows of all files that fit to the session's output, columns in the order of the contract."""
    agreed = [_agrees(session, name, path, source.columns) for name, path in files.items()]
    if all(agreed):
        names = [trees.name(column.name) for column in source.columns]
        rows = exp.select(*names).from_(trees.parquet(list(files.values())))
        session.query(trees.parquet_copy(rows, session.output))
        return Verdict(rejected=0, rejects=())
    raws = [judging.Raw(name=name, path=path, query=_rows(path, source.columns)) for name, path in files.items()]
    rejected, bad = judging.judge(session, raws, source.columns)
    return Verdict(rejected=rejected, rejects=tuple(judging.reject(one, source.columns, one.ordinal) for one in bad))


def _rows(path: Path, columns: Sequence[Column]) -> exp.Select:
    rows = trees.parquet([path], trees.option("file_row_number", True))
    raw: list[exp.Expr] = [trees.name(column.name) for column in columns]
    return exp.select("file_row_number + 1 AS ordinal", "'' AS text", "TRUE AS is_row", *judging.numbered(raw)).from_(
        rows
    )


def _agrees(session: Session, name: str, path: Path, columns: Sequence[Column]) -> bool:
    """Refuse a file of other columns, or one that is empty or a bomb; say whether it has the declared types."""
    # Its own metadata come first: they are small whatever the file pretends to hold.
    size = exp.select("SUM(total_uncompressed_size)", "COUNT(*)").from_(_metadata(path))
    unpacked = int(str(session.query(size).rows[0][0] or 0))
    if unpacked > MOST_UNPACKED:
        raise EngineError(
            f"{name} unpacks to more than {MOST_UNPACKED:,} bytes; send it in parts.", kind=EngineError.SOURCE
        )
    described = session.query(trees.describe(exp.select("*").from_(trees.parquet([path])))).rows
    found = {str(row[0]): str(row[1]) for row in described}
    fault = words.header_faults(name, list(found), [column.name for column in columns])
    if fault is not None:
        raise fault
    if not session.query(exp.select("1").from_(trees.parquet([path])).limit(1)).rows:
        raise EngineError(f"{name} has no rows.", kind=EngineError.SOURCE, todo="Send the file with its rows.")
    return all(found[column.name] == column.type.upper() for column in columns)


def _metadata(path: Path) -> exp.Table:
    return exp.Table(this=trees.call("parquet_metadata", trees.texts([path])))
