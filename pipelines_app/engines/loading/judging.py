"""Rows tried against the contract value by value: good ones are written, others are set aside with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column
from pipelines_app.engines import trees, words
from pipelines_app.engines.base import Reject, Row
from pipelines_app.engines.loading import whole
from pipelines_app.engines.loading.verdict import MOST_REJECTS, MOST_TEXT
from pipelines_app.engines.sandbox.session import Session

JUDGED = "judged"
BROKEN_ROW = 0


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One file's rows before judgement: `query` gives ordinal, text, is_row, and r1, r2 … for the columns."""

    name: str
    path: Path
    query: exp.Select


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A row set aside: its file, its ordinal there, the place of the column at fault (0: the row), what stood there."""

    file: Raw
    ordinal: int
    place: int
    found: str
    text: str


def numbered(raw: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Name the columns of a raw query r1, r2, …"""
    return [exp.alias_(value, f"r{number}") for number, value in enumerate(raw, start=1)]


def judge(session: Session, raws: Sequence[Raw], columns: Sequence[Column]) -> tuple[int, list[Bad]]:
    """Write the rows that fit; count the others and give the first of them."""
    parts: list[exp.Query] = [_judged(number, raw.query, columns) for number, raw in enumerate(raws)]
    every = reduce(lambda all_, part: exp.union(all_, part, distinct=False), parts)
    view = exp.Create(this=exp.to_table(JUDGED), kind="VIEW", expression=every)
    session.query(view)
    good = [exp.alias_(exp.column(f"c{n}"), column.name, quoted=True) for n, column in enumerate(columns, start=1)]
    session.query(trees.parquet_copy(exp.select(*good).from_(JUDGED).where("fault IS NULL"), session.output))
    bad = exp.select().from_(JUDGED).where("fault IS NOT NULL")
    rejected = int(str(session.query(bad.select("COUNT(*)")).rows[0][0]))
    if not rejected:
        return 0, []
    beginnings = [trees.beginning(exp.column(name), MOST_TEXT, name) for name in ("found", "text")]
    first = bad.select("file", "ordinal", "fault", *beginnings)
    rows = session.query(first.order_by("file", "ordinal").limit(MOST_REJECTS)).as_rows()
    return rejected, [_bad(raws, row) for row in rows]


def _judged(number: int, rows: exp.Select, columns: Sequence[Column]) -> exp.Select:
    fault = exp.Case().when(exp.column("is_row").not_(), exp.convert(BROKEN_ROW))
    found = exp.Case()
    for place, column in enumerate(columns, start=1):
        raw = exp.column(f"r{place}")
        failed = whole.fails(raw, column.type)
        fault = fault.when(failed, exp.convert(place))
        found = found.when(failed, trees.typed(raw, "VARCHAR"))
    cast = [
        exp.alias_(trees.tried(exp.column(f"r{place}"), column.type), f"c{place}")
        for place, column in enumerate(columns, start=1)
    ]
    return exp.select(
        exp.alias_(exp.convert(number), "file"),
        "ordinal",
        "text",
        exp.alias_(fault, "fault"),
        exp.alias_(found, "found"),
        *cast,
    ).from_(trees.subquery(rows))


def reject(bad: Bad, columns: Sequence[Column], line: int, *, place: int = 0) -> Reject:
    """Say what is wrong with a row on `line`; `place` is the column's in the file, if not the contract's."""
    if bad.place == BROKEN_ROW:
        message = f"row {line:,}: it is not a JSON object"
        return Reject(file=bad.file.name, line=line, column="", kind="json", message=message, text=bad.text)
    column = columns[bad.place - 1]
    said = f"'{words.shown(bad.found)}' is not {words.noun(column.type)}"
    message = f"column {place or bad.place} '{column.name}' of row {line:,}: {said}"
    text = bad.text or bad.found
    return Reject(file=bad.file.name, line=line, column=column.name, kind="type", message=message, text=text)


def _bad(raws: Sequence[Raw], row: Row) -> Bad:
    file, ordinal, place = (int(str(row[key])) for key in ("file", "ordinal", "fault"))
    return Bad(file=raws[file], ordinal=ordinal, place=place, found=str(row["found"]), text=str(row["text"] or ""))
