"""The fields of a step's form and the entry they stand for: there and back without a loss."""

import pytest

from pipelines_app.web.registering import keeping, testing


@pytest.mark.parametrize(
    "made",
    [
        {},
        {"kind": "incremental", "by": "period"},
        {"kind": "incremental", "by": "month"},
        {"kind": "view"},
        {"kind": "append"},
        {"kind": "merge", "key": ["a", "b"], "deleted": "gone"},
        {"kind": "merge", "key": ["a"], "by": "day"},
        {"kind": "scd2", "key": ["a"], "tracked": ["b", "c"], "effective": "since", "valid_to": "until"},
        {"kind": "scd2", "key": ["a"], "deletes": "close"},
    ],
)
def test_how_rows_are_kept_comes_back_from_the_form_as_it_was(made: dict[str, object]) -> None:
    empty = dict.fromkeys(("key", "tracked", "deleted", "effective", "deletes"), "")
    assert keeping.written(empty | keeping.shown(made), made) == made


def test_another_kind_takes_nothing_over_from_the_one_before() -> None:
    given = {"materialise": "scd2", "key": "a", "tracked": "", "effective": "", "deletes": "keep"}
    assert keeping.written(given, {"kind": "merge", "key": ["z"], "deleted": "d"}) == {"kind": "scd2", "key": ["a"]}


@pytest.mark.parametrize(
    "tests",
    [
        [{"name": "a", "given": {"raw.o": [{"id": 1, "who": None}]}, "expect": [{"id": 1}], "order": True}],
        [
            {"name": "b: c", "given": {"raw.o": "id,who\n1,ann\n"}, "expect": []},
            {"name": "d", "given": {}, "expect": []},
        ],
    ],
)
def test_tests_come_back_from_the_form_as_they_were(tests: list[object]) -> None:
    assert testing.written(testing.shown(tests)) == tests


def test_tests_that_are_no_yaml_stay_as_they_were_typed() -> None:
    assert testing.written("- {name: [") == "- {name: ["
    assert testing.shown("- {name: [") == "- {name: ["
    assert testing.written("  ") is None
