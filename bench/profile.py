"""Measuring a version: 5 M rows of 15 columns in Parquet, beside DuckDB's SUMMARIZE and one aggregate query by hand.

Every way is a process of its own, with as much memory and as many threads as a step; what it took is its own time
from the first statement on, and the most memory it held. The queries by hand and the profile tell rows, NULLs,
different values (HyperLogLog), least, greatest, mean, deviation, seven quantiles, zeros, negatives and lengths.
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
from monitoring_app.profiling import asking, choosing
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
        by_hand = _measured("the aggregate query by hand", _by_hand, path)
        for name, statement in WAYS.items():
            seconds, memory = _measured(name, statement, path)
            target = NO_SLOWER if statement is _profiled else None
            report.add(
                Figure(name=f"{name}: seconds", value=seconds, unit="s", limit=by_hand[0], target=target),
                Figure(name=f"{name}: memory", value=memory, unit="MiB", limit=by_hand[1]),
            )
    report.notes += NOTES
    report.show(as_json=asked.json)


Statement = Callable[[list[Column], int], str]


def _measured(name: str, statement: Statement, path: Path) -> tuple[float, float]:
    """The better of two times, and the most memory in MiB."""
    say(name)
    found = []
    for _ in range(2):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(_run, (statement, path)))
    return min(seconds for seconds, _ in found), min(memory for _, memory in found)


def _run(statement: Statement, path: Path) -> tuple[float, float]:
    connection = duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY})
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{path}')")
    described = connection.execute("DESCRIBE rows").fetchall()
    [(rows,)] = connection.execute("SELECT count(*) FROM rows").fetchall()
    sql = statement([Column(name=name, type=type_) for name, type_, *_ in described], rows)
    began = time.monotonic()
    connection.execute(sql).fetchall()
    seconds = time.monotonic() - began
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB


def _summarized(columns: list[Column], rows: int) -> str:
    return "SUMMARIZE rows"


def _by_hand(columns: list[Column], rows: int) -> str:
    return f"SELECT {', '.join(_facts(columns, 'quantile_cont'))} FROM rows"


def _by_sketches(columns: list[Column], rows: int) -> str:
    return f"SELECT {', '.join(_facts(columns, 'approx_quantile'))} FROM rows"


def _with_values(columns: list[Column], rows: int) -> str:
    most = [f'approx_top_k("{column.name}", 60)' for column in columns]
    return f"SELECT {', '.join([*_facts(columns, 'approx_quantile'), *most])} FROM rows"


def _facts(columns: list[Column], quantile: str) -> list[str]:
    """What a person would ask for in one SELECT."""
    asked = ["count(*)"]
    for column in columns:
        name = f'"{column.name}"'
        asked += [f"count({name})", f"min({name})", f"max({name})", f"approx_count_distinct({name})"]
        if asking.family(column.type) is asking.Family.NUMBER and column.type != "BOOLEAN":
            asked += [f"avg({name})", f"stddev_samp({name})", f"count_if({name} = 0)", f"count_if({name} < 0)"]
            asked.append(f"{quantile}({name}, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])")
        if asking.family(column.type) is asking.Family.TEXT:
            asked += [f"min(length({name}))", f"max(length({name}))", f"avg(length({name}))"]
    return asked


def _profiled(columns: list[Column], rows: int) -> str:
    asked = Asked(columns=columns, one_in=asking.one_in(rows))
    return choosing.statement(exp.table_("rows", quoted=True), asked).sql("duckdb")


WAYS = {
    "by hand, approximate quantiles": _by_sketches,
    "by hand, also the 60 most frequent values": _with_values,
    "DuckDB's SUMMARIZE": _summarized,
    "the profile": _profiled,
}
NOTES = [
    "The limit is the query by hand with exact quantiles and without the most frequent values, which is the cheapest.",
    "Only the profile also tells the most frequent values, patterns of texts, shares of blank, padded, upper- and",
    "lower-case texts, of whole numbers and of midnights, repeated rows, a hash of all rows, and hashes of values.",
    "Its quantiles, most frequent values, patterns and these shares are those of some 20,000 rows by chance.",
]


if __name__ == "__main__":
    main()
