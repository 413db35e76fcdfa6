"""What a table is called in full, and which of the known tables that is."""

import re
from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

Columns = Sequence[str]
# In BigQuery t$20240131 is a part of t, and tables by date are one dataset: t_20240131, t_2024*, t_*.
_SHARD = re.compile(r"^(.+?)_?(?:\d{8}|\d{0,8}\*)$")


class Catalogue:
    """The tables whose columns are known, found by full name or by the only name that ends so."""

    def __init__(self, tables: Mapping[str, Iterable[str]], catalog: str = "", schema: str = "") -> None:
        self._tables = {_folded(name): (name, tuple(columns)) for name, columns in tables.items()}
        self._catalog, self._schema = catalog, schema

    def name(self, table: exp.Table, dialect: str = "") -> str:
        """The full name of a table as it is spelled; what the statement leaves out is filled in."""
        if isinstance(table.this, exp.Parameter):
            return f"@{table.name}"
        parts = [part.name for part in table.parts if part.name]
        if dialect == "bigquery" and parts:
            parts[-1] = shard(parts[-1])
        if len(parts) == 1 and self._schema:
            parts.insert(0, self._schema)
        if len(parts) == 2 and self._catalog:
            parts.insert(0, self._catalog)
        return ".".join(parts)

    def columns(self, name: str) -> Columns | None:
        """The columns of a table, or None where nothing is known of it."""
        folded = _folded(name)
        if folded in self._tables:
            return self._tables[folded][1] or None
        near = [one for one in self._tables if one.endswith(f".{folded}") or folded.endswith(f".{one}")]
        return (self._tables[near[0]][1] or None) if len(near) == 1 else None

    def learn(self, name: str, columns: Iterable[str]) -> None:
        self._tables[_folded(name)] = (name, tuple(columns))


def shard(name: str) -> str:
    """The name of the dataset that a table by date, or a part of a table, belongs to."""
    whole = name.partition("$")[0] or name
    found = _SHARD.match(whole)
    return f"{found[1]}_yyyymmdd" if found else whole


def _folded(name: str) -> str:
    return name.lower()
