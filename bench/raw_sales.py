"""The work of the platform's pipeline as one plain DuckDB script: `python -m bench.raw_sales file.csv folder`.

Written by hand and without the platform's code: it prints its wall time, its rows and its peak memory as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

import duckdb

COLUMNS = {
    "id": "BIGINT",
    "sold_at": "TIMESTAMP",
    "customer": "INTEGER",
    "country": "VARCHAR",
    "product": "VARCHAR",
    "quantity": "INTEGER",
    "price": "DECIMAL(10, 2)",
    "discount": "DOUBLE",
    "paid": "BOOLEAN",
    "delivered_on": "DATE",
}
COUNTRIES = ("AT", "BE", "CH", "DE", "ES", "FR", "IT", "NL", "PL", "SE")
STEP = """
    SELECT id, sold_at, CAST(sold_at AS DATE) AS sold_on, customer, country, product, quantity, price,
           round(quantity * price * (1 - discount), 2) AS amount, paid, date_diff('day', sold_at, delivered_on) AS days
    FROM {source}
"""
LOAD = """
    COPY (SELECT * FROM read_csv(
        ?, auto_detect = false, header = true, delim = ',', quote = '"', nullstr = '',
        columns = {columns}, store_rejects = true, rejects_limit = 0
    )) TO '{into}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
"""
LOADED = """
    SELECT count(*), count(*) FILTER (WHERE id IS NULL OR sold_at IS NULL),
           count(*) FILTER (WHERE country NOT IN {countries})
    FROM '{path}'
"""
STEPPED = """
    SELECT count(*), count(*) FILTER (WHERE amount NOT BETWEEN 0 AND 100000), count(id) - count(DISTINCT id)
    FROM '{path}'
"""


def main() -> None:
    source, folder = sys.argv[1], Path(sys.argv[2])
    raw, staging = folder / "raw.parquet", folder / "staging.parquet"
    begun = time.monotonic()
    connection = duckdb.connect()
    connection.execute(LOAD.format(columns=COLUMNS, into=raw), [source])
    rejected = connection.execute("SELECT count(*) FROM reject_errors").fetchall()[0][0]
    first = connection.execute(LOADED.format(countries=COUNTRIES, path=raw)).fetchall()[0]
    step = STEP.format(source=f"'{raw}'")
    connection.execute(f"COPY ({step}) TO '{staging}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
    second = connection.execute(STEPPED.format(path=staging)).fetchall()[0]
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    bad = [rejected, *first[1:], *second[1:]]
    print(json.dumps({"seconds": seconds, "rows": second[0], "bad": bad, "peak": peak}))


if __name__ == "__main__":
    main()
