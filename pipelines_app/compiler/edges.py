"""Lineage of SQL from the command line: records as JSON lines in, their edges as JSON lines out.

A record has `id`, `sql` and, as far as known, `sqlglot_dialect`, `schema` ({table: {column: type}}), `default_catalog`
and `default_schema`. An answer has the tables read and written, an edge for each pair of columns with the way one bears
upon the other, what bears upon all rows, and, where something cannot be told, what and why.
"""

import json
import logging
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from sqlglot.errors import SqlglotError

from pipelines_app.compiler.columns import following, reading
from pipelines_app.compiler.columns.influence import DIRECT, Trace
from pipelines_app.compiler.columns.naming import Catalogue
from pipelines_app.compiler.columns.relations import Output, Wild
from pipelines_app.compiler.columns.script import Script

Json = dict[str, Any]
_BROKEN = (AttributeError, IndexError, KeyError, SqlglotError, TypeError, ValueError)


def answer(record: Mapping[str, Any]) -> Json:
    """The edges of one record."""
    started = time.perf_counter()
    script, failures = _followed(record)
    notes = list(script.walk.notes)
    return {
        "id": record.get("id"),
        "inputs": [name for name in script.reads if not script.between(name)],
        "outputs": [name for name in script.writes if not script.between(name)],
        "columns": sorted(_columns(script), key=repr),
        "dataset": sorted(_rows(script)),
        "partial": [*notes, *_unknown(script)],
        "error": _summary([*failures, *notes]),
        "ms": (time.perf_counter() - started) * 1000,
    }


def _unknown(script: Script) -> list[str]:
    """The tables whose columns stay behind a star."""
    stars = [output for _, outputs, _ in _shown(script) for output in outputs if isinstance(output, Wild)]
    tables = sorted({table for star in stars for table in star.tables})
    return [f"the columns of {table} are not known: * stands for all of them" for table in tables]


def _summary(reasons: list[str]) -> str | None:
    """The first reasons and how many more there are; all of those about columns are under `partial`."""
    more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    return "; ".join(reasons[:3]) + more if reasons else None


def _followed(record: Mapping[str, Any]) -> tuple[Script, list[str]]:
    dialect = str(record.get("sqlglot_dialect") or "")
    tables = {name: list(columns) for name, columns in (record.get("schema") or {}).items()}
    catalogue = Catalogue(tables, str(record.get("default_catalog") or ""), str(record.get("default_schema") or ""))
    script = Script(dialect, catalogue, parse=reading.parser(dialect))
    found, failures = reading.statements(str(record["sql"]), dialect)
    for statement in found:
        try:
            following.follow(statement, script)
        except RecursionError:
            failures.append("the statement is nested too deeply")
        except _BROKEN as error:
            # A text that is no SQL makes trees in which parts are missing.
            failures.append(f"the statement cannot be followed: {type(error).__name__}: {error}")
    return script, [*failures, *script.failures]


def _shown(script: Script) -> Iterable[tuple[str, tuple[Output, ...], Trace]]:
    """What is written into tables that stay; the answer of a query counts where nothing is written."""
    bare = not any(written.table and not script.between(written.table) for written in script.written)
    for written in script.written:
        if bool(written.table) != bare and not script.between(written.table):
            yield written.table, written.outputs, written.rows


def _columns(script: Script) -> set[tuple[str, str, str, str, str, str]]:
    return {
        (origin.table, origin.column, table, name, _direction(origin.kind), str(origin.kind))
        for table, outputs, _ in _shown(script)
        for output in outputs
        for name, trace in [_named(output)]
        for origin in trace
    }


def _named(output: Output) -> tuple[str, Trace]:
    if isinstance(output, Wild):
        return "*", output.column("*") or frozenset()
    return output.name, output.trace


def _direction(kind: str) -> str:
    return "DIRECT" if kind in DIRECT else "INDIRECT"


def _rows(script: Script) -> set[tuple[str, str, str]]:
    return {(origin.table, origin.column, str(origin.kind)) for _, _, rows in _shown(script) for origin in rows}


def main() -> None:
    """Answer every record of standard input, each on a line of its own and at once."""
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    for line in sys.stdin:
        if line.strip():
            sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
