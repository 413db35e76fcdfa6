"""Which engines there are, by name, and how one that reads files reads tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pipelines_app.engines.base import Engine
from pipelines_app.engines.duckdb_engine import DuckDBEngine


class Factory(Protocol):
    """Makes an engine over a lake."""

    def __call__(self, lake: Path, *, allow_unsandboxed: bool = False) -> Engine: ...


ENGINES: Mapping[str, Factory] = {
    "duckdb": DuckDBEngine,
}
NAMES = ("duckdb", "postgres", "spark")
