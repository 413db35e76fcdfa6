"""A pattern that somebody writes is looked for in time that grows with the text alone."""

import pytest

from pipelines_app.compiler import patterns

LONG = "a" * 60 + "!"


@pytest.mark.parametrize(
    ("pattern", "text", "is_there"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("(a+)+$", LONG, False),
        ("(a|aa)+$", LONG, False),
        ("(", "(", False),
        (r"(?=x)", "x", False),
    ],
)
def test_a_pattern_is_found_as_the_engine_finds_it(pattern, text, is_there):
    assert patterns.occurs(pattern, text) is is_there


@pytest.mark.parametrize(
    ("wanted", "text", "is_so"),
    [
        ("dep_%", "DEP_delay", True),
        ("dep_%", "arr_delay", False),
        ("%.%", "a.b", True),
        ("a.c", "abc", False),
        ("%a" * 30 + "b", LONG, False),
    ],
)
def test_a_name_is_as_ilike_wants_it(wanted, text, is_so):
    assert patterns.is_like(wanted, text) is is_so
