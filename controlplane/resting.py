"""Connections to the database of the threads that answer requests: closed after a while without one.

Each keeps the whole schema and its statements in memory, about a megabyte, and its thread waits for the next request
without knowing for how long.
"""

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(eq=False, kw_only=True)
class Kept:
    """A thread's connection; who holds `lock` may use it."""

    connection: BaseDatabaseWrapper
    lock: threading.Lock = field(default_factory=threading.Lock)
    used_at: float = 0.0  # by the clock of time.monotonic()


_all: "weakref.WeakSet[Kept]" = weakref.WeakSet()  # what a thread kept goes with it
_adding = threading.Lock()
_own = threading.local()


@contextmanager
def in_use() -> Iterator[None]:
    """Keep this thread's connection open, whatever happens meanwhile."""
    kept: Kept | None = getattr(_own, "kept", None)
    if kept is None:
        kept = _own.kept = Kept(connection=connections[connection.alias])
        with _adding:
            _all.add(kept)
    with kept.lock:
        try:
            yield
        finally:
            kept.used_at = time.monotonic()


def close_unused(since: float) -> int:
    """Close what was not used since a moment of `time.monotonic()`; says how many were open."""
    with _adding:
        there = list(_all)
    return sum(_closed(kept, since) for kept in there)


def _closed(kept: Kept, since: float) -> bool:
    if kept.used_at > since or not kept.lock.acquire(blocking=False):
        return False
    try:
        if kept.connection.connection is None or kept.used_at > since:
            return False
        kept.connection.inc_thread_sharing()
        try:
            kept.connection.close()
        finally:
            kept.connection.dec_thread_sharing()
        return True
    finally:
        kept.lock.release()
