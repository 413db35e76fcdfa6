"""The queries of TPC-H written to Parquet files by one DuckDB connection: `python -m bench.raw_tpch folder scale`.

Prints its wall time as JSON. The files are the tables as `bench.parts.tpch` writes them; the answers lie beside them.
"""

import json
import sys
import time
from pathlib import Path

import duckdb

from bench.parts import tpch


def main() -> None:
    folder, scale = Path(sys.argv[1]), float(sys.argv[2])
    queries = {str(step["dataset"]): str(step["sql"]) for step in tpch.pipeline()["steps"]}
    begun = time.monotonic()
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA raw")
    for table in tpch.TABLES:
        connection.execute(f"CREATE VIEW raw.tpch_{table} AS FROM '{folder / table}.zstd.parquet'")
    for name, text in queries.items():
        query = text.replace("$value_share", f"{0.0001 / scale:.10f}")
        connection.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    print(json.dumps({"seconds": time.monotonic() - begun}))


if __name__ == "__main__":
    main()
