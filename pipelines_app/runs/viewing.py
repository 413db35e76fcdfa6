"""Datasets that are kept as a query: nothing is written, and readers expand it over the versions that its run read."""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler import codec, statements
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.engines.base import Audit, Engine, Limits, Relation, Written
from pipelines_app.environments import mapping


def look(
    step: CompiledStep, reads: Sequence[Relation], engine: Engine, limits: Limits, *, audit: Audit | None
) -> tuple[Written, Relation]:
    """Count the rows of a view and ask it what its checks want to know; nothing is written."""
    began, query = time.monotonic(), codec.statement(step)
    view = Relation(name=step.dataset, columns=step.columns, query=query, reads=tuple(reads))
    layer, _, table = step.dataset.partition(".")
    count = exp.select(exp.Count(this=exp.Star())).from_(exp.table_(table, db=layer, quoted=True))
    others = audit.others if audit else ()
    counted, *answers = engine.measure([count, *(audit.statements if audit else ())], [view, *others], limits)
    written = Written(
        path=Path(),
        rows=int(str(counted.rows[0][0])),
        bytes=0,
        columns=step.columns,
        fingerprint=_fingerprint(step, query, reads),
        seconds=time.monotonic() - began,
        answers=tuple(answers),
    )
    return written, view


def _fingerprint(step: CompiledStep, query: exp.Query, reads: Sequence[Relation]) -> str:
    """Of a view: what it asks of which files."""
    columns = [[column.name, column.type] for column in step.columns]
    files = [[relation.name, [str(file) for file in relation.all_files]] for relation in reads]
    return hashlib.sha256(json.dumps([statements.text(query), columns, files]).encode()).hexdigest()


def stored(view: Relation) -> dict[str, object]:
    """A view as it is kept with its version."""
    query = statements.text(view.query) if view.query is not None else ""
    return {"sql": query, "columns": {one.name: mapping.stored_columns(one.columns) for one in view.reads}}
