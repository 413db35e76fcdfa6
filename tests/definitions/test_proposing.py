"""What a first look suggests."""

import pytest

from pipelines_app.compiler.definition import Format, PeriodKind
from pipelines_app.definitions import proposing
from pipelines_app.definitions.proposing import ColumnProfile
from pipelines_app.engines.base import ColumnLook, Look


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


def test_the_most_telling_come_first_and_what_is_never_empty_is_one_proposal():
    profile = [
        column("note", nulls=0, distinct=100),
        column("shop", nulls=0, distinct=2, values=("a", "b")),
        column("amount", kind="DOUBLE", nulls=0, minimum="0.1", maximum="0.9"),
        column("order_id", kind="BIGINT", nulls=0, distinct=100),
        column("kept", nulls=0),
    ]
    found = [one.entry for one in proposing.checks(profile, source=True, promised={"kept"})]
    assert [next(iter(entry)) for entry in found] == [
        "unique",
        "unique",
        "in_set",
        "between",
        "row_count_between",
        "not_null",
    ]
    assert [entry.get("unique") for entry in found[:2]] == ["order_id", "note"]
    assert found[-1] == {"not_null": ["note", "shop", "amount", "order_id"]}


@pytest.mark.parametrize(
    ("kind", "low", "high", "period"),
    [
        (PeriodKind.DAY, "2013-02-08 05:00:00", "2013-02-08 23:00:00", "2013-02-08"),
        (PeriodKind.DAY, "2013-02-08", "2013-02-09", ""),
        (PeriodKind.HOUR, "2013-02-08 05:00:00", "2013-02-08 05:59:00", "2013-02-08T05"),
        (PeriodKind.HOUR, "2013-02-08", "2013-02-08", ""),
        (PeriodKind.MONTH, "2013-02-08", "2013-02-28", "2013-02"),
        (PeriodKind.NONE, "2013-02-08", "2013-02-08", ""),
        (PeriodKind.DAY, "", "", ""),
    ],
)
def test_rows_of_one_period_say_which_it_is(kind, low, high, period):
    about = {"nulls": 0, "distinct": 2, "examples": ()}
    columns = (
        ColumnLook(name="id", type="VARCHAR", minimum="2013-01-01", maximum="2013-01-01", **about),
        ColumnLook(name="at", type="TIMESTAMP", minimum=low, maximum=high, **about),
    )
    rest = {"delimiter": ",", "header": True, "encoding": "utf-8", "null": (), "rows": 2, "sample": (), "warnings": ()}
    look = Look(format=Format.CSV, columns=columns, **rest)
    assert proposing.period_of_rows(look, kind) == period


def test_a_source_is_also_counted():
    last = proposing.checks([column(nulls=1)], source=True)[-1]
    assert last.entry == {"row_count_between": {"min": 50, "max": 200, "severity": "warn"}}
    assert "100 rows" in last.reason


def test_names_that_sql_keeps_for_itself_are_quoted():
    sql = proposing.first_sql("raw.a", ["id", "order", "Total sum"])
    assert sql == 'SELECT\n  id,\n  "order",\n  "Total sum"\nFROM raw.a'
