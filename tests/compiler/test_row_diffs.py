"""What differs between the rows that came and those that were expected, as an analyst reads it."""

import pytest

from pipelines_app.compiler import row_diffs

COLUMNS = ["id", "town", "n"]


@pytest.mark.parametrize(
    ("expected", "came", "key", "said"),
    [
        ([(1, "a", 2)], [(1, "a", 2)], (), []),
        ([(1, "a", 2), (2, "b", 1)], [(2, "b", 1), (1, "a", 2)], (), []),
        ([(1, "a", 0.1 + 0.2)], [(1, "a", 0.3)], (), []),
        ([(1, "a", [1, 2])], [(1, "a", [1, 2])], (), []),
        ([(1, "a", 2)], [], (), ['missing: id=1, town="a", n=2']),
        ([], [(1, None, 2)], (), ["unexpected: id=1, town=empty, n=2"]),
        ([(1, "a", 2)], [(1, "a", 3)], (), ['different: id=1, town="a": n is 3, expected 2']),
        ([(1, "a", 2)], [(1, "b", 3)], ("id",), ['different: id=1: town is "b", expected "a", n is 3, expected 2']),
        ([(1, "a", 2)], [(2, "a", 2)], ("id",), ['missing: id=1, town="a", n=2', 'unexpected: id=2, town="a", n=2']),
        ([(1, "a", 2)] * 2, [(1, "a", 2)], ("id",), ['missing: id=1, town="a", n=2']),
        ([], [(1, "x" * 80, 2)], (), [f'unexpected: id=1, town="{"x" * 56}..., n=2']),
    ],
)
def test_a_difference_is_told_by_its_row(expected: list, came: list, key: tuple, said: list[str]) -> None:
    assert row_diffs.told(expected, came, COLUMNS, key=key) == said


def test_many_differences_are_counted() -> None:
    lines = row_diffs.told([(n, "a", 1) for n in range(30)], [], COLUMNS)
    assert (len(lines), lines[-1]) == (11, "and 20 more")


def test_another_order_is_told_by_its_first_place() -> None:
    rows = [(1, "a", 1), (2, "b", 2)]
    assert row_diffs.out_of_order(rows, rows, COLUMNS) == []
    assert row_diffs.out_of_order(rows, rows[::-1], COLUMNS) == [
        'the order differs: row 1 is id=2, town="b", n=2, expected id=1, town="a", n=1'
    ]
