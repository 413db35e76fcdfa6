"""The one statement that measures a relation, and what its answer tells: by how many rows there are. Pure."""

from sqlglot import exp

from monitoring_app.profiling import large, queries, reading
from monitoring_app.profiling.asking import Asked
from monitoring_app.profiling.profile import Profile
from monitoring_app.profiling.reading import Row


def statement(source: exp.Table | exp.Subquery, asked: Asked) -> exp.Select:
    return large.profile(source, asked) if asked.is_large else queries.profile(source, asked)


def told(row: Row, asked: Asked, *, period: str = "", size: int | None = None) -> Profile:
    read = large.read if asked.is_large else reading.profile
    return read(row, asked, period=period, size=size)
