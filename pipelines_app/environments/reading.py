"""What a version holds, for people and programs: pages of rows, and files to take away."""

from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from pipelines_app import lake
from pipelines_app.access import redaction
from pipelines_app.compiler import names
from pipelines_app.compiler.definition import Format
from pipelines_app.engines.base import Answer, Relation
from pipelines_app.environments import mapping, places
from pipelines_app.errors import StatementRefused
from pipelines_app.models import DatasetVersion

PREVIEW_SECONDS = 30.0
EXPORT_SECONDS = 600.0


def rows(
    version: DatasetVersion,
    *,
    hidden: frozenset[str] = frozenset(),
    limit: int,
    offset: int = 0,
    columns: Sequence[str] = (),
) -> Answer:
    """Rows of a version from an offset on: a version never changes, so neither do its pages.

    What the `hidden` columns hold is not read.

    Raises StatementRefused for a column that the version has not, EngineError if the engine cannot read it.
    """
    relation = mapping.content(version).relation
    query = _chosen(relation, columns, hidden).limit(limit + 1).offset(offset)
    engine = places.reader([relation], version.dataset.team_id)
    return engine.preview(query, [relation], rows=limit, limits=lake.limits(PREVIEW_SECONDS))


def export(version: DatasetVersion, format: Format, *, hidden: frozenset[str] = frozenset()) -> Path:
    """A new file with all rows of a version less its `hidden` columns, which the caller removes; raises EngineError."""
    relation = mapping.content(version).relation
    into = lake.path(lake.export_place())
    into.parent.mkdir(parents=True, exist_ok=True)
    limits = lake.limits(EXPORT_SECONDS)
    engine = places.reader([relation], version.dataset.team_id)
    engine.export(_chosen(relation, (), hidden), [relation], format=format, into=into, limits=limits)
    return into


def _chosen(relation: Relation, columns: Sequence[str], hidden: frozenset[str]) -> exp.Select:
    known = [column.name for column in relation.columns]
    for name in columns:
        if name not in known:
            suggestion = names.nearest(name, known)
            raise StatementRefused(f"{relation.name} has no column {name!r}.", suggestion=suggestion)
    layer, _, table = relation.name.rpartition(".")
    wanted = [_hidden(name) if name.lower() in hidden else exp.column(name, quoted=True) for name in columns or known]
    return exp.select(*wanted).from_(exp.table_(table, db=layer or None, quoted=True))


def _hidden(name: str) -> exp.Expr:
    said = exp.cast(exp.Literal.string(redaction.REDACTED), "VARCHAR")
    return exp.alias_(said, name, quoted=True)
