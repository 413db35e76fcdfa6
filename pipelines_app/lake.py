"""Where files live: arrivals and versions below one root, under ids, never under names that came from outside."""

import uuid
from collections.abc import Collection
from functools import cache
from pathlib import Path

from django.conf import settings

from pipelines_app.engines.base import Limits, Place, Table
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.models import EngineName, KeptMessage

MESSAGES = "messages"  # a folder of copies: the database keeps what is below it
AT_ONCE = 200


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


def message_place() -> str:
    """A new place for a message that the database keeps."""
    name = uuid.uuid4().hex
    return f"{MESSAGES}/{name[:2]}/{name}"


def original(place: str) -> Path:
    """Where the bytes of an arrival are as a file: what the database keeps of them is copied out first."""
    return originals([place])[place]


def originals(places: Collection[str]) -> dict[str, Path]:
    """The same for several, by their places. What neither the lake nor the database has is at no file."""
    kept = [place for place in places if place.startswith(f"{MESSAGES}/")]
    for begin in range(0, len(kept), AT_ONCE):
        for row in KeptMessage.objects.filter(place__in=kept[begin : begin + AT_ONCE]):
            _copy_out(path(row.place), bytes(row.content))
    return {place: path(place) for place in places}


def _copy_out(into: Path, content: bytes) -> None:
    """Anew each time, whatever is there: a copy may be from before a power cut, and its bytes never on disk."""
    into.parent.mkdir(parents=True, exist_ok=True)
    fresh = into.with_name(f"{into.name}.{uuid.uuid4().hex}")
    try:
        fresh.write_bytes(content)
        fresh.replace(into)  # who reads the one before goes on with it
    finally:
        fresh.unlink(missing_ok=True)


def attempt_place(*, dataset: int, step_run: int, epoch: int, mark: str = "") -> str:
    """The place of one attempt's output: no two attempts share it, so nothing is ever overwritten."""
    return f"data/{dataset}/{step_run}-{epoch}{mark}.parquet"


def export_place() -> str:
    """A place for a file made for one download."""
    return f"exports/{uuid.uuid4().hex}"


@cache
def engine() -> DuckDBEngine:
    """This process's DuckDB, with its warm children: it reads files, whatever engine an environment is on."""
    usual = limits(settings.STEP_SECONDS) if settings.ENGINE_WARMED else None
    return DuckDBEngine(root(), allow_unsandboxed=settings.ALLOW_UNSANDBOXED, usual=usual)


def limits(seconds: float) -> Limits:
    """What one piece of work for a person who waits may take."""
    return Limits(seconds=seconds, memory_bytes=settings.ENGINE_MEMORY_BYTES)
