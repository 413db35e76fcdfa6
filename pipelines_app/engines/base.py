"""What every engine can do, and the values it takes and gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines.often import Asked

Row = dict[str, object]


@dataclass(frozen=True, kw_only=True, order=True)
class Table:
    """One physical table of a warehouse, which never changes once it is made."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


Place = Path | Table  # where rows are kept: a file of the lake, or a table of a warehouse


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A dataset as an engine sees it: a qualified name, columns, and the immutable places that hold it (may be none).

    `files` were written with these columns; `earlier` are those written with others, by the columns they have. What is
    kept as a query has no files: its rows are those of `query` over `reads`, whatever else stands under their names.
    """

    name: str
    columns: tuple[Column, ...]
    files: tuple[Place, ...] = ()
    earlier: tuple["Relation", ...] = ()
    query: exp.Query | None = None
    reads: tuple["Relation", ...] = ()

    @property
    def all_files(self) -> tuple[Place, ...]:
        inside = (*self.earlier, *self.reads)
        return (*self.files, *(file for relation in inside for file in relation.all_files))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one piece of work may take. `heartbeat` is called about every second; False has the work killed."""

    seconds: float = 600.0
    memory_bytes: int = 2 << 30
    heartbeat: Callable[[], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Rows for a person or the API: values are JSON-ready (None, bool, int, float, str)."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    truncated: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Queries over an output before it is kept: it stands as `dataset`, beside `others`; 1,000 rows from each."""

    dataset: str
    statements: tuple[exp.Query, ...]
    others: tuple[Relation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Written:
    """A finished Parquet file or table. `fingerprint` is a sha256 of its content in hex, the same for the same rows on
    one engine, in whatever order; `seconds` is the engine's own time.

    `answers` are those to the queries of the audit that was asked for, in their order.
    """

    path: Place
    rows: int
    bytes: int
    columns: tuple[Column, ...]
    fingerprint: str
    seconds: float
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reject:
    """One row that was set aside. `line` counts from 1 in the file as delivered; `column` is empty for a broken row."""

    file: str
    line: int
    column: str
    kind: str
    message: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What became of arriving files: the good rows, how many lines were set aside, the first of those (100 at most)."""

    written: Written
    rejected: int
    rejects: tuple[Reject, ...]


@dataclass(frozen=True, kw_only=True)
class ColumnLook:
    """One column of a file somebody wants to register: proposed type, counts, and what would not parse, in words."""

    name: str
    type: str
    nulls: int
    distinct: int
    minimum: str
    maximum: str
    examples: tuple[str, ...]
    warning: str = ""


@dataclass(frozen=True, kw_only=True)
class Look:
    """A first look at a file: the contract it seems to follow, its columns, a sample, and rows that do not fit."""

    format: Format
    delimiter: str
    header: bool
    encoding: str
    null: tuple[str, ...]
    rows: int
    columns: tuple[ColumnLook, ...]
    sample: tuple[Row, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How a person says that a file is written; what is empty is left to the look."""

    delimiter: str = ""
    encoding: str = ""
    header: bool | None = None


class Engine(Protocol):
    """Where statements run. Methods raise EngineError and nothing else, and leave nothing behind when they do."""

    dialect: ClassVar[str]

    def look(self, path: Path, *, format: Format, name: str, limits: Limits, wanted: Wanted | None = None) -> Look:
        """Propose a contract for a file nobody has described yet, or one that is written as a person says."""

    def load(
        self, files: Mapping[str, Path], source: Source, into: Place, limits: Limits, audit: Audit | None = None
    ) -> Loaded:
        """Read arriving files (original name -> where kept) by their contract into one file or table."""

    def materialise(
        self,
        statement: exp.Query,
        inputs: Sequence[Relation],
        columns: Sequence[Column],
        into: Place,
        limits: Limits,
        audit: Audit | None = None,
    ) -> Written:
        """Run a query and write its rows, cast to `columns`, as one Parquet file or table."""

    def measure(self, statements: Sequence[Asked], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        """Run several queries over the same inputs in one session, 1,000 rows at most from each."""

    def ask(self, statements: Sequence[exp.Query], inputs: Sequence[Relation], limits: Limits) -> list[Answer]:
        """The same, answered by the engine that computes, and by none that measures on its behalf."""

    def preview(self, statement: exp.Query, inputs: Sequence[Relation], *, rows: int, limits: Limits) -> Answer:
        """Run a query and give its first rows."""

    def explain(self, statement: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        """Have the engine itself accept a query over empty relations, and name the columns it would give."""

    def export(
        self, statement: exp.Query, inputs: Sequence[Relation], *, format: Format, into: Path, limits: Limits
    ) -> Written:
        """Write a query's rows as a file for people: CSV, TSV, JSON lines or Parquet."""

    def drop(self, places: Sequence[Place]) -> None:
        """Remove files or tables that nothing points to any more; what is gone already is no fault."""

    def close(self) -> None:
        """End whatever is kept warm; the next piece of work starts it again."""
