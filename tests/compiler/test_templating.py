"""Templates: read, filled, expanded; what does not fit is told with its place; a value stays a value."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines_app.compiler import compile, documents, expanding, templating
from pipelines_app.compiler.compiled import Known
from pipelines_app.compiler.definition import Column, PeriodKind
from pipelines_app.errors import DefinitionInvalid

COUNTED = """
template: counted
team: shop
description: Counts rows of a source by some columns, one mart for each carrier.
parameters:
  source: {type: dataset, label: Source, help: What is counted.}
  name: {type: string, pattern: "[a-z][a-z0-9_]*", example: rows}
  by: {type: "list[column]", pattern: "[a-z_]+", default: [origin]}
  carriers: {type: "list[enum]", of: [AA, UA, DL], default: [AA, UA]}
  late: {type: integer, default: 15, min: 0, max: 600}
  most: {type: decimal, default: 0.5}
summary: Counts ${source} for ${name}, late after ${late} minutes.
steps:
  - dataset: staging.${name}
    sql: SELECT origin, carrier, delay FROM $source WHERE delay > $late
    checks:
      - row_count_between: {min: "${late}"}
      - expression_is_true: {expression: "delay > $late AND origin <> '$late'", tolerance: "${most}"}
      - not_null: ["${by}", carrier]
  - dataset: mart.${name}_${carrier}
    for_each: {carrier: carriers}
    description: Of ${carrier}.
    sql: SELECT $by, count(*) AS n FROM staging."${name}" WHERE carrier = $carrier GROUP BY $by
"""
FLIGHTS = Known(
    columns=(
        Column(name="origin", type="VARCHAR"),
        Column(name="carrier", type="VARCHAR"),
        Column(name="delay", type="INTEGER"),
    ),
    period=PeriodKind.NONE,
)


def template(text=COUNTED):
    return expanding.parse(documents.from_yaml(text))


def filled(**values):
    given = {"source": "raw.flights", "name": "delays"} | values
    return templating.read_filled(
        {"pipeline": "delays", "team": "shop", "template": {"name": "counted", "values": given}}
    )


def expand(text=COUNTED, **values):
    return expanding.expand(template(text), 3, filled(**values)).definition


def problems(work):
    with pytest.raises(DefinitionInvalid) as refused:
        work()
    return [(problem.path, problem.message) for problem in refused.value.problems]


def test_a_template_and_values_make_a_whole_definition():
    definition = expand()
    assert definition.description == "Counts raw.flights for delays, late after 15 minutes."
    assert [step.dataset for step in definition.steps] == ["staging.delays", "mart.delays_aa", "mart.delays_ua"]
    assert definition.steps[1].sql == (
        'SELECT $by, count(*) AS n FROM staging."delays" WHERE carrier = $carrier__1 GROUP BY $by'
    )
    assert {one.name: one.value for one in definition.parameters} == {
        "source": "raw.flights",
        "late": 15,
        "by": ("origin",),
        "carrier__1": "AA",
        "carrier__2": "UA",
    }
    checks = definition.steps[0].checks
    assert checks[0].arguments == {"min": 15}
    assert checks[1].arguments == {"expression": "delay > 15 AND origin <> '$late'"}
    assert [check.columns for check in checks[2:]] == [("origin",), ("carrier",)]
    assert (definition.origin.template, definition.origin.revision) == ("counted", 3)
    assert definition.origin.values == {"source": "raw.flights", "name": "delays"}


def test_what_it_makes_compiles_and_comes_back_from_its_document():
    definition = expand(by=["origin", "carrier"])
    compiled = compile.compile_definition(definition, {"raw.flights": FLIGHTS})
    assert [column.name for column in compiled.steps[1].columns] == ["origin", "carrier", "n"]
    stored = json.loads(json.dumps(documents.dump(definition)))
    assert documents.stored(stored) == definition
    assert documents.as_written(stored) == {
        "pipeline": "delays",
        "team": "shop",
        "description": definition.description,
        "template": {"name": "counted", "revision": 3, "values": definition.origin.values},
    }


def test_a_template_comes_back_from_its_document_and_its_yaml():
    once = template()
    assert expanding.parse(templating.dump(once)) == once
    assert expanding.parse(documents.from_yaml(documents.to_yaml(templating.dump(once)))) == once
    assert expanding.unused(once) == []


@pytest.mark.parametrize(
    ("values", "path", "words"),
    [
        ({"nmae": "x"}, "template.values.nmae", "no parameter 'nmae'; did you mean name?"),
        ({"name": "Bad Name"}, "template.values.name", "must match"),
        ({"late": 601}, "template.values.late", "at most 600"),
        ({"late": "15"}, "template.values.late", "a whole number"),
        ({"carriers": ["AA", "XX"]}, "template.values.carriers", "one of AA, UA, DL"),
        ({"carriers": ["AA", "AA"]}, "template.values.carriers", "both make mart.delays_aa"),
        ({"carriers": []}, "template.values.carriers", "1 to 1000 values"),
        ({"source": "flights"}, "template.values.source", "layer.name"),
        ({"source": None}, "template.values.source", "$source (Source) needs a value"),
        ({"by": ['origin" --']}, "template.values.by", "must match"),
        ({"late": True}, "template.values.late", "a whole number"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_place(values, path, words):
    [(place, message)] = problems(lambda: expand(**values))
    assert place == path
    assert words in message


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ("late after ${late}", "late after ${lat}", "summary", "no parameter 'lat'; did you mean late?"),
        ("delay > $late\n", "delay > $lat\n", "steps[0].sql", "no parameter 'lat'; did you mean late?"),
        ('staging."${name}"', 'staging."${nam}"', "steps[1].sql", "no parameter 'nam'"),
        ('staging."${name}"', "staging.${name}", "steps[1].sql", "quoted names only"),
        ("WHERE carrier = $carrier", "WHERE carrier = '${carrier}'", "steps[1].sql", "a text in SQL is not filled"),
        ("mart.${name}_${carrier}", "mart.${name}_all", "steps[1].for_each", "must hold ${carrier}"),
        ("{carrier: carriers}", "{carrier: late}", "steps[1].for_each", "'late' is a integer, and not a list"),
        ("{carrier: carriers}", "{late: carriers}", "steps[1].for_each", "is a parameter of the template already"),
        ("{carrier: carriers}", "{carrier: carrier}", "steps[1].for_each", "no parameter 'carrier'"),
        ("{carrier: carriers}", "carriers", "steps[1].for_each", "is written {carrier: carriers}"),
        ("Of ${carrier}.", "Of ${carrier.", "steps[1].description", "is not closed"),
        ("Of ${carrier}.", "Of ${by}s.", "steps[1].description", "can only stand alone"),
        ("type: integer,", "type: int,", "parameters.late.type", "is not a type of parameter"),
        ("min: 0,", "min: 0, mni: 1,", "parameters.late.mni", "did you mean min?"),
        ("default: 15,", "default: 900,", "parameters.late.default", "at most 600"),
        ("steps:", "stpes: []\nsteps:", "stpes", "did you mean steps?"),
        ("WHERE carrier = $carrier GROUP", "WHERE carrier = $carrier GROPU", "steps[1].sql", ""),
        ("SELECT origin, carrier, delay", "DROP TABLE x; SELECT origin", "steps[0].sql", "one statement"),
        ("carriers: {", "carrier__2: {", "parameters.carrier__2", "may not hold __"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_with_its_place(old, new, path, words):
    assert old in COUNTED
    found = problems(lambda: template(COUNTED.replace(old, new)))
    assert path in [place for place, _ in found]
    assert words in " ".join(message for _, message in found)


def test_steps_that_would_read_each_other_are_refused_with_the_path():
    circle = COUNTED.replace("FROM $source", 'FROM mart."${name}_AA"')
    definition = expanding.expand(template(circle), 1, filled()).definition
    [(_, message)] = problems(lambda: compile.compile_definition(definition, {"raw.flights": FLIGHTS}))
    assert "in a circle" in message
    assert "mart.delays_aa" in message


def test_the_sql_of_a_check_takes_values_in_as_values():
    text = COUNTED.replace('name: {type: string, pattern: "[a-z][a-z0-9_]*", example: rows}', "name: {type: string}")
    text = text.replace("origin <> '$late'", "origin <> $name").replace("${name}", "fixed").replace('"fixed"', "fixed")
    hostile = "it's ' OR 1=1 -- ${late} $late"
    [check] = [one for one in expand(text, name=hostile).steps[0].checks if one.kind == "expression_is_true"]
    assert check.arguments["expression"] == "delay > 15 AND origin <> 'it''s '' OR 1=1 -- ${late} $late'"


@pytest.mark.parametrize("columns", [{"id": "INT", "at": "DATE"}, "id INT, at DATE", "id INT\nat DATE\n"])
def test_the_columns_of_a_file_are_a_value_too(columns):
    text = """
template: taken
team: shop
parameters: {columns: {type: columns}, name: {type: string}}
sources:
  "raw.${name}": {format: csv, columns: "${columns}"}
"""
    definition = expanding.expand(
        template(text),
        1,
        templating.read_filled(
            {
                "pipeline": "taken",
                "team": "shop",
                "template": {"name": "taken", "values": {"name": "orders", "columns": columns}},
            }
        ),
    ).definition
    [source] = definition.sources
    assert (source.dataset, [(one.name, one.type) for one in source.columns]) == (
        "raw.orders",
        [("id", "INTEGER"), ("at", "DATE")],
    )
    assert definition.origin.values["columns"] == {"id": "INTEGER", "at": "DATE"}


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
PLAIN = """
template: plain
team: shop
parameters: {said: {type: string}, amount: {type: integer, default: 1}}
summary: "${said} $${amount} ${amount}"
steps:
  - dataset: mart.plain
    description: "<${said}>"
    sql: SELECT $said AS said, $amount AS amount
"""


@settings(max_examples=60, deadline=None)
@given(said=ANY_TEXT, amount=st.integers(-(2**62), 2**62))
def test_a_value_stays_the_value_it_is_wherever_it_stands(said, amount):
    given = {"pipeline": "plain", "team": "shop", "template": {"name": "plain"}}
    given["template"]["values"] = {"said": said, "amount": amount}
    definition = expanding.expand(template(PLAIN), 1, templating.read_filled(given)).definition
    assert definition.description == f"{said} ${{amount}} {amount}"
    assert definition.steps[0].description == f"<{said}>"
    assert definition.steps[0].sql == "SELECT $said AS said, $amount AS amount"
    assert {one.name: one.value for one in definition.parameters} == {"said": said, "amount": amount}
    again = documents.stored(json.loads(json.dumps(documents.dump(definition))))
    assert again == definition
    compile.compile_definition(definition, {})


@settings(max_examples=60, deadline=None)
@given(name=ANY_TEXT)
def test_a_name_is_what_a_name_may_be_or_it_is_refused(name):
    text = COUNTED.replace('pattern: "[a-z][a-z0-9_]*", example: rows', "default: rows")
    try:
        definition = expanding.expand(template(text), 1, filled(name=name)).definition
    except DefinitionInvalid:
        return
    assert definition.steps[0].dataset == f"staging.{name}".lower()
    compiled = compile.compile_definition(definition, {"raw.flights": FLIGHTS})
    assert compiled.steps[1].inputs == (f"staging.{name}".lower(),)
