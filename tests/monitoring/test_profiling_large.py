"""What is measured of a large relation: one scan of all rows, and some of them by chance for the rest."""

import pytest

from monitoring_app.profiling import asking
from monitoring_app.profiling.asking import HASHES, SKETCHED
from monitoring_app.profiling.profile import Metric, Pair, Tie
from tests.monitoring.test_profiling import one

ROWS = 300_000
SQL = f"""
    SELECT
        range % 150000 AS id, (range % 150000) % 7 - 1 AS n, CASE WHEN range % 4 > 0 THEN range / 10.0 END AS x,
        ['Bern', 'genf', ' ', 'Zürich'][1 + (range % 150000) % 4] AS city, 'customer-' || range % 150000 AS long,
        TIMESTAMP '2024-05-01' + to_milliseconds((range % 150000) * 600) AS at, [range % 3] AS list,
        TIMESTAMP '2024-05-01' AS f, TIMESTAMP '2024-05-02' AS t
    FROM range({ROWS})
"""


@pytest.fixture(scope="module")
def large():
    pair = Pair(left="id", right="n", tie=Tie.DETERMINES)
    return one(SQL, one_in=asking.one_in(ROWS), begins="f", ends="t", pairs=(pair,))


@pytest.mark.parametrize(
    ("column", "metric", "value", "within"),
    [
        ("n", Metric.MINIMUM, -1, 0),
        ("n", Metric.ZERO_SHARE, 1 / 7, 1e-5),
        ("n", Metric.NEGATIVE_SHARE, 1 / 7, 1e-5),
        ("n", Metric.WHOLE_SHARE, 1, 0),
        ("n", Metric.TOP_SHARE, 1 / 7, 0.02),
        ("x", Metric.NULL_SHARE, 0.25, 0),
        ("x", Metric.MEAN, 15000, 0.5),
        ("x", Metric.STDDEV, 30000 / 12**0.5, 1),
        ("x", Metric.MEDIAN, 15000, 600),
        ("x", Metric.Q99, 29700, 200),
        ("city", Metric.DISTINCT, 4, 0),
        ("city", Metric.BLANK_SHARE, 0.25, 0.02),
        ("city", Metric.LOWER_SHARE, 0.25, 0.02),
        ("city", Metric.MAX_LENGTH, 6, 0),
        ("city", Metric.MEAN_LENGTH, 15 / 4, 0),
        ("at", Metric.WITHIN_SHARE, 0.96, 1e-4),
        ("at", Metric.FUTURE_SHARE, 0.04, 1e-4),
        ("at", Metric.MIN_OFFSET, 0, 0),
        ("at", Metric.MEDIAN_OFFSET, 45000, 2000),
        ("long", Metric.DISTINCT, 150_000, 10_000),
    ],
)
def test_a_large_relation_is_told_of_like_a_small_one(large, column, metric, value, within):
    assert large.column(column).value(metric) == pytest.approx(value, abs=within + 1e-9)


def test_of_a_large_relation_repeated_rows_values_and_patterns_are_told(large):
    assert large.rows == ROWS
    assert large.metrics[Metric.DUPLICATE_SHARE] == pytest.approx(0.125, abs=0.02)  # the second half where x is NULL
    city, long = large.column("city"), large.column("long")
    assert [value.text for value in sorted(city.top, key=lambda one: one.text)] == [" ", "Bern", "Zürich", "genf"]
    assert {pattern.text for pattern in city.patterns} == {" ", "Aa", "a"}
    assert long.patterns[0].text == "a-9"
    assert city.counted > 10_000
    # The quotient of two sketches of rows by chance: of sixty its deviation was 0.045, and this is six of them.
    assert large.pairs[Pair(left="id", right="n", tie=Tie.DETERMINES)] == pytest.approx(1, abs=0.27)
    assert large.column("list").patterns == ()
    assert Metric.BLANK_SHARE not in large.column("list").metrics


def test_hashes_of_a_large_relation_are_those_of_all_its_values(large):
    city, long = large.column("city"), large.column("long")
    small = one(SQL.replace(f"range({ROWS})", "range(1000)"), begins="f", ends="t").column("city")
    assert (city.sketch.keys(), city.sketched_below) == (small.sketch.keys(), HASHES)
    assert len(long.sketch) == SKETCHED
    assert set(long.sketch.values()) == {2}
    assert SKETCHED / (long.sketched_below / HASHES) == pytest.approx(150_000, rel=0.2)


@pytest.mark.parametrize(("sql", "share"), [("SELECT 1 AS a", 1), ("SELECT range // 2 AS a", 0.5)])
def test_repeated_rows_of_a_large_relation_are_told_by_their_hashes(sql, share):
    found = one(f"{sql} FROM range({ROWS})", one_in=asking.one_in(ROWS))
    assert found.metrics[Metric.DUPLICATE_SHARE] == pytest.approx(share, abs=0.01)


def test_the_same_rows_have_the_same_hash_in_whatever_order():
    sql = f"SELECT range AS a, 'x' || range AS b FROM range({ROWS}) ORDER BY "
    assert len({one(sql + order, one_in=asking.one_in(ROWS)).content for order in ("a", "b")}) == 1
