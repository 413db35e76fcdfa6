"""A check of a number that a query gives, as a pipeline is compiled: the number needs no name."""

import pytest

from pipelines_app.compiler import compile, documents
from pipelines_app.errors import DefinitionInvalid

YAML = """
pipeline: shop
team: shop
sources:
  raw.sales:
    format: csv
    columns: {id: INTEGER, city: VARCHAR, at: TIMESTAMP}
    checks:
      - %s
"""


def compiled(entry):
    return compile.compile_definition(documents.parse(documents.from_yaml(YAML % entry)), {})


def test_a_number_without_a_name_is_a_number():
    (step,) = compiled("metric_sql: {sql: SELECT MAX(id) FROM raw.sales, max: 10}").steps
    assert step.checks[0].name == "metric_sql: SELECT MAX(id) FROM raw.sales"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("metric_sql: {sql: 'SELECT 1 AS a, 2 AS b', max: 10}", "must give one number, not 2 columns"),
        ("mean_between: {column: city, max: 1}", "city is of type VARCHAR, and mean_between is about numbers"),
        ("data_for_every: {column: id, part: hour}", "id is of type INTEGER, and data_for_every is about moments"),
        ("increasing: {column: id, by: moment}", "there is no column 'moment'"),
        ("sum_equals: {columns: [id], equals: total}", "there is no column 'total'"),
        ("row_count_equals: {dataset: raw.sale}", "there is no dataset raw.sale"),
    ],
    ids=["two", "text", "moments", "by", "equals", "dataset"],
)
def test_what_means_nothing_is_refused(entry, said):
    with pytest.raises(DefinitionInvalid) as invalid:
        compiled(entry)
    assert said in invalid.value.problems[0].message
