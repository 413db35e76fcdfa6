"""Which fault another one comes from: small tables, and lineages by chance that are scored."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring_app import roots
from monitoring_app.roots import Kind, Sign
from tests.monitoring import lineages

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
# raw 1, 2 -> staging 3 (of 1), 4 (of 2) -> mart 5 (of 3 and 4) -> 6; and 7 <-> 8 make a circle
PARENTS = {3: [1], 4: [2], 5: [3, 4], 6: [5], 7: [8], 8: [7]}


def sign(node, kind, *, minutes=0, **about):
    change = kind in roots.CHANGES
    given = {"alert": None if change else node * 10, "key": f"change/{node}"} | about
    return Sign(node=node, kind=kind, at=NOON + timedelta(minutes=minutes), **given)


OWN = sign(6, Kind.CHECK)


@pytest.mark.parametrize(
    ("signs", "node"),
    [
        ([], 6),
        ([sign(3, Kind.BROKEN)], 3),
        ([sign(3, Kind.BROKEN), sign(1, Kind.LATE)], 1),  # the most upstream
        ([sign(1, Kind.CHECK), sign(2, Kind.LATE)], 2),  # of two tops the likelier kind
        ([sign(1, Kind.LATE, minutes=5), sign(2, Kind.LATE)], 2),  # of equals the first
        ([sign(1, Kind.SCHEMA, minutes=-30), sign(2, Kind.LATE)], 1),
        ([sign(1, Kind.SCHEMA, minutes=1)], 6),  # a change after it
        ([sign(1, Kind.REVISED, minutes=-90)], 6),  # a change long before it
        ([sign(1, Kind.BROKEN, minutes=14)], 1),  # noticed later
        ([sign(1, Kind.BROKEN, minutes=16)], 6),
        ([sign(1, Kind.BROKEN, minutes=-60 * 30)], 6),  # not heard of since yesterday
        ([sign(1, Kind.BROKEN, minutes=-60 * 30, last=NOON)], 1),
        ([sign(1, Kind.WAITS)], 6),  # what waits has made nothing that could be wrong
        ([sign(7, Kind.LATE)], 6),  # elsewhere
    ],
)
def test_the_root_is_the_most_upstream_likeliest_and_first(signs, node):
    assert roots.root(OWN, signs, PARENTS).node == node


@pytest.mark.parametrize(
    ("period", "own", "related"),
    [
        ("2026-03-01", "2026-03-01", True),
        ("2026-02-28", "2026-03-01", False),
        ("2026-03-01T05", "2026-03-01", True),
        ("2026-03-01", "2026-03", True),
        ("", "2026-03-01", True),
    ],
)
def test_only_what_shares_time_is_a_cause(period, own, related):
    found = roots.root(sign(6, Kind.CHECK, period=own), [sign(1, Kind.BROKEN, period=period)], PARENTS)
    assert (found.node == 1) is related


def test_what_is_late_is_no_fault_of_a_check_that_fails_above():
    assert roots.root(sign(6, Kind.WAITS), [sign(3, Kind.CHECK)], PARENTS).node == 6
    assert roots.root(sign(6, Kind.WAITS), [sign(3, Kind.LATE)], PARENTS).node == 3


def test_two_faults_of_one_dataset_are_one_where_one_run_showed_both():
    first, second = sign(5, Kind.CHECK, run=7, alert=1), sign(5, Kind.CHECK, run=7, alert=2, minutes=1)
    assert (roots.root(second, [first], PARENTS).alert, roots.root(first, [second], PARENTS).alert) == (1, 1)
    assert roots.root(second, [sign(5, Kind.CHECK, run=6, alert=1)], PARENTS).alert == 2


def test_in_a_circle_both_are_told_by_the_same_one():
    one, other = sign(7, Kind.BROKEN, alert=1), sign(8, Kind.BROKEN, alert=2)
    assert roots.root(one, [other], PARENTS).alert == roots.root(other, [one], PARENTS).alert == 1


def test_a_tree_hangs_each_below_the_nearest_above_it():
    assert roots.tree(1, [6, 5, 3], PARENTS) == [(1, 0), (3, 1), (5, 2), (6, 3)]
    assert roots.tree(1, [6, 3], PARENTS) == [(1, 0), (3, 1), (6, 2)]
    assert sorted(roots.tree(2, [7, 8], PARENTS)) == [(2, 0), (7, 1), (8, 1)]


def test_faults_put_into_lineages_by_chance_are_traced_and_make_one_alert_each():
    scored = lineages.score(range(20))
    assert scored.accuracy >= 0.93, scored
    assert scored.per_fault <= 1.15, scored
