"""A first look at a file nobody has described: what contract it seems to follow, and what in it does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines import trees
from pipelines_app.engines.base import ColumnLook, Look, Row, Wanted
from pipelines_app.engines.loading import jsonl, native
from pipelines_app.engines.loading.reading import read
from pipelines_app.engines.loading.verdict import MOST_UNPACKED, NOT_A_NULL
from pipelines_app.engines.looking import columns, guessing
from pipelines_app.engines.sandbox.session import Session
from pipelines_app.errors import EngineError

MOST_ROWS = 200_000
MOST_COLUMNS = 1_000
SAMPLE = 20


def look(session: Session, path: Path, *, format: Format, name: str, wanted: Wanted) -> Look:
    """Propose a contract; the file itself decides its format where its first bytes speak plainly."""
    into, declared = str(session.unpacked(0)), wanted.encoding.lower()
    answer = session.ask("survey", path=str(path), name=name, into=into, most_bytes=MOST_UNPACKED, declared=declared)
    plain, start = Path(answer["path"]), str(answer["start"])
    try:
        match guessing.kind(start, format):
            case Format.PARQUET:
                return _parquet(session, plain, name)
            case Format.JSONL:
                return _json(session, plain, name, answer["encoding"])
            case text:
                return _delimited(session, plain, name, answer["encoding"], _Guess(start, text, wanted))
    except EngineError as error:
        if error.kind != EngineError.STATEMENT:
            raise
        raise EngineError(
            f"{name} cannot be read: {error.message}", kind=EngineError.SOURCE, detail=error.detail
        ) from error


@dataclass(frozen=True)
class _Guess:
    """What is known of a text before it is read: its first bytes, its format, and what a person says of it."""

    start: str
    format: Format
    wanted: Wanted


def _delimited(session: Session, path: Path, name: str, encoding: str, guess: _Guess) -> Look:
    format, wanted = guess.format, guess.wanted
    delimiter = wanted.delimiter or guessing.delimiter(guess.start)
    first = guessing.records(guess.start, delimiter)
    if not first:
        raise EngineError(f"{name} has no rows: it is blank.", kind=EngineError.SOURCE)
    header = guessing.has_header(first) if wanted.header is None else wanted.header
    found = guessing.names(first[0], header=header)
    names, warnings = _distinct(found)
    source = Source(
        dataset=name,
        format=Format.CSV,
        columns=tuple(Column(name=column, type="VARCHAR") for column in names),
        delimiter=delimiter,
        header=header,
        null=(NOT_A_NULL,),
    )
    rows = _keep(session, exp.select("*").from_(read(path, source.columns, source)))
    if not rows:
        raise EngineError(f"{name} has no rows below its header.", kind=EngineError.SOURCE)
    broken = int(str(session.query(native.rejected().select("COUNT(DISTINCT errors.line)")).rows[0][0]))
    if broken:
        warnings.append(f"rows without {len(names)} values, or with a quote left open: {broken:,}")
    if delimiter == "\t":
        format = Format.TSV
    elif format is Format.TSV:
        format = Format.CSV
    null, looked = _columns(session, names)
    return Look(
        format=format,
        delimiter=delimiter,
        header=header,
        encoding=encoding,
        null=null,
        rows=rows,
        columns=looked,
        sample=_sample(session, names, null),
        warnings=(*warnings, *_said(rows, looked)),
    )


def _json(session: Session, path: Path, name: str, encoding: str) -> Look:
    objects = trees.subquery(jsonl.objects(path).limit(MOST_ROWS + 1))
    held = exp.select("JSON_KEYS(line) AS keys", "ordinal").from_(objects).where("is_row")
    keys = exp.select("UNNEST(keys) AS key", "GENERATE_SUBSCRIPTS(keys, 1) AS place", "ordinal")
    ordered = exp.select("key").from_(trees.subquery(keys.from_(trees.subquery(held)))).group_by("key")
    ordered = ordered.order_by("MIN(ordinal)", "MIN(place)")
    names = [str(key) for (key,) in session.query(ordered.limit(MOST_COLUMNS)).rows]
    if not names:
        raise EngineError(f"{name} has no rows: no line of it is a JSON object.", kind=EngineError.SOURCE)
    broken = int(str(session.query(exp.select("COUNT(*)").from_(objects).where("NOT is_row")).rows[0][0]))
    values = [
        exp.alias_(trees.call("json_extract_string", exp.column("line"), jsonl.pointer(key)), key, quoted=True)
        for key in names
    ]
    rows = _keep(session, exp.select(*values).from_(objects.copy()).where("is_row"))
    null, looked = _columns(session, names)
    warnings = [f"lines that are not JSON objects: {broken:,}"] if broken else []
    return Look(
        format=Format.JSONL,
        delimiter="",
        header=False,
        encoding=encoding,
        null=null,
        rows=rows,
        columns=looked,
        sample=_sample(session, names, null),
        warnings=(*warnings, *_said(rows, looked)),
    )


def _parquet(session: Session, path: Path, name: str) -> Look:
    table = trees.parquet([path])
    described = session.query(trees.describe(exp.select("*").from_(table))).rows
    typed = [(str(row[0]), str(row[1])) for row in described]
    text = [exp.alias_(trees.as_text(trees.name(column), type_), column, quoted=True) for column, type_ in typed]
    rows = _keep(session, exp.select(*text).from_(table.copy()))
    if not rows:
        raise EngineError(f"{name} has no rows.", kind=EngineError.SOURCE)
    proposed = [
        columns.Proposal(name=column, type=type_, misfits=0, values=values)
        for (column, type_), values in zip(typed, _values(session, typed), strict=True)
    ]
    looked = columns.looks(session, proposed, (NOT_A_NULL,))
    return Look(
        format=Format.PARQUET,
        delimiter="",
        header=False,
        encoding="",
        null=(),
        rows=rows,
        columns=looked,
        sample=_sample(session, [column for column, _ in typed], (NOT_A_NULL,)),
        warnings=_said(rows, looked),
    )


def _values(session: Session, typed: Sequence[tuple[str, str]]) -> list[int]:
    counts = [exp.Count(this=trees.name(column)) for column, _ in typed]
    return [int(str(count)) for count in session.query(exp.select(*counts).from_(columns.TABLE)).rows[0]]


def _distinct(found: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names made different, and a warning for each that was not (DuckDB ignores case)."""
    names: list[str] = []
    warnings: list[str] = []
    for number, name in enumerate(found, start=1):
        taken = name.casefold() in {other.casefold() for other in names}
        names.append(f"{name}_{number}" if taken else name)
        if taken:
            warnings.append(f"the column name '{name}' comes more than once")
    return names, warnings


def _keep(session: Session, query: exp.Select) -> int:
    """Hold the first rows as a table of texts; give how many there are."""
    table = exp.Create(this=exp.to_table(columns.TABLE), kind="TABLE", expression=query.limit(MOST_ROWS))
    session.query(table)
    return int(str(session.query(exp.select("COUNT(*)").from_(columns.TABLE)).rows[0][0]))


def _columns(session: Session, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[ColumnLook, ...]]:
    null = columns.nulls_used(session, names)
    return null, columns.looks(session, columns.proposals(session, names, null), null)


def _sample(session: Session, names: Sequence[str], null: Sequence[str]) -> tuple[Row, ...]:
    values = [exp.alias_(columns.held(name, null), name, quoted=True) for name in names]
    return tuple(session.query(exp.select(*values).from_(columns.TABLE).limit(SAMPLE)).as_rows())


def _said(rows: int, looked: Sequence[ColumnLook]) -> tuple[str, ...]:
    cut = (f"only the first {MOST_ROWS:,} rows were looked at",) if rows >= MOST_ROWS else ()
    return (*cut, *(column.warning for column in looked if column.warning))
