"""Where files live: arrivals and versions below one root, under ids, never under names that came from outside."""

import uuid
from functools import cache
from pathlib import Path

from django.conf import settings

from pipelines_app.engines.base import Limits, Place, Table
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.models import EngineName


def root() -> Path:
    """The lake's root; everything stored is named relative to it."""
    return Path(settings.LAKE_ROOT)


def path(relative: str) -> Path:
    """Where a stored file is."""
    return root() / relative


def located(stored: str, engine: str) -> Place:
    """Where a part of a version is: a file of the lake, or a table of the warehouse."""
    if engine == EngineName.DUCKDB:
        return path(stored)
    schema, _, name = stored.partition(".")
    return Table(schema=schema, name=name)


def arrival_place() -> str:
    """A new place for something that comes in."""
    name = uuid.uuid4().hex
    return f"arrivals/{name[:2]}/{name}"


def attempt_place(*, dataset: int, step_run: int, epoch: int, mark: str = "") -> str:
    """The place of one attempt's output: no two attempts share it, so nothing is ever overwritten."""
    return f"data/{dataset}/{step_run}-{epoch}{mark}.parquet"


def export_place() -> str:
    """A place for a file made for one download."""
    return f"exports/{uuid.uuid4().hex}"


@cache
def engine() -> DuckDBEngine:
    """This process's DuckDB, with its warm children: it reads files, whatever engine an environment is on."""
    return DuckDBEngine(root(), allow_unsandboxed=settings.ALLOW_UNSANDBOXED)


def limits(seconds: float) -> Limits:
    """What one piece of work for a person who waits may take."""
    return Limits(seconds=seconds, memory_bytes=settings.ENGINE_MEMORY_BYTES)
