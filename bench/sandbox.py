"""What the wall costs: a step in a warm child beside the same statements on an open connection of this process.

A step is what the engine does for one: run a query into Parquet, take stock of it, and put it in its place on disk.
Rested: a pause before each, as when files arrive one by one. Back to back: no pause, as in a long run.
"""

import itertools
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from bench.figures import Figure, Report, Target, parser, percentile, say
from bench.sites import SAMPLE
from pipelines_app.compiler.definition import Column
from pipelines_app.engines import trees
from pipelines_app.engines.base import Limits, Relation
from pipelines_app.engines.duckdb_engine import DuckDBEngine

PAUSE_SECONDS = 0.15
OVERHEAD = Target(most=30)
LIMITS = Limits(seconds=60.0)
TRIVIAL = "SELECT 1 AS one"
AGGREGATE = """
    SELECT carrier, origin, count(*) AS flights, avg(dep_delay) AS mean_delay, quantile_cont(dep_delay, 0.9) AS p90
    FROM raw.flights GROUP BY carrier, origin
"""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One query over what it reads, with the columns it gives."""

    name: str
    statement: exp.Query
    inputs: tuple[Relation, ...]
    columns: tuple[Column, ...]


Step = Callable[[Question, Path], object]


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--steps", type=int, default=60, help="how many of each kind (60)")
    asked = made.parse_args()
    report = Report(title="A step in a warm sandboxed child, beside the same statements in this process")
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder:
        _compare(report, Path(folder), asked.steps)
    report.show(as_json=asked.json)


def _compare(report: Report, lake: Path, steps: int) -> None:
    connection = duckdb.connect(":memory:", config={"threads": 2})
    questions = _questions(connection, lake)
    engine = DuckDBEngine(lake)
    try:
        engine.warm()
        for question, (rest, pause) in itertools.product(
            questions, {"rested": PAUSE_SECONDS, "back to back": 0}.items()
        ):
            say(f"{question.name}, {rest}")
            walled = _times(_in_child(engine), question, lake, steps, pause)
            open_ = _times(_in_process(connection), question, lake, steps, pause)
            report.add(*_figures(f"{question.name}, {rest}", walled, open_))
    finally:
        engine.close()


def _in_child(engine: DuckDBEngine) -> Step:
    return lambda question, into: engine.materialise(
        question.statement, question.inputs, question.columns, into, LIMITS
    )


def _in_process(connection: duckdb.DuckDBPyConnection) -> Step:
    """The same statements on a connection that is open already, with what they read as views that stand already."""

    def step(question: Question, into: Path) -> object:
        rows = trees.cast_to(question.statement, question.columns)
        connection.execute(trees.parquet_copy(rows, into).sql(trees.DIALECT))
        _on_disk(into)
        return connection.execute(trees.content_hash([into], question.columns).sql(trees.DIALECT)).fetchall()

    return step


def _on_disk(path: Path) -> None:
    for one in (path, path.parent):
        descriptor = os.open(one, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _times(step: Step, question: Question, lake: Path, steps: int, pause: float) -> list[float]:
    taken = []
    for number in range(steps + 3):
        time.sleep(pause)
        into = lake / "out" / f"{number}.parquet"
        into.parent.mkdir(exist_ok=True)
        begun = time.monotonic()
        step(question, into)
        taken.append(time.monotonic() - begun)
        into.unlink()
    return taken[3:]


def _figures(name: str, walled: Sequence[float], open_: Sequence[float]) -> list[Figure]:
    milliseconds = {share: (percentile(walled, share) * 1000, percentile(open_, share) * 1000) for share in (50, 95)}
    figures = [
        Figure(name=f"{name}: step, p{share}", value=ours, unit="ms", limit=bare)
        for share, (ours, bare) in milliseconds.items()
    ]
    ours, bare = milliseconds[50]
    return [*figures, Figure(name=f"{name}: overhead, p50", value=ours - bare, unit="ms", target=OVERHEAD)]


def _questions(connection: duckdb.DuckDBPyConnection, lake: Path) -> list[Question]:
    flights = lake / "flights.parquet"
    files = trees.texts(sorted((SAMPLE.folder / "flights").glob("*.csv.gz"))).sql(trees.DIALECT)
    connection.execute(f"COPY (SELECT * FROM read_csv({files}, nullstr = 'NA')) TO '{flights}'")
    described = connection.execute(f"DESCRIBE SELECT * FROM '{flights}'").fetchall()
    relation = Relation(name="raw.flights", columns=_columns(described), files=(flights,))
    for statement in trees.views([relation]):
        connection.execute(statement.sql(trees.DIALECT))
    return [
        _question(connection, "trivial", TRIVIAL, ()),
        _question(connection, "aggregate over 51,955 flights", AGGREGATE, (relation,)),
    ]


def _question(connection: duckdb.DuckDBPyConnection, name: str, text: str, inputs: tuple[Relation, ...]) -> Question:
    statement = sqlglot.parse_one(text, dialect=trees.DIALECT)
    assert isinstance(statement, exp.Query)
    columns = _columns(connection.execute(f"DESCRIBE {text}").fetchall())
    return Question(name=name, statement=statement, inputs=inputs, columns=columns)


def _columns(described: Sequence[tuple[object, ...]]) -> tuple[Column, ...]:
    return tuple(Column(name=str(row[0]), type=str(row[1])) for row in described)


if __name__ == "__main__":
    main()
