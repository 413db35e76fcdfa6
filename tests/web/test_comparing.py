"""A difference between two definitions is said as an analyst would say it."""

import pytest

from pipelines_app.web.comparing import Change, changes

OLD = {
    "pipeline": "orders",
    "team": "shop",
    "parameters": {"late": {"type": "integer", "default": 15}},
    "sources": {"raw.orders": {"format": "csv", "columns": {"id": "INTEGER"}, "checks": [{"not_null": "id"}]}},
    "steps": [{"dataset": "mart.totals", "sql": "SELECT 1\n"}],
}


def changed(**parts):
    return {**OLD, **parts}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (OLD, []),
        (changed(team="ops"), [Change("changed", "pipeline", "team", "shop", "ops")]),
        (
            changed(parameters={"late": {"type": "integer", "default": 20}}),
            [Change("changed", "parameter late", "default", "15", "20")],
        ),
        (changed(parameters={}), [Change("removed", "parameter late", "")]),
        (
            changed(
                sources={"raw.orders": {**OLD["sources"]["raw.orders"], "columns": {"id": "BIGINT", "at": "DATE"}}}
            ),
            [
                Change("changed", "source raw.orders", "column id", "INTEGER", "BIGINT"),
                Change("added", "source raw.orders", "column at", "", "DATE"),
            ],
        ),
        (
            changed(sources={"raw.orders": {**OLD["sources"]["raw.orders"], "checks": [{"unique": "id"}]}}),
            [
                Change("added", "source raw.orders", "check unique: id"),
                Change("removed", "source raw.orders", "check not_null: id"),
            ],
        ),
        (
            changed(
                steps=[{"dataset": "mart.totals", "sql": "SELECT 2\n"}, {"dataset": "mart.more", "sql": "SELECT 3"}]
            ),
            [Change("changed", "step mart.totals", "SQL"), Change("added", "step mart.more", "")],
        ),
    ],
)
def test_every_difference_is_named_with_its_place(new, expected):
    assert changes(OLD, new) == expected
