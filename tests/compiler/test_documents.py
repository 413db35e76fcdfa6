"""Documents in and out: what is accepted comes back unchanged, what is not is named with its path."""

import pytest

from pipelines_app.compiler import documents
from pipelines_app.compiler.definition import (
    Definition,
    Expecting,
    Format,
    Materialisation,
    Mode,
    PeriodKind,
    Severity,
    Tolerance,
)
from pipelines_app.errors import DefinitionInvalid
from tests.compiler.examples import FLIGHTS_DAILY


def problems(document):
    with pytest.raises(DefinitionInvalid) as invalid:
        documents.parse(document)
    return {problem.path: problem for problem in invalid.value.problems}


def pipeline(**changes):
    source = {"format": "csv", "columns": {"a": "int"}, "period": "day"} | changes.pop("source", {})
    return {"pipeline": "p", "team": "t", "sources": {"raw.a": source}} | changes


def test_a_realistic_pipeline_comes_back_unchanged_through_yaml_and_json():
    definition = documents.parse(documents.from_yaml(FLIGHTS_DAILY))
    assert isinstance(definition, Definition)
    document = documents.dump(definition)
    assert documents.parse(document) == definition
    assert documents.from_yaml(documents.to_yaml(document)) == document
    assert documents.dump(documents.parse(document)) == document


def test_a_realistic_pipeline_reads_as_it_is_meant():
    definition = documents.parse(documents.from_yaml(FLIGHTS_DAILY))
    source = definition.sources[0]
    assert (source.format, source.period, source.mode) == (Format.CSV, PeriodKind.DAY, Mode.PARTITION)
    assert source.null == ("NA",)
    assert source.tolerance == Tolerance(share=0.01)
    assert source.arrival.by.isoformat() == "07:00:00"
    assert [spec.name for spec in source.checks][:2] == ["not_null: carrier", "not_null: flight"]
    staging = definition.steps[0]
    assert (source.expecting, staging.expecting) == (Expecting.MANAGE, Expecting.UNSAID)
    assert staging.materialise == Materialisation.INCREMENTAL
    unique, between = staging.checks[3:5]
    assert (unique.kind, len(unique.columns)) == ("compound_unique", 5)
    assert (between.severity, between.tolerance.share) == (Severity.WARN, 0.01)
    assert [parameter.value for parameter in definition.parameters] == [15, ("EWR", "JFK", "LGA")]


def test_defaults_are_left_out_and_an_empty_quote_is_not_a_default():
    document = documents.dump(documents.parse(pipeline(source={"quote": "", "null": []})))
    assert document["sources"]["raw.a"] == {
        "format": "csv",
        "columns": {"a": "INTEGER"},
        "period": "day",
        "quote": "",
        "null": [],
    }
    assert documents.parse(document).sources[0].quote == ""


def test_values_override_the_defaults_of_parameters():
    given = {"late": {"type": "integer", "default": 1, "max": 5}}
    definition = documents.parse(pipeline(parameters=given, values={"late": 4}))
    assert definition.parameters[0].value == 4
    assert problems(pipeline(parameters=given, values={"late": 9}))["parameters.late.default"].message.endswith(
        "at most 5"
    )
    assert "did you mean late?" in problems(pipeline(parameters=given, values={"lat": 1}))["values.lat"].message


def test_every_fault_is_told_at_once_each_with_its_path():
    document = {
        "pipeline": "Flights Daily",
        "teem": "x",
        "parameters": {"n": {"type": "integr", "default": 1}},
        "sources": {
            "staging.flights": {"format": "csvv", "columns": {"a": "INTT", "b": 3}, "tolerence": 1},
            "raw.b": {"format": "csv"},
        },
        "steps": [
            {"dataset": "raw.x", "sql": "SELECT 1 AS x", "checks": [{"not_nul": "a"}, {"between": {"column": "a"}}]},
            {"dataset": "flights", "sql": ""},
            7,
        ],
        "start": {"when": "some"},
        "alerts": {"emails": ["nobody"]},
    }
    found = problems(document)
    assert set(found) == {
        "pipeline",
        "team",
        "teem",
        "parameters.n.type",
        'sources["staging.flights"]',
        'sources["staging.flights"].format',
        'sources["staging.flights"].columns[0].type',
        'sources["staging.flights"].columns[1].type',
        'sources["staging.flights"].tolerence',
        'sources["raw.b"].columns',
        "steps[0].dataset",
        "steps[0].checks[0]",
        "steps[0].checks[1].between.min",
        "steps[1].dataset",
        "steps[1].sql",
        "steps[2]",
        "start.when",
        "alerts.emails",
    }
    assert found["teem"].suggestion == "team"
    assert found["parameters.n.type"].suggestion == "integer"
    assert found['sources["staging.flights"].columns[0].type'].suggestion == "INTEGER"
    assert found["steps[0].checks[0]"].suggestion == "not_null"


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ({"from": "flights.csv"}, "from"),
        ({"from": "a/{period}.csv"}, "from"),
        ({"from": "a_{period}.csv", "period": "none"}, "from"),
        ({"mode": "partition", "period": "none"}, "mode"),
        ({"mode": "replace"}, "mode"),
        ({"delimiter": ";;"}, "delimiter"),
        ({"encoding": "utf8"}, "encoding"),
        ({"header": "yes"}, "header"),
        ({"tolerance": -1}, "tolerance"),
        ({"tolerance": 1.5}, "tolerance"),
        ({"columns": {"a": "BLOB"}}, "columns[0].type"),
        ({"columns": {"a": "DECIMAL(40,2)"}}, "columns[0].type"),
        ({"columns": {"a": "INT", "A": "INT"}}, "columns"),
        ({"columns": {}}, "columns"),
        ({"arrival": {"by": "7 o'clock", "timezone": "UTC"}}, "arrival.by"),
        ({"arrival": {"by": "07:00", "timezone": "Mars/Olympus"}}, "arrival.timezone"),
        ({"arrival": {"by": "07:00", "timezone": "../etc/passwd"}}, "arrival.timezone"),
        ({"arrival": {"by": "07:00", "timezone": "UTC", "first": "2013-02-30"}}, "arrival.first"),
        ({"arrival": {"by": "07:00", "timezone": "UTC"}, "period": "none"}, "arrival"),
        ({"checks": [{"not_null": "b"}]}, "checks[0]"),
        ({"checks": [{"not_null": "a"}, {"not_null": "a"}]}, "checks[1]"),
        ({"checks": [{"matches_pattern": {"column": "a", "pattern": "(?=x)"}}]}, "checks[0].matches_pattern.pattern"),
        ({"checks": [{"expression_is_true": "a >"}]}, "checks[0].expression_is_true.expression"),
        ({"checks": [{"expression_is_true": "getenv('x') = a"}]}, "checks[0].expression_is_true.expression"),
        ({"checks": [{"custom_sql": "SELECT * FROM 'x.csv'"}]}, "checks[0].custom_sql.sql"),
        ({"checks": [{"not_null": {"column": "a", "where": "a IN (SELECT 1)"}}]}, "checks[0].not_null.where"),
    ],
)
def test_a_source_that_cannot_be_is_refused_at_its_place(source, key):
    assert f'sources["raw.a"].{key}' in problems(pipeline(source=source))


def test_two_things_may_not_make_one_dataset():
    step = {"dataset": "mart.x", "sql": "SELECT a FROM raw.a"}
    assert "made twice" in problems(pipeline(steps=[step, step]))["steps[1].dataset"].message


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("int", "INTEGER"),
        ("Text", "VARCHAR"),
        ("varchar(20)", "VARCHAR"),
        ("timestamp with time zone", "TIMESTAMPTZ"),
        ("numeric(10, 2)", "DECIMAL(10,2)"),
        ("decimal", "DECIMAL(18,3)"),
        ("hugeint", "HUGEINT"),
    ],
)
def test_a_type_has_one_spelling(written, read):
    definition = documents.parse(pipeline(source={"columns": {"a": written}}))
    assert definition.sources[0].columns[0].type == read


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("pipeline: a\npipeline: b\n", 2, "twice"),
        ("a: &x 1\nb: *x\n", 1, "aliases"),
        ("a: 1\nb: *x\n", 2, "aliases"),
        ("a: !!python/object/apply:os.system [x]\n", 1, "constructor"),
        ("a: !secret x\n", 1, "tags"),
        ("a: [1, 2\nb: 3\n", 2, ""),
        ("- a\n", 1, "mapping"),
        ("x" * 200_001, None, "longer"),
        ("a: " + "[" * 5000, 1, "nested more than 50 deep"),
    ],
)
def test_yaml_that_is_not_plain_is_refused_with_its_line(text, line, words):
    with pytest.raises(DefinitionInvalid) as invalid:
        documents.from_yaml(text)
    problem = invalid.value.problems[0]
    assert problem.line == line
    assert words in problem.message


def test_yaml_guesses_nothing():
    text = "by: 07:00\nfirst: 2013-01-01\nnull: NO\non: off\nn: 5\nshare: 0.5\nno: ~\nyes: true\nver: 010\n"
    assert documents.from_yaml(text) == {
        "by": "07:00",
        "first": "2013-01-01",
        "null": "NO",
        "on": "off",
        "n": 5,
        "share": 0.5,
        "no": None,
        "yes": True,
        "ver": "010",
    }
