"""Parameters: values that fit, values that do not, and how they stand in the SQL."""

import pytest

from pipelines_app.compiler import binding, gate, parameters, statements
from pipelines_app.compiler.definition import Parameter, PeriodKind
from pipelines_app.errors import StatementRefused


def parameter(kind, value, **rest):
    bare = Parameter(name="x", type=kind, value=None, **rest)
    return parameters.with_value(bare, value)


def bound(sql, *given):
    return statements.text(binding.bind(statements.parse(sql), given).tree)


@pytest.mark.parametrize(
    ("kind", "value", "sql", "result"),
    [
        ("integer", 15, "SELECT $x AS v", 15),
        ("integer", -3, "SELECT 2 - $x AS v", 5),
        ("decimal", "0.250", "SELECT $x * 2 AS v", 0.5),
        ("boolean", True, "SELECT NOT $x AS v", False),
        ("string", "it's '; DROP TABLE x --", "SELECT $x AS v", "it's '; DROP TABLE x --"),
        ("string", "back\\slash \n ☃", "SELECT $x AS v", "back\\slash \n ☃"),
        ("date", "2013-02-08", "SELECT year($x) AS v", 2013),
        ("timestamp", "2013-02-08 07:30", "SELECT minute($x) AS v", 30),
        ("integer", 3, "SELECT epoch($x * INTERVAL 1 MINUTE) AS v", 180.0),
        ("list[integer]", [1, 2], "SELECT 2 IN ($x) AS v", True),
        ("list[integer]", [1, 2], "SELECT 3 IN $x AS v", False),
        ("list[integer]", [1, 2], "SELECT 5 IN (4, $x, 5) AS v", True),
        ("list[string]", ["a", "b'"], "SELECT len($x) AS v", 2),
        ("column", "b", "SELECT sum($x) AS v FROM raw.u", 30),
        ("column", "b", "SELECT sum(u.$x) AS v FROM raw.u AS u", 30),
        ("dataset", "raw.u", "SELECT count(*) AS v FROM $x", 2),
        ("dataset", "raw.u", "SELECT max(q.b) AS v FROM $x AS q", 20),
    ],
)
def test_a_value_takes_the_place_of_its_name(kind, value, sql, result, warehouse):
    choices = {"column": ("a", "b"), "dataset": ("raw.t", "raw.u")}.get(kind, ())
    text = bound(sql, parameter(kind, value, choices=choices))
    gate.admit(statements.parse(text))
    found = warehouse.execute(text).fetchone()[0]
    assert float(found) == result if isinstance(result, float) else found == result


@pytest.mark.parametrize(
    ("kind", "value", "rest", "words"),
    [
        ("integer", "5", {}, "whole number"),
        ("integer", True, {}, "whole number"),
        ("integer", 1.5, {}, "whole number"),
        ("integer", 2**63, {}, "whole number"),
        ("integer", 5, {"maximum": 4}, "at most 4"),
        ("decimal", "x", {}, "a number"),
        ("decimal", float("nan"), {}, "a number"),
        ("decimal", 0.1, {"minimum": "0.2"}, "at least 0.2"),
        ("date", "2013-02-30", {}, "a date"),
        ("date", "2013-01-01", {"minimum": "2013-02-01"}, "at least 2013-02-01"),
        ("timestamp", "2013-02-01T00:00:00Z", {}, "without a zone"),
        ("enum", "U", {"choices": ("UA", "AA")}, "one of UA, AA"),
        ("string", "abc", {"max_length": 2}, "may have 2"),
        ("string", "abc", {"pattern": "[0-9]+"}, "must match"),
        ("string", "a\x00", {}, "NUL"),
        ("list[integer]", 5, {}, "must be a list"),
        ("list[integer]", [], {}, "1 to"),
        ("list[integer]", [1, "2"], {}, "whole number"),
        ("column", 'a" --', {"choices": ("a",)}, "one of a"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_words(kind, value, rest, words):
    with pytest.raises(parameters.ValueRefused, match=words):
        parameter(kind, value, **rest)


@pytest.mark.parametrize(
    ("sql", "kind", "words"),
    [
        ("SELECT INTERVAL $x DAY AS v", "integer", r"write \$x \* INTERVAL 1 DAY"),
        ("SELECT DATE $x", "date", r"CAST\(\$x AS DATE\)"),
        ("SELECT 1 AS v FROM $x", "integer", "only a parameter of type dataset"),
        ("SELECT $x AS v", "dataset", "may only stand for a table"),
        ("SELECT $y AS v", "integer", r"there is no parameter \$y"),
    ],
)
def test_a_parameter_in_a_wrong_place_is_refused_with_what_to_write(sql, kind, words):
    value = {"integer": 1, "date": "2013-01-01", "dataset": "raw.t"}[kind]
    with pytest.raises(StatementRefused, match=words):
        bound(sql, parameter(kind, value, choices=("raw.t",) if kind == "dataset" else ()))


def test_a_name_in_quotes_is_a_text_and_the_parameter_is_unused():
    given = [parameter("integer", 1)]
    used = binding.bind(statements.parse("SELECT '$x' AS v"), given).used
    assert binding.unused(given, used) == ["x"]


@pytest.mark.parametrize(
    ("kind", "key", "shown"),
    [
        (PeriodKind.HOUR, "2013-01-01T05", "2013-01-01 05:00:00"),
        (PeriodKind.DAY, "2013-01-01", "2013-01-01"),
        (PeriodKind.MONTH, "2013-02", "2013-02-01"),
    ],
)
def test_the_period_is_bound_when_it_is_known(kind, key, shown, warehouse):
    tree = statements.parse("SELECT $period AS v")
    binding.type_period(tree, kind)
    stored = statements.parse(statements.text(tree))
    text = statements.text(binding.bind_period(stored, kind, key))
    assert str(warehouse.execute(text).fetchone()[0]) == shown
