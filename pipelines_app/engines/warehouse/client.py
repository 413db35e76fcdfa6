"""PostgreSQL's client, loaded when a warehouse is first spoken to: who keeps all in files never needs it."""

from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def pg() -> ModuleType:
    """The package `psycopg`, with its parts `errors`, `sql` and `conninfo`."""
    for part in ("errors", "sql", "conninfo"):
        import_module(f"psycopg.{part}")
    return import_module("psycopg")
