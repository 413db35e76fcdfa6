"""What a first look suggests."""

import pytest

from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.definitions import proposing
from pipelines_app.definitions.proposing import ColumnProfile


@pytest.mark.parametrize(
    ("name", "kind", "pattern"),
    [
        ("flights_2013-01-05.csv", PeriodKind.DAY, "flights_{period}.csv"),
        ("flights_20130105.csv.gz", PeriodKind.DAY, "flights_{period}.csv"),
        ("load-2013-01-05T07.jsonl", PeriodKind.HOUR, "load-{period}.jsonl"),
        ("sales-2013-01.parquet", PeriodKind.MONTH, "sales-{period}.parquet"),
        ("orders.csv", PeriodKind.NONE, ""),
        ("orders_2013-13-45.csv", PeriodKind.NONE, ""),
        ("invoice 4711.csv", PeriodKind.NONE, ""),
        ("export-1234567890123.csv", PeriodKind.NONE, ""),
    ],
)
def test_the_period_is_read_from_the_name_of_a_file(name, kind, pattern):
    assert proposing.period_in(name) == (kind, pattern)


@pytest.mark.parametrize(
    ("rejected", "total", "proposed"),
    [(0, 100, 0.0), (14, 5_000, 0.01), (1, 100, 0.02), (2, 100, 0.04), (30, 100, 0.0), (0, 0, 0.0)],
)
def test_a_tolerance_is_proposed_only_for_a_few_bad_rows(rejected, total, proposed):
    assert proposing.tolerance(rejected, total) == proposed


def column(name="c", kind="VARCHAR", **given):
    return ColumnProfile(
        **{"name": name, "type": kind, "rows": 100, "nulls": 1, "distinct": 50, "minimum": "a", "maximum": "z", **given}
    )


@pytest.mark.parametrize(
    ("profile", "entries"),
    [
        (column(), []),
        (column(nulls=0, distinct=100), [{"unique": "c"}, {"not_null": "c"}]),
        (column(kind="DOUBLE", distinct=100, minimum="0.5", maximum="9"), []),
        (column(distinct=2, values=("a", "b")), [{"in_set": {"column": "c", "values": ["a", "b"]}}]),
        (column(distinct=9, values=tuple("abcdefghi")), []),
        (column(kind="DOUBLE", minimum="0.1", maximum="0.9"), [{"between": {"column": "c", "min": 0, "max": 1}}]),
        (column(kind="BIGINT", minimum="1", maximum="9"), [{"between": {"column": "c", "min": 1}}]),
        (column(kind="BIGINT", minimum="0", maximum="9"), [{"between": {"column": "c", "min": 0}}]),
        (
            column(kind="DOUBLE", minimum="-10", maximum="20"),
            [{"between": {"column": "c", "min": -40, "max": 50, "severity": "warn"}}],
        ),
        (column(kind="DOUBLE", minimum=None, maximum=None, distinct=3), []),
        (column(rows=0, nulls=0, distinct=0), []),
    ],
)
def test_checks_are_proposed_where_the_rows_speak_for_them(profile, entries):
    assert [one.entry for one in proposing.checks([profile], source=False)] == entries


def test_a_source_is_also_counted():
    last = proposing.checks([column()], source=True)[-1]
    assert last.entry == {"row_count_between": {"min": 50, "max": 200, "severity": "warn"}}
    assert "100 rows" in last.reason


def test_names_that_sql_keeps_for_itself_are_quoted():
    sql = proposing.first_sql("raw.a", ["id", "order", "Total sum"])
    assert sql == 'SELECT\n  id,\n  "order",\n  "Total sum"\nFROM raw.a'
