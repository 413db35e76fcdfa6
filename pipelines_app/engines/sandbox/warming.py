"""What nearly every session does, done once before: what DuckDB sets up for it then stands ready in every copy."""

from pathlib import Path
from typing import Any

LINES = "a,b\n1,2.5\n"
# A file is read into Parquet, what was set aside is counted, a query over it is written, and stock is taken.
STATEMENTS = (
    """COPY (SELECT CASE WHEN contains(a, '.') AND NOT coalesce(TRY_CAST(a AS DECIMAL(38, 10)) = TRY_CAST(a AS BIGINT),
            FALSE) THEN error('') ELSE CAST(a AS BIGINT) END AS a, b
        FROM read_csv(['warm.csv'], columns = {'a': 'VARCHAR', 'b': 'DOUBLE'}, auto_detect = FALSE,
            header = TRUE, delim = ',', quote = '"', escape = '"', nullstr = ['-'], store_rejects = TRUE,
            rejects_limit = 0))
        TO 'warm-1.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)""",
    "SELECT count(*) = 0 FROM reject_errors",
    "CREATE SCHEMA IF NOT EXISTS warm",
    """CREATE VIEW warm.lines AS SELECT CAST(a AS BIGINT) AS a, CAST(b AS DOUBLE) AS b
        FROM read_parquet(['warm-1.parquet'])""",
    """COPY (SELECT CAST(n AS BIGINT) AS n, CAST(b AS DOUBLE) AS b
            FROM (SELECT count(*) AS n, sum(b) AS b FROM warm.lines GROUP BY a ORDER BY a) AS q)
        TO 'warm-2.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)""",
    "SELECT count(*), CAST(sum(hash(n, b)) AS VARCHAR) FROM read_parquet(['warm-2.parquet'])",
)
UNDONE = (
    "DROP VIEW warm.lines",
    "DROP SCHEMA warm",
    "DROP TABLE reject_errors",
    "DROP TABLE reject_scans",
)


def warm(connection: Any) -> None:
    """Go the usual way once in the folder we are in, in the one thread there is; only what DuckDB remembers is left."""
    folder = Path.cwd()
    (folder / "warm.csv").write_text(LINES)
    for statement in STATEMENTS:
        connection.execute(statement).fetchall()
    for statement in UNDONE:
        connection.execute(statement)
    for left in folder.glob("warm*"):
        left.unlink()
