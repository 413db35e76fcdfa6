"""What differs between two profiles, and how much of it is worth a word."""

import pytest

from monitoring_app.profiling.comparing import Kind, compared
from monitoring_app.profiling.profile import ColumnProfile, Counted, Metric, Profile


def column(name="a", type_="BIGINT", *, top=(), **metrics):
    counted = tuple(Counted(text=text, rows=1) for text in top)
    return ColumnProfile(
        name=name,
        type=type_,
        metrics={Metric(key): value for key, value in metrics.items()},
        top=counted,
        is_whole=True,
    )


def profile(*columns, rows=100, content="1"):
    return Profile(period="", rows=rows, columns=columns, metrics={Metric.ROWS: float(rows)}, content=content)


def test_columns_that_came_and_went_and_those_of_another_type_come_first():
    before = profile(column("gone"), column("kept", mean=1.0), column("cast", mean=1.0), column("moved", mean=1.0))
    after = profile(
        column("new"), column("kept", mean=1.0), column("cast", "DOUBLE", mean=1.0), column("moved", mean=99.0)
    )
    found = compared(before, after).columns
    assert {one.name for one in found[:2]} == {"gone", "new"}
    assert [(one.name, one.kind) for one in found[2:]] == [
        ("cast", Kind.CHANGED),
        ("moved", Kind.CHANGED),
        ("kept", Kind.SAME),
    ]
    assert found[2].other_type


@pytest.mark.parametrize(
    ("before", "after", "is_notable"),
    [
        ({"null_share": 0.0}, {"null_share": 0.05}, False),
        ({"null_share": 0.0}, {"null_share": 0.2}, True),
        ({"mean": 10.0, "stddev": 5.0}, {"mean": 10.2, "stddev": 5.0}, False),
        ({"mean": 10.0, "stddev": 5.0}, {"mean": 12.0, "stddev": 5.0}, True),
        ({"distinct": 1000.0}, {"distinct": 1050.0}, False),
        ({"distinct": 1000.0}, {"distinct": 2000.0}, True),
        ({"min_offset": 0.0}, {"min_offset": 3600.0}, False),
        ({"min_offset": 0.0}, {"min_offset": -86400.0}, True),
        ({}, {"mean": 1.0}, True),
        ({"mean": 0.0}, {"mean": 1e-9}, True),  # of what never moved anything is much
    ],
)
def test_a_change_is_judged_on_the_scale_of_its_metric(before, after, is_notable):
    (found,) = compared(profile(column(**before)), profile(column(**after))).columns
    assert found.is_notable is is_notable


def test_moments_that_go_on_with_their_period_are_no_change():
    before, after = ({"min": day * 86400.0, "max": day * 86400.0 + 9, "min_offset": 0.0} for day in (1, 2))
    (found,) = compared(profile(column(**before)), profile(column(**after))).columns
    assert found.kind is Kind.SAME


def test_values_that_came_and_went_are_named():
    (found,) = compared(profile(column(top=("a", "b"))), profile(column(top=("b", "c")))).columns
    assert (found.came, found.went) == (("c",), ("a",))


def test_the_same_rows_are_the_same_rows():
    assert compared(profile(content="7"), profile(content="7")).is_same
    assert not compared(profile(content=""), profile(content="")).is_same
    changed = compared(profile(rows=100), profile(rows=300)).batch[0]
    assert (changed.before, changed.after, changed.is_notable) == (100.0, 300.0, True)
