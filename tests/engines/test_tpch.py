"""The 22 queries of TPC-H, written once, give the same rows on every engine."""

import math
import uuid

import pytest

from pipelines_app.compiler import statements
from pipelines_app.engines.base import Relation, Table
from tests.compiler.tpch import QUERIES, ROWS, TABLES
from tests.engines.conftest import LIMITS, columns_of, sql

TOLERANCE = 1e-9  # of a DOUBLE: sums and means are taken in another order


@pytest.fixture(scope="module")
def tables(engine_and_lake, postgres):
    """The same rows as files of the lake and as tables of the warehouse."""
    engine, lake = engine_and_lake
    files, brought = [], []
    for name, listed in TABLES.items():
        columns = columns_of(**dict(column.split(maxsplit=1) for column in listed.split(", ")))
        names = ", ".join(column.name for column in columns)
        rows = sql(f"SELECT * FROM ({ROWS[name]}) AS made({names})")
        written = engine.materialise(rows, [], columns, lake / "tpch" / name, LIMITS)
        files.append(Relation(name=f"raw.{name}", columns=columns, files=(written.path,)))
        place = Table(schema="team_1", name=f"{name}__{uuid.uuid4().hex[:12]}")
        postgres.materialise(sql(f"SELECT * FROM raw.{name}"), files[-1:], columns, place, LIMITS)
        brought.append(Relation(name=f"raw.{name}", columns=columns, files=(place,)))
    return files, brought


@pytest.mark.parametrize("number", sorted(QUERIES))
def test_a_query_gives_the_same_rows_on_both_engines(engine_and_lake, postgres, tables, number):
    query = sql(QUERIES[number])
    read = statements.upstream(query)
    files, brought = ([one for one in side if one.name in read] for side in tables)
    ours = engine_and_lake[0].preview(query, files, rows=500, limits=LIMITS)
    theirs = postgres.preview(query, brought, rows=500, limits=LIMITS)
    assert [column.name for column in ours.columns] == [column.name for column in theirs.columns]
    assert len(ours.rows) == len(theirs.rows) > 0
    for one, other in zip(ours.rows, theirs.rows, strict=True):
        assert all(map(same, one, other)), (one, other)


def same(one: object, other: object) -> bool:
    """Whether two values are equal, as far as a number goes to its ninth digit: decimals may be written as texts."""
    try:
        return math.isclose(float(str(one)), float(str(other)), rel_tol=TOLERANCE)
    except ValueError:
        return one == other
