"""What a change means: one step before and after, and who is affected."""

import pytest

from pipelines_app.compiler import changing, compile, documents
from pipelines_app.compiler.changing import ChangeKind

HEAD = """
pipeline: p
team: t
sources:
  raw.o:
    format: csv
    {more}
    columns: {{{columns}}}
steps:
  - dataset: mart.m
    sql: |
      {sql}
    {step}
"""
BASE = "SELECT id, shop, sum(amount) AS total FROM raw.o GROUP BY id, shop"
COLUMNS = "id: INTEGER, shop: VARCHAR, amount: DOUBLE, at: DATE"


def compiled(sql=BASE, columns=COLUMNS, more="", step=""):
    text = HEAD.format(sql=sql, columns=columns, more=more, step=step)
    return compile.compile_definition(documents.parse(documents.from_yaml(text)), {})


def change(before, after, dataset="mart.m"):
    return {one.dataset: one for one in changing.changes(before, after)}[dataset]


@pytest.mark.parametrize(
    ("before", "after", "kind", "columns"),
    [
        (BASE, BASE, ChangeKind.SAME, ""),
        (BASE, BASE.replace("SELECT", "select  /* the sum */"), ChangeKind.COSMETIC, ""),
        (BASE, BASE.replace("raw.o", "raw.o AS x"), ChangeKind.COSMETIC, ""),
        (BASE, BASE.replace("total", "total, count(*) AS n"), ChangeKind.ADDITIVE, ""),
        (BASE, BASE.replace("sum(amount)", "max(amount)"), ChangeKind.COLUMNS, "total"),
        (BASE, BASE.replace("total", "whole"), ChangeKind.BREAKING, "total"),
        (BASE, BASE.replace("sum(amount)", "count(amount)"), ChangeKind.BREAKING, "total"),
        (BASE, BASE.replace("GROUP", "WHERE amount > 0 GROUP"), ChangeKind.BREAKING, "*"),
        (BASE, BASE.replace("id, shop", "id, shop, at"), ChangeKind.BREAKING, "*"),
        ("SELECT DISTINCT id FROM raw.o", "SELECT DISTINCT id, shop FROM raw.o", ChangeKind.BREAKING, "*"),
        ("SELECT id FROM raw.o LIMIT 3", "SELECT id, shop FROM raw.o LIMIT 3", ChangeKind.BREAKING, "*"),
        ("SELECT id FROM raw.o", "SELECT id, unnest([1, 2]) AS u FROM raw.o", ChangeKind.BREAKING, "*"),
        ("SELECT id FROM raw.o", "SELECT id, random() AS r FROM raw.o", ChangeKind.BREAKING, "*"),
        (
            "SELECT id FROM raw.o UNION ALL SELECT id FROM raw.o",
            "SELECT id, shop FROM raw.o UNION ALL SELECT id, shop FROM raw.o",
            ChangeKind.ADDITIVE,
            "",
        ),
        (
            "SELECT id FROM raw.o UNION SELECT id + 1 FROM raw.o",
            "SELECT id, shop FROM raw.o UNION SELECT id + 1, shop FROM raw.o",
            ChangeKind.BREAKING,
            "*",
        ),
        (
            "WITH q AS (SELECT id, amount FROM raw.o) SELECT id, amount AS a FROM q",
            "WITH q AS (SELECT id, amount, shop FROM raw.o) SELECT id, amount AS a, shop FROM q",
            ChangeKind.ADDITIVE,
            "",
        ),
        (
            "WITH q AS (SELECT id, amount AS v, shop FROM raw.o) SELECT id, v, shop FROM q WHERE id > 1",
            "WITH q AS (SELECT id, amount * 2 AS v, shop FROM raw.o) SELECT id, v, shop FROM q WHERE id > 1",
            ChangeKind.COLUMNS,
            "v",
        ),
        (
            "WITH q AS (SELECT id, amount AS v FROM raw.o) SELECT id FROM q WHERE v > 1",
            "WITH q AS (SELECT id, amount * 2 AS v FROM raw.o) SELECT id FROM q WHERE v > 1",
            ChangeKind.BREAKING,
            "*",
        ),
        ("SELECT id, shop FROM raw.o", "SELECT shop, id FROM raw.o", ChangeKind.ADDITIVE, ""),
    ],
)
def test_a_change_of_a_step_is_told_by_what_readers_see(before, after, kind, columns):
    found = change(compiled(before), compiled(after))
    assert found.kind is kind, found
    assert found.rows == (columns == "*")
    if columns != "*":
        assert ", ".join(found.columns) == columns


@pytest.mark.parametrize(
    ("changed", "kind", "rows"),
    [
        ({"columns": COLUMNS + ", note: VARCHAR"}, ChangeKind.ADDITIVE, False),
        ({"columns": COLUMNS.replace("amount: DOUBLE", "amount: FLOAT")}, ChangeKind.BREAKING, False),
        ({"more": "delimiter: ';'"}, ChangeKind.BREAKING, True),
        ({"more": "description: orders"}, ChangeKind.METADATA, False),
        ({"more": "checks: [{not_null: id}]"}, ChangeKind.METADATA, False),
        ({"more": "from: o.csv"}, ChangeKind.COSMETIC, False),
        ({"more": "drop: {url: 'file:///in'}"}, ChangeKind.METADATA, False),
    ],
)
def test_a_change_of_a_source(changed, kind, rows):
    found = change(compiled(), compiled(**changed), "raw.o")
    assert (found.kind, found.rows) == (kind, rows), found


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ("a: INTEGER, b: INTEGER", ChangeKind.SAME),
        ("b: INTEGER, a: INTEGER", ChangeKind.BREAKING),
        ("c: INTEGER, a: INTEGER, b: INTEGER", ChangeKind.BREAKING),
        ("a: INTEGER, b: INTEGER, c: INTEGER", ChangeKind.ADDITIVE),
    ],
)
def test_without_a_header_columns_are_told_by_their_places(columns, kind):
    sql = "SELECT 1 AS one FROM raw.o"
    before, after = (compiled(sql, names, "header: false") for names in ("a: INTEGER, b: INTEGER", columns))
    assert change(before, after, "raw.o").kind is kind


def test_what_is_described_or_checked_otherwise_builds_nothing():
    found = change(compiled(), compiled(step="checks: [{not_null: id}]"))
    assert found.kind is ChangeKind.METADATA
    assert not found.builds


def test_what_is_no_longer_made_comes_first():
    other = compiled(step="\n  - dataset: mart.extra\n    sql: SELECT id FROM mart.m")
    found = changing.changes(other, compiled())
    assert (found[0].dataset, found[0].kind) == ("mart.extra", ChangeKind.REMOVED)
    assert [one.kind for one in changing.changes(None, compiled())] == [ChangeKind.NEW] * 2


def test_a_reader_is_affected_by_what_it_uses_alone():
    found = change(compiled(), compiled(BASE.replace("sum(amount)", "max(amount)")))
    assert found.touches(frozenset({"total", "id"}))
    assert not found.touches(frozenset({"id", "shop"}))
    gone = change(compiled(), compiled(BASE.replace("total", "whole")))
    assert gone.breaks(frozenset({"total"})) == ("total",)
    assert not gone.touches(frozenset({"shop"}))
    rows = change(compiled(), compiled(BASE.replace("GROUP", "WHERE amount > 0 GROUP")))
    assert rows.touches(frozenset())
