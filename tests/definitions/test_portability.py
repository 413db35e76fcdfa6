"""What the engine of the environment would not do is said when a definition is saved, with its place."""

import pytest

from pipelines_app.definitions import trying
from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import EngineName, Environment
from tests import road

pytestmark = pytest.mark.django_db

DOCUMENT = """
pipeline: totals
team: shops
sources:
  raw.sales:
    format: csv
    columns: {{shop: VARCHAR, amount: "{type}"}}
steps:
  - dataset: mart.totals
    sql: |
      {sql}
    checks: [{check}]
"""
FINE = {"type": "DECIMAL(10,2)", "sql": "SELECT shop, amount FROM raw.sales", "check": "{not_null: [shop]}"}


@pytest.fixture
def on_postgres(warehouse, settings):
    settings.WAREHOUSE_URL = warehouse.url
    mapping.production()
    Environment.objects.update(engine=EngineName.POSTGRES)


def problem(**values: str):
    with pytest.raises(DefinitionInvalid) as refused:
        road.register_yaml(DOCUMENT.format(**FINE | values))
    return refused.value.problems[0]


@pytest.mark.usefixtures("on_postgres")
def test_what_is_not_portable_is_refused_with_its_reason_and_its_place():
    found = problem(sql="SELECT shop,\n        TRY_CAST(shop AS INTEGER) AS number FROM raw.sales")
    assert found.message.startswith("on PostgreSQL: TRY_CAST: it would fail where TRY_CAST gives null")
    assert (found.path, found.line, found.column) == ("steps[0].sql", 2, 12)
    found = problem(check='{expression_is_true: "regexp_matches(shop, shop)"}')
    assert found.path.startswith("steps[0].checks")
    found = problem(type="BLOB")
    assert "BLOB" in found.message


@pytest.mark.usefixtures("on_postgres")
def test_what_only_the_engine_itself_can_tell_is_asked_of_it():
    found = problem(sql="SELECT shop, amount FROM raw.sales WHERE shop = amount")
    assert found.path == "steps[0].sql"
    assert found.message.startswith("PostgreSQL does not accept it: operator does not exist")


@pytest.mark.usefixtures("on_postgres")
def test_what_is_portable_is_registered_and_the_types_stay_those_that_are_written():
    road.register_yaml(DOCUMENT.format(**FINE))
    found = trying.whole(road.documents.from_yaml(DOCUMENT.format(**FINE)), None, teams={"shops"})
    assert found.compiled is None  # its name is taken by now
    assert "PostgreSQL" not in str(found.problems)


def test_on_duckdb_nothing_of_this_is_asked():
    road.register_yaml(DOCUMENT.format(**FINE | {"sql": "SELECT shop, [amount] AS listed FROM raw.sales"}))
