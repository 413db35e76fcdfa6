"""Measuring a version: 5 M rows of 15 columns in Parquet, beside DuckDB's SUMMARIZE and one aggregate query by hand.

Every way is a process of its own, with as much memory and as many threads as a step; what it took is its own time
from the first statement on, and the most memory it held. The profile asks for what the query by hand asks for (NULLs,
least, greatest, mean, deviation, quantiles, different values of each column) and for values, patterns and hashes.
"""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from sqlglot import exp

from bench.figures import MIB, Figure, Report, Target, parser, say
from monitoring_app.profiling import asking, queries
from monitoring_app.profiling.asking import Asked
from pipelines_app.compiler.definition import Column

ROWS = 5_000_000
MEMORY = "2GB"
THREADS = 2
NO_SLOWER = Target(most=1.5, times_limit=True)
MADE = """
    COPY (
        SELECT
            i AS id, i // 7 AS visit, (i * 7919) % 300 AS shop, (hash(i) % 100000) / 100.0 AS amount,
            CASE WHEN i % 50 = 0 THEN NULL ELSE (hash(i + 1) % 1000)::INTEGER END AS delay,
            (hash(i + 2) % 1000000)::DOUBLE / 1e6 AS share, i % 3 = 0 AS paid,
            TIMESTAMP '2024-01-01' + to_seconds(i::BIGINT) AS at, DATE '2024-01-01' + (i % 365)::INTEGER AS day,
            'C-' || (hash(i + 3) % 50000) AS customer, ['AA', 'B6', 'DL', 'UA'][1 + i % 4] AS carrier,
            'N' || (10000 + hash(i + 4) % 4000) || 'ZZ' AS tail,
            CASE WHEN i % 10 = 0 THEN NULL ELSE 'user' || i || '@example.org' END AS mail,
            (hash(i + 5) % 40)::SMALLINT AS age, (hash(i + 6) % 9000)::DECIMAL(12, 2) / 7 AS price
        FROM range({rows}) rows(i)
    ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--rows", type=int, default=ROWS, help="of the file (5,000,000)")
    asked = made.parse_args()
    report = Report(title=f"A profile of {asked.rows:,} rows and 15 columns, 2 threads")
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder:
        path = Path(folder) / "rows.parquet"
        say("making the rows")
        duckdb.execute("SET enable_progress_bar = false")
        duckdb.execute(MADE.format(rows=asked.rows, path=path))
        by_hand = _measured("the aggregate query by hand", _by_hand, path, asked.rows)
        for name, statement in (("DuckDB's SUMMARIZE", _summarized), ("the profile", _profiled)):
            seconds, memory = _measured(name, statement, path, asked.rows)
            target = NO_SLOWER if statement is _profiled else None
            report.add(
                Figure(name=f"{name}: seconds", value=seconds, unit="s", limit=by_hand[0], target=target),
                Figure(name=f"{name}: memory", value=memory, unit="MiB", limit=by_hand[1]),
            )
    report.show(as_json=asked.json)


Statement = Callable[[list[Column], Path, int], str]


def _measured(name: str, statement: Statement, path: Path, rows: int) -> tuple[float, float]:
    """The better of two times, and the most memory in MiB."""
    say(name)
    found = []
    for _ in range(2):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(_run, (statement, path, rows)))
    return min(seconds for seconds, _ in found), min(memory for _, memory in found)


def _run(statement: Statement, path: Path, rows: int) -> tuple[float, float]:
    connection = duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY})
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{path}')")
    described = connection.execute("DESCRIBE rows").fetchall()
    sql = statement([Column(name=name, type=type_) for name, type_, *_ in described], path, rows)
    began = time.monotonic()
    connection.execute(sql).fetchall()
    seconds = time.monotonic() - began
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB


def _summarized(columns: list[Column], path: Path, rows: int) -> str:
    return "SUMMARIZE rows"


def _by_hand(columns: list[Column], path: Path, rows: int) -> str:
    """What a person would write: everything that SUMMARIZE tells, in one SELECT."""
    asked = ["count(*)"]
    for column in columns:
        name = f'"{column.name}"'
        asked += [f"count({name})", f"min({name})", f"max({name})", f"approx_count_distinct({name})"]
        if asking.family(column.type) is asking.Family.NUMBER and column.type != "BOOLEAN":
            asked += [f"avg({name})", f"stddev_samp({name})", f"count_if({name} = 0)", f"count_if({name} < 0)"]
            asked.append(f"quantile_cont({name}, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])")
        if asking.family(column.type) is asking.Family.TEXT:
            asked += [f"min(length({name}))", f"max(length({name}))", f"avg(length({name}))"]
    return f"SELECT {', '.join(asked)} FROM rows"


def _profiled(columns: list[Column], path: Path, rows: int) -> str:
    asked = Asked(columns=columns, one_in=asking.one_in(rows))
    return queries.profile(exp.table_("rows", quoted=True), asked).sql("duckdb")


if __name__ == "__main__":
    main()
