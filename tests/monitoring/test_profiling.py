"""What is measured of a batch, on the real engine: one statement, whatever the columns are called and hold."""

import duckdb
import pytest
from sqlglot import exp

from monitoring_app.profiling import choosing
from monitoring_app.profiling.asking import HASHES, LARGE_FROM, Asked, one_in
from monitoring_app.profiling.profile import Counted, Metric, Pair, Profile, Tie
from pipelines_app.compiler.definition import Column


def measured(
    sql: str, *, one_in: int = 1, pairs: tuple[Pair, ...] = (), batch: str = "", begins: str = "", ends: str = ""
) -> list[Profile]:
    """The profiles of a query's rows, in the order of their periods."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"CREATE TABLE t AS {sql}")
    described = connection.execute("DESCRIBE t").fetchall()
    columns = [Column(name=row[0], type=row[1]) for row in described if row[0] not in (batch, begins, ends)]
    asked = Asked(columns=columns, one_in=one_in, pairs=pairs, batch=batch, begins=begins, ends=ends)
    cursor = connection.execute(choosing.statement(exp.to_table("t"), asked).sql("duckdb"))
    names = [one[0] for one in cursor.description]
    profiles = [choosing.told(dict(zip(names, row, strict=True)), asked) for row in cursor.fetchall()]
    return sorted(profiles, key=lambda profile: profile.period)


def one(sql: str, **more: object) -> Profile:
    [profile] = measured(sql, **more)
    return profile


NUMBERS = "SELECT UNNEST([0, -1, 2.5, 2.5, NULL])::DOUBLE AS v"
TEXTS = "SELECT UNNEST(['Ab1', ' x', '', 'É', 'Ab1', NULL]) AS v"
MOMENTS = """
    SELECT UNNEST([TIMESTAMP '2024-05-01', '2024-05-01 12:30:00', '2024-05-03']) AS v,
        TIMESTAMP '2024-05-01' AS f, TIMESTAMP '2024-05-02' AS t
"""


@pytest.mark.parametrize(
    ("sql", "metric", "value"),
    [
        (NUMBERS, Metric.NULL_SHARE, 0.2),
        (NUMBERS, Metric.DISTINCT, 3),
        (NUMBERS, Metric.DISTINCT_SHARE, 0.75),
        (NUMBERS, Metric.MINIMUM, -1),
        (NUMBERS, Metric.MAXIMUM, 2.5),
        (NUMBERS, Metric.MEAN, 1.0),
        (NUMBERS, Metric.MEDIAN, 1.25),
        (NUMBERS, Metric.ZERO_SHARE, 0.25),
        (NUMBERS, Metric.NEGATIVE_SHARE, 0.25),
        (NUMBERS, Metric.WHOLE_SHARE, 0.5),
        (NUMBERS, Metric.DECIMALS, 0.5),
        (NUMBERS, Metric.TOP_SHARE, 0.5),
        (TEXTS, Metric.BLANK_SHARE, 0.2),
        (TEXTS, Metric.PADDED_SHARE, 0.2),
        (TEXTS, Metric.UPPER_SHARE, 0.2),
        (TEXTS, Metric.LOWER_SHARE, 0.2),
        (TEXTS, Metric.FOREIGN_SHARE, 0.2),
        (TEXTS, Metric.MIN_LENGTH, 0),
        (TEXTS, Metric.MAX_LENGTH, 3),
    ],
)
def test_a_number_of_a_column_is_what_it_is_called(sql, metric, value):
    assert one(sql).column("v").value(metric) == pytest.approx(value)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (Metric.MIN_OFFSET, 0),
        (Metric.MEDIAN_OFFSET, 12.5 * 3600),
        (Metric.MAX_OFFSET, 2 * 86400),
        (Metric.WITHIN_SHARE, 2 / 3),
        (Metric.FUTURE_SHARE, 1 / 3),
        (Metric.MIDNIGHT_SHARE, 2 / 3),
    ],
)
def test_moments_are_told_from_the_beginning_of_their_own_batch(metric, value):
    assert one(MOMENTS, begins="f", ends="t").column("v").value(metric) == pytest.approx(value)


def test_values_and_patterns_are_counted_the_most_frequent_first():
    column = one("SELECT UNNEST(['Ab1', 'Cd22', 'Ab1', 'x-y']) AS v").column("v")
    assert column.top == (Counted(text="Ab1", rows=2), Counted(text="Cd22", rows=1), Counted(text="x-y", rows=1))
    assert column.patterns == (Counted(text="Aa9", rows=3), Counted(text="a-a", rows=1))
    assert column.is_whole


def test_rows_that_repeat_another_are_counted_and_content_does_not_depend_on_order():
    first = one("SELECT UNNEST([1, 2, 2, 3]) AS a, 'x' AS b")
    again = one("SELECT UNNEST([2, 3, 1, 2]) AS a, 'x' AS b")
    assert first.metrics[Metric.DUPLICATE_SHARE] == 0.25
    assert first.content == again.content != one("SELECT UNNEST([1, 2, 3, 3]) AS a, 'x' AS b").content


@pytest.mark.parametrize(
    ("tie", "value"), [(Tie.CORRELATED, 1.0), (Tie.ORDERED, 1.0), (Tie.EQUAL, 0.0), (Tie.DETERMINES, 1.0)]
)
def test_two_columns_are_measured_together(tie, value):
    pair = Pair(left="a", right="b", tie=tie)
    assert one("SELECT range AS a, 2 * range + 1 AS b FROM range(10)", pairs=(pair,)).pairs[pair] == pytest.approx(
        value
    )


def test_batches_of_one_relation_are_told_apart_in_one_statement():
    found = measured(
        "SELECT range % 3 AS v, ['2024-05-01', '2024-05-02'][1 + range % 2] AS day FROM range(11)", batch="day"
    )
    assert [(profile.period, profile.rows) for profile in found] == [("2024-05-01", 6), ("2024-05-02", 5)]
    assert [sum(value.rows for value in profile.column("v").top) for profile in found] == [6, 5]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT NULL::VARCHAR AS a, NULL::DOUBLE AS b, NULL::TIMESTAMP AS c, NULL::INTEGER[] AS d FROM range(3)",
        "SELECT 1 AS a, 'x' AS b, TIMESTAMP '2024-05-01' AS c WHERE FALSE",
        "SELECT 1 AS a, 'x' AS b, DATE '2024-05-01' AS c",
        """SELECT 1 AS "we""ird, 'name'", 2 AS "SELECT", 3 AS h, 4 AS v0, 5 AS "näme" """,
        "SELECT UNNEST(['nan'::DOUBLE, 'inf', '-inf', 1e308, -1e308, 1, NULL]) AS a",
        "SELECT UNNEST([DATE '9999-12-31', 'infinity', '-infinity', '0001-01-01', NULL]) AS a",
        "SELECT UNNEST([TIMESTAMP '9999-12-31', 'infinity', NULL]) AS a, TIMESTAMPTZ '2024-05-01 00:00:00+02' AS b",
        "SELECT REPEAT('ä', 1000000) AS a FROM range(3)",
        "SELECT [1, 2] AS a, {'b': 1} AS b, 'x'::BLOB AS c, TRUE AS d, TIME '10:00' AS e, 1e37::HUGEINT AS g",
    ],
)
def test_whatever_a_table_holds_it_is_measured(sql):
    for step in (1, 4, LARGE_FROM):
        profile = one(sql, one_in=step)
        assert profile.rows == duckdb.connect().execute(f"SELECT COUNT(*) FROM ({sql})").fetchone()[0]
        assert all(value == value and abs(value) < float("inf") for _, _, value in profile.series())


def test_many_columns_are_measured_in_one_statement():
    profile = one(f"SELECT {', '.join(f'range % {n + 2} AS c{n}' for n in range(120))} FROM range(50)")
    assert [len(column.top) for column in profile.columns] == [min(50, n + 2) for n in range(120)]


def test_of_many_rows_a_sample_is_looked_at_and_the_whole_is_counted():
    step = one_in(200_000)
    profile = one("SELECT range AS a, 'v' || range % 7 AS b FROM range(200000)", one_in=step)
    column = profile.column("a")
    assert step == 16
    assert (profile.rows, column.value(Metric.MAXIMUM)) == (200_000, 199_999)
    assert 0.9 < 16 * column.counted / 200_000 < 1.1
    assert max(column.sketch) < column.sketched_below <= HASHES // step
    assert profile.column("b").value(Metric.TOP_SHARE) == pytest.approx(1 / 7, abs=0.02)
