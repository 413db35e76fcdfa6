"""What an answer's columns are is asked once for equal queries over equal columns, and never carried over to others."""

import pytest
from sqlglot import exp

from pipelines_app.compiler import statements
from pipelines_app.compiler.definition import Column
from pipelines_app.engines import described
from pipelines_app.engines.base import Relation

INTEGERS = Relation(name="raw.t", columns=(Column(name="a", type="INTEGER"),))
TEXTS = Relation(name="raw.t", columns=(Column(name="a", type="VARCHAR"),))
VIEW = Relation(name="raw.t", columns=INTEGERS.columns, query=statements.parse("SELECT 1 AS a"))


@pytest.fixture(autouse=True)
def _anew():
    described.forget()


def asked(*pairs):
    """How many of these statements over relations are asked of the engine."""
    told = []
    for sql, relation in pairs:
        tree: exp.Query = statements.parse(sql)
        over = described.shape([relation])
        found = described.columns(tree, over, lambda: told.append(1) or [("a", "INTEGER")])
        assert found == [("a", "INTEGER")]
    return len(told)


@pytest.mark.parametrize(
    ("first", "second", "times"),
    [
        (("SELECT a FROM raw.t", INTEGERS), ("SELECT a FROM raw.t", INTEGERS), 1),
        (("SELECT a FROM raw.t", INTEGERS), ("SELECT a FROM raw.t", TEXTS), 2),
        (("SELECT a FROM raw.t", INTEGERS), ("SELECT a + 1 AS a FROM raw.t", INTEGERS), 2),
        (("SELECT a FROM raw.t", VIEW), ("SELECT a FROM raw.t", VIEW), 2),
        (
            ("SELECT CAST('2024-01-01 00:00:00' AS TIMESTAMP) AS a FROM raw.t", INTEGERS),
            ("SELECT CAST('2024-01-02 00:00:00' AS TIMESTAMP) AS a FROM raw.t", INTEGERS),
            1,
        ),
        (("SELECT '1' AS a FROM raw.t", INTEGERS), ("SELECT '2' AS a FROM raw.t", INTEGERS), 2),
    ],
    ids=["equal", "other columns", "another query", "a view", "another moment", "another text"],
)
def test_equal_questions_are_asked_once(first, second, times):
    assert asked(first, second) == times


def test_rows_that_were_written_with_other_columns_are_of_another_shape():
    mixed = Relation(name="raw.t", columns=INTEGERS.columns, earlier=(TEXTS,))
    assert described.shape([mixed]) != described.shape([INTEGERS])
    assert described.shape([Relation(name="raw.t", columns=INTEGERS.columns, earlier=(VIEW,))]) is None
