"""Files of one table, one for each day, held as texts; read by the types that their own history shows."""

import gzip
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from monitoring_app.profiling import queries, reading
from monitoring_app.profiling.asking import Asked
from monitoring_app.profiling.profile import Metric, Pair, Profile
from pipelines_app.compiler.definition import Column
from pipelines_app.engines import trees
from pipelines_app.engines.looking import columns as looked
from pipelines_app.engines.looking import guessing

START = 64_000
TYPED_BY = 200  # rows of each file
AT_ONCE = 150  # columns: with some hundreds, the engine's groups outgrow its blocks, and the process dies
TEXTS, KEY, DAY, ENDS = "texts", "key of the batch", "day of the batch", "end of the batch"
NEARLY_ALL = 0.95
# How else than in ISO a day or a moment is written, and what such a text looks like.
LAYOUTS: Mapping[str, str] = {
    "%m/%d/%Y": r"^\d{1,2}/\d{1,2}/\d{4}$",
    "%d/%m/%Y": r"^\d{1,2}/\d{1,2}/\d{4}$",
    "%d.%m.%Y": r"^\d{1,2}\.\d{1,2}\.\d{4}$",
    "%Y/%m/%d": r"^\d{4}/\d{1,2}/\d{1,2}$",
    "%m/%d/%Y %H:%M": r"^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}$",
    "%d/%m/%Y %H:%M": r"^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}$",
    "%m/%d/%Y %H:%M:%S": r"^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2}$",
    "%d/%m/%Y %H:%M:%S": r"^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2}$",
    "%d.%m.%Y %H:%M:%S": r"^\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}:\d{2}$",
    "%d/%b/%Y:%H:%M:%S %z": r"^\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}$",
}
KINDS = (*looked.SHAPES, *LAYOUTS)
_SHAPES = {kind: re.compile(shape) for kind, shape in {**looked.SHAPES, **LAYOUTS}.items()}


class Unreadable(Exception):
    """A file that cannot be read at all; the message says why."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One batch as a file: a key of its own, the day it is of, where it is."""

    key: str
    day: date
    path: Path


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The columns of a table and how each of them is read: a type of the engine, or a layout of days or moments."""

    kinds: tuple[tuple[str, str], ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(
            Column(name=name, type="TIMESTAMP" if kind in LAYOUTS else "VARCHAR" if kind == "JSON" else kind)
            for name, kind in self.kinds
        )


class Texts:
    """The files of one table in one place; what one of them lacks is NULL."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": 2})
        self._connection.execute("SET TimeZone = 'UTC'")
        # It makes a join of each list of words, one for each column: with 200 columns a file took 14 s.
        self._connection.execute("SET disabled_optimizers = 'in_clause'")
        self._names: list[str] = []
        self.headers: dict[str, tuple[str, ...]] = {}
        self.faults: dict[str, str] = {}
        self._fitting: dict[str, dict[str, dict[str, int]]] = {}

    def take(self, files: Sequence[File]) -> None:
        """Hold some files; one that cannot be read has a fault instead."""
        heads: dict[str, _Head] = {}
        for file in files:
            try:
                heads[file.key] = _head(file.path)
            except (Unreadable, OSError, EOFError, UnicodeError, duckdb.Error) as error:
                self.faults[file.key] = _said(error)
        for head in heads.values():
            self._names += [name for name in dict.fromkeys(head.names) if name not in self._names]
        self._make()
        for file in files:
            if file.key in heads:
                self._insert(file, heads[file.key])

    def _make(self) -> None:
        kept = [f"c{place}" for place in range(len(self._names))]
        kinds = [(KEY, "VARCHAR"), (DAY, "TIMESTAMP"), *((name, "VARCHAR") for name in kept)]
        defined = [
            exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=trees.built_type(kind))
            for name, kind in kinds
        ]
        schema = exp.Schema(this=exp.to_table(TEXTS), expressions=defined)
        self._run(exp.Create(this=schema, kind="TABLE", replace=True))

    def _insert(self, file: File, head: "_Head") -> None:
        places = {name: f"c{self._names.index(name)}" for name in head.names}
        values = [
            exp.alias_(_held(own), places[name], quoted=True) for name, own in zip(head.names, head.own, strict=True)
        ]
        day = trees.typed(exp.Literal.string(file.day.isoformat()), "TIMESTAMP")
        row = [exp.alias_(exp.Literal.string(file.key), KEY, quoted=True), exp.alias_(day, DAY, quoted=True), *values]
        query = exp.select(*row).from_(head.table(file.path))
        targets = [exp.to_identifier(name, quoted=True) for name in (KEY, DAY, *(places[name] for name in head.names))]
        into = exp.Schema(this=exp.to_table(TEXTS), expressions=targets)
        try:
            self._run(exp.Insert(this=into, expression=query))
            self.headers[file.key] = head.names
        except duckdb.Error as error:
            self.faults[file.key] = _said(error)

    def _run(self, statement: exp.Expr) -> list[dict[str, Any]]:
        cursor = self._connection.execute(statement.sql(trees.DIALECT))
        names = [one[0] for one in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def type(self) -> None:
        """Count, for every file, how many of its first values fit each type."""
        number = exp.Window(this=exp.RowNumber(), partition_by=[trees.name(KEY)])
        first = exp.select("*").from_(TEXTS).qualify(exp.LTE(this=number, expression=exp.convert(TYPED_BY)))
        counted: dict[str, list[Counter[str | None]]] = {}
        for row in self._connection.execute(first.sql(trees.DIALECT)).fetchall():
            held = counted.setdefault(str(row[0]), [Counter() for _ in self._names])
            for values, value in zip(held, row[2:], strict=True):
                values[value] += 1
        for key, held in counted.items():
            both = zip(self._names, held, strict=True)
            self._fitting[key] = {name: _fitting(values) for name, values in both}

    def contract(self, keys: Iterable[str]) -> Contract:
        """How the columns of some files are read: by the narrowest type that nearly all of their values have."""
        kept = [key for key in keys if key in self._fitting and key in self.headers]
        names = dict.fromkeys(name for key in kept for name in self.headers[key])
        return Contract(kinds=tuple((name, self._kind(name, kept)) for name in names))

    def _kind(self, name: str, keys: Sequence[str]) -> str:
        totals = {kind: sum(self._fitting[key][name][kind] for key in keys) for kind in ("", *KINDS)}
        fitting = (kind for kind in KINDS if totals[""] and totals[kind] > NEARLY_ALL * totals[""])
        return next(fitting, "VARCHAR")

    def profiles(self, contract: Contract, keys: Sequence[str], pairs: Sequence[Pair] = ()) -> dict[str, Profile]:
        """Files as one contract reads them, measured by so many columns at once; one without rows is not among them."""
        if not contract.kinds or not keys:
            return {}
        kinds = contract.kinds
        portions = [Contract(kinds=kinds[at : at + AT_ONCE]) for at in range(0, len(kinds), AT_ONCE)]
        parts = [self._measured(portion, keys, pairs) for portion in portions]
        return {key: _joined([part[key] for part in parts if key in part]) for key in parts[0]}

    def _measured(self, contract: Contract, keys: Sequence[str], pairs: Sequence[Pair]) -> dict[str, Profile]:
        names = {name for name, _ in contract.kinds}
        pairs = [pair for pair in pairs if {pair.left, pair.right} <= names]
        raws = {name: f"raw {place}" for place, (name, _) in enumerate(contract.kinds)}
        typed = [exp.alias_(_read(self._text(name), kind), name, quoted=True) for name, kind in contract.kinds]
        texts = [exp.alias_(self._text(name), raw, quoted=True) for name, raw in raws.items()]
        tomorrow = exp.Add(this=trees.name(DAY), expression=exp.Interval(this=exp.convert(1), unit=exp.var("DAY")))
        own = [trees.name(KEY), trees.name(DAY), exp.alias_(tomorrow, ENDS, quoted=True)]
        source = exp.select(*typed, *texts, *own).from_(TEXTS).where(trees.name(KEY).isin(*keys))
        asked = Asked(columns=contract.columns, batch=KEY, begins=DAY, ends=ENDS, raws=raws, pairs=pairs)
        rows = self._run(queries.profile(trees.subquery(source, "read"), asked))
        return {str(row["b"]): reading.profile(row, asked) for row in rows}

    def _text(self, name: str) -> exp.Expr:
        return trees.name(f"c{self._names.index(name)}")


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What is known of a file before its rows are read: its columns by its own names, and under which it is read."""

    names: tuple[str, ...]
    own: tuple[str, ...]
    delimiter: str = ""
    header: bool = True
    encoding: str = "utf-8"

    def table(self, path: Path) -> exp.Table:
        if not self.delimiter:
            return trees.parquet([path])
        options = {
            "auto_detect": False,
            "header": self.header,
            "delim": self.delimiter,
            "quote": '"',
            "escape": '"',
            "null_padding": True,
            "strict_mode": False,
            "parallel": False,  # together with padding, lines within quotes are read only so
            "encoding": self.encoding,
        }
        kinds = exp.EQ(this=exp.column("columns"), expression=trees.struct(dict.fromkeys(self.own, "VARCHAR")))
        given = [trees.option(key, value) for key, value in options.items()]
        return exp.Table(this=trees.call("read_csv", trees.texts([path]), kinds, *given))


def _head(path: Path) -> _Head:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        described = duckdb.connect().execute(trees.describe(exp.select("*").from_(trees.parquet([path]))).sql("duckdb"))
        names = tuple(str(row[0]) for row in described.fetchall())
        return _Head(names=names, own=names)
    with gzip.open(path) if magic[:2] == b"\x1f\x8b" else path.open("rb") as file:
        content = file.read()
    if not content.strip():
        raise Unreadable("it is blank")
    if b"\x00" in content[:START]:
        raise Unreadable("it is no text")
    text, encoding = _decoded(content)
    start = text[:START].removeprefix("\ufeff")
    delimiter = guessing.delimiter(start)
    records = guessing.records(start, delimiter)
    header = guessing.has_header(records)
    names = _distinct(guessing.names(records[0], header=header))
    own = tuple(f"f{place}" for place in range(len(names)))
    return _Head(names=names, own=own, delimiter=delimiter, header=header, encoding=encoding)


def _decoded(content: bytes) -> tuple[str, str]:
    try:
        return content.decode(), "utf-8"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1"


def _distinct(found: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for number, name in enumerate(found, start=1):
        names.append(f"{name}_{number}" if name in names else name)
    return tuple(names)


def _held(name: str) -> exp.Expr:
    """A value as text; NULL where it says so in words."""
    text = trees.typed(trees.name(name), "VARCHAR")
    return exp.Case().when(text.isin(*looked.NULLS).not_(), text.copy())


def _fitting(values: Counter[str | None]) -> dict[str, int]:
    """How many values there are, and how many of them fit each type."""
    found = dict.fromkeys(("", *KINDS), 0)
    for value, number in values.items():
        if value is not None:
            found[""] += number
            for kind in _kinds(value):
                found[kind] += number
    return found


@lru_cache(maxsize=500_000)
def _kinds(value: str) -> tuple[str, ...]:
    """The types that a text looks like."""
    return tuple(kind for kind, shape in _SHAPES.items() if shape.match(value) and _is_one(value, kind))


def _is_one(value: str, kind: str) -> bool:
    """Whether a text that looks like a number or a moment is one: `E-12` looks like a number and is none."""
    try:
        if kind in LAYOUTS:
            datetime.strptime(value, kind).replace(tzinfo=UTC)
        elif kind == "DOUBLE":
            float(value)
        elif kind == "BIGINT":
            return abs(int(value)) < 1 << 63
    except ValueError:
        return False
    return True


def _joined(parts: Sequence[Profile]) -> Profile:
    """One profile of those of some columns each; a row that came before is one that did so in every part."""
    first = parts[0]
    if len(parts) == 1:
        return first
    columns = tuple(column for part in parts for column in part.columns)
    metrics = {metric: min(part.metrics[metric] for part in parts) for metric in first.metrics}
    return replace(
        first,
        columns=columns,
        metrics={**metrics, Metric.COLUMNS: float(len(columns))},
        content=" ".join(part.content for part in parts),
        pairs={pair: value for part in parts for pair, value in part.pairs.items()},
    )


def _read(value: exp.Expr, kind: str) -> exp.Expr:
    if kind in LAYOUTS:
        return trees.tried(trees.call("try_strptime", value, exp.Literal.string(kind)), "TIMESTAMP")
    return value if kind in ("VARCHAR", "JSON") else trees.tried(value, kind)


def _said(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
