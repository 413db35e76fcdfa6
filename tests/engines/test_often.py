"""A query that is asked often is made and written once; what differs is given to it as a value."""

from pathlib import Path

import pytest
from sqlglot import exp

from pipelines_app.engines.base import Limits
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.engines.often import Often, plainly

HOSTILE = "2024-05-01'; DROP TABLE t; --"


def often(made: list[int], **given: str) -> Often:
    def make() -> exp.Query:
        made.append(1)
        return exp.select(exp.alias_(exp.Placeholder(this="said"), "said"), exp.alias_(exp.convert(1), "one"))

    return Often(key=b"said", make=make, given=given)


def test_the_query_is_made_once_and_each_asks_with_its_own_values(tmp_path: Path):
    made: list[int] = []
    engine = DuckDBEngine(tmp_path, size=1)
    try:
        for said in ("first", HOSTILE):
            [answer] = engine.measure([often(made, said=said)], [], Limits(seconds=20))
            assert ([column.name for column in answer.columns], answer.rows) == (["said", "one"], ((said, 1),))
    finally:
        engine.close()
    assert len(made) <= 1


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_an_engine_that_keeps_no_texts_gets_the_whole_query(dialect):
    assert plainly(often([], said="it's")).sql(dialect) == "SELECT 'it''s' AS said, 1 AS one"
