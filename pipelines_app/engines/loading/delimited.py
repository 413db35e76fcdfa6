"""CSV and TSV by an explicit contract: nothing is sniffed, columns are matched by name, bad lines are set aside."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Source
from pipelines_app.engines import trees, words
from pipelines_app.engines.base import Reject
from pipelines_app.engines.loading import judging, native, whole
from pipelines_app.engines.loading.reading import delimiter, read
from pipelines_app.engines.loading.verdict import MOST_REJECTS, Plain, Verdict, unpacked
from pipelines_app.engines.sandbox.session import Session
from pipelines_app.errors import EngineError


def load(session: Session, files: Mapping[str, Path], source: Source) -> Verdict:
    """Write the good rows of all files to the session's output, columns in the order of the contract.

    Nearly every file has whole numbers where they are declared, and is read once. One that has not is read again: by
    DuckDB's own rejects if the texts are no numbers at all, value by value if some have a fraction it would round.
    """
    plain = [
        _with_header(session, name, path, source) for name, path in unpacked(session, files, source.encoding).items()
    ]
    if any(whole.is_whole(column.type) for column in source.columns):
        try:
            _write(session, [_strict(file, source) for file in plain])
        except EngineError as error:
            if error.kind != EngineError.STATEMENT:
                raise
            return _load_again(session, plain, source)
    else:
        _write(session, [_trusting(file, source) for file in plain])
    return native.verdict(session, plain, source)


def _load_again(session: Session, plain: Sequence[Plain], source: Source) -> Verdict:
    native.forget(session)
    if any(_has_fractions(session, file, source) for file in plain):
        return _load_tried(session, plain, source)
    _write(session, [_trusting(file, source) for file in plain])
    return native.verdict(session, plain, source)


def _write(session: Session, parts: Sequence[exp.Query]) -> None:
    every = reduce(lambda all_, part: exp.union(all_, part, distinct=False), parts)
    session.query(trees.parquet_copy(every, session.output))


def _trusting(file: Plain, source: Source) -> exp.Query:
    """The file with DuckDB's own casts, which round."""
    return exp.select(*(trees.name(column.name) for column in source.columns)).from_(
        read(file.path, file.columns, source)
    )


def _strict(file: Plain, source: Source) -> exp.Query:
    """The file with whole numbers read as text and cast with care."""
    chosen = [
        exp.alias_(whole.cast_or_fail(trees.name(column.name), column.type), column.name, quoted=True)
        if whole.is_whole(column.type)
        else trees.name(column.name)
        for column in source.columns
    ]
    return exp.select(*chosen).from_(read(file.path, [_as_text(column) for column in file.columns], source))


def _as_text(column: Column) -> Column:
    return replace(column, type="VARCHAR") if whole.is_whole(column.type) else column


def _has_fractions(session: Session, file: Plain, source: Source) -> bool:
    rounded = [
        whole.is_rounded(trees.name(column.name), column.type)
        for column in source.columns
        if whole.is_whole(column.type)
    ]
    table = read(file.path, _texts(file), source)
    found = session.query(exp.select("1").from_(table).where(exp.or_(*rounded)).limit(1)).rows
    native.forget(session)
    return bool(found)


def _texts(file: Plain) -> list[Column]:
    return [replace(column, type="VARCHAR") for column in file.columns]


def _load_tried(session: Session, plain: Sequence[Plain], source: Source) -> Verdict:
    """Read everything as text and try each value; DuckDB still sets aside what is no row at all."""
    raws = [judging.Raw(name=file.name, path=file.path, query=_raw(file, source)) for file in plain]
    count, bad = judging.judge(session, raws, source.columns)
    broken = native.verdict(session, plain, source)
    tried = [reject for file in plain for reject in _tried(session, file, bad, source)]
    order = {file.name: number for number, file in enumerate(plain)}
    both = sorted((*broken.rejects, *tried), key=lambda reject: (order[reject.file], reject.line))
    return Verdict(rejected=broken.rejected + count, rejects=tuple(both[:MOST_REJECTS]))


def _raw(file: Plain, source: Source) -> exp.Select:
    values: list[exp.Expr] = [trees.name(column.name) for column in source.columns]
    return exp.select(
        "ROW_NUMBER() OVER () AS ordinal", "'' AS text", "TRUE AS is_row", *judging.numbered(values)
    ).from_(read(file.path, _texts(file), source))


def _tried(session: Session, file: Plain, bad: Sequence[judging.Bad], source: Source) -> list[Reject]:
    ours = [one for one in bad if one.file.path == file.path]
    if not ours:
        return []
    answer = session.ask(
        "records",
        path=str(file.path),
        delimiter=delimiter(source),
        quote=source.quote,
        header=source.header,
        broken=native.lines(session, file),
        ordinals=[one.ordinal for one in ours],
    )
    places = {column.name: place for place, column in enumerate(file.columns, start=1)}
    return [
        judging.reject(
            replace(one, text=str(text)), source.columns, int(line), place=places[source.columns[one.place - 1].name]
        )
        for one, (line, text) in zip(ours, answer["records"], strict=True)
    ]


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
