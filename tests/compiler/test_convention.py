"""The naming convention: judged when a definition is accepted, with the expected form in the message."""

import pytest

from pipelines_app.compiler import convention, documents
from pipelines_app.errors import DefinitionInvalid

HOUSE = """
layers:
  landing: {sources: true, pattern: "[a-z]+__[a-z_]+", example: crm__customers}
  base: {}
  gold: {pattern: "(dim|fct)_[a-z_]+", example: dim_customer}
reserved: [order, Table]
"""
PIPELINE = """
pipeline: p
team: t
sources: {{ {source}: {{format: csv, columns: {{id: INTEGER}}}} }}
steps: [{{dataset: {step}, sql: "SELECT 1 AS one"}}]
"""


def faults(source, step):
    try:
        documents.parse(documents.from_yaml(PIPELINE.format(source=source, step=step)))
    except DefinitionInvalid as invalid:
        return [f"{problem.path}: {problem.message}" for problem in invalid.problems]
    return []


@pytest.mark.parametrize(
    ("source", "step", "said"),
    [
        ("landing.crm__customers", "gold.dim_customer", ""),
        ("landing.crm__customers", "base.anything", ""),
        ("landing.customers", "base.x", "write landing.crm__customers (after the dot: [a-z]+__[a-z_]+)"),
        ("landing.crm__customers", "gold.customer", "steps[0].dataset: 'customer' does not keep the convention"),
        ("landing.crm__customers", "base.order", "'order' is a reserved name; write base.domain_entity"),
        ("landing.crm__customers", "base.table", "'table' is a reserved name"),
        ("landing.crm__customers", "mart.x", "'mart' is not a layer; use one of landing, base, gold"),
        ("base.x", "base.y", "a source belongs in the layer landing: name it landing.x"),
        (
            "landing.crm__customers",
            "landing.crm__x",
            "the layer landing is for sources; a step writes to one of base, gold",
        ),
        ("customers", "base.y", "'customers' must be written layer.domain_entity, for example landing.customers"),
        ("landing.Crm__x", "base.y", "'Crm__x' must start with a letter and hold only a-z, 0-9 and _"),
        ("landing.crm__customers", f"base.{'x' * 64}", "is longer than 63 characters"),
    ],
)
def test_names_keep_the_convention_of_the_house(source, step, said):
    with convention.using(convention.read(HOUSE)):
        found = faults(source, step)
    assert len(found) == bool(said), found
    assert said in "".join(found)


def test_what_was_accepted_before_is_read_whatever_the_convention_is_now():
    document = documents.from_yaml(PIPELINE.format(source="raw.orders", step="mart.x"))
    with convention.using(convention.read(HOUSE)):
        assert documents.stored(document).steps[0].dataset == "mart.x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("layers: {a: {sources: true}}", "there is no layer for steps"),
        ("layers: {a: {}}", "there is no layer for sources"),
        ("layers: {A: {sources: true}, b: {}}", "must start with a letter"),
        ("layers: {a: {sources: true, pattern: '('}, b: {}}", "is not a regular expression (RE2)"),
        ("layers: {a: {sources: true}, b: {pattern: 'x.*', example: y}}", "'y' does not match the pattern"),
        ("layers: {a: {source: true}, b: {}}", "did you mean sources?"),
        ("reserve: [x]", "did you mean reserved?"),
        ("layers: [a]", "must be a mapping"),
    ],
)
def test_an_odd_convention_is_refused(text, said):
    with pytest.raises(DefinitionInvalid) as refused:
        convention.read(text)
    assert said in str(refused.value)


def test_the_standard_one_is_in_force():
    assert list(convention.in_force().by_name) == ["raw", "staging", "core", "mart"]
    assert convention.read("reserved: [x]").layers == convention.STANDARD.layers
