"""What the engine of the environment would not do is said when a definition is saved, with its place."""

import pytest

from pipelines_app.definitions import trying
from pipelines_app.environments import mapping, reading
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import Edge, EngineName, Environment, StepRun
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


OWN = """
pipeline: codes
team: shops
sources:
  raw.sales: {format: csv, columns: {shop: VARCHAR, code: VARCHAR}}
steps:
  - dataset: mart.codes
    sql: SELECT shop, TRY_CAST(code AS BIGINT) AS n FROM raw.sales
    engines:
      postgres:
        sql: SELECT shop, CASE WHEN code NOT LIKE '%x%' THEN CAST(code AS BIGINT) END AS n FROM raw.sales
    tests:
      - {name: no numbers, given: {raw.sales: [{shop: a, code: x}, {shop: b, code: "7"}]}, expect: [{n: null}, {n: 7}]}
"""


@pytest.mark.usefixtures("on_postgres")
def test_what_is_written_for_the_engine_runs_there_and_is_what_its_lineage_says():
    road.register_yaml(OWN)
    road.send("raw.sales", b"shop,code\na,x\nb,7\n", name="sales.csv")
    road.drain()
    step = StepRun.objects.get(dataset__name="mart.codes")
    assert (step.state, step.error) == ("succeeded", "")
    assert reading.rows(step.version, limit=9).rows == (("a", None), ("b", 7))
    edges = Edge.objects.filter(target__name="mart.codes", target_column="n")
    assert {(edge.source_column, edge.kind, edge.how) for edge in edges} == {
        ("code", "direct", "TRANSFORMATION"),
    }


@pytest.mark.usefixtures("on_postgres")
def test_the_tests_of_a_step_hold_with_every_sql_that_it_has():
    with pytest.raises(DefinitionInvalid) as refused:
        road.register_yaml(OWN.replace("NOT LIKE '%x%'", "LIKE '1%'"))
    assert [problem.message.partition(":")[0] for problem in refused.value.problems] == [
        "the test 'no numbers' fails on DuckDB with its SQL for PostgreSQL",
        "the test 'no numbers' fails on PostgreSQL",
    ]


NATIVE = """
pipeline: codes
team: shops
sources:
  raw.sales: {format: csv, columns: {shop: VARCHAR, code: VARCHAR}}
steps:
  - dataset: mart.codes
    sql: SELECT shop, TRY_CAST(regexp_replace(code, '[^0-9]', '', 'g') AS BIGINT) AS n FROM raw.sales
    engines:
      postgres:
        dialect: postgres
        sql: |
          SELECT DISTINCT ON (shop) shop, CAST(nullif(regexp_replace(code, '[^0-9]', '', 'g'), '') AS BIGINT) AS n
          FROM raw.sales ORDER BY shop, code
    tests:
      - {name: digits, given: {raw.sales: [{shop: a, code: x1}, {shop: b, code: "-"}]}, expect: [{n: 1}, {n: null}]}
"""


@pytest.mark.usefixtures("on_postgres")
def test_what_is_written_in_the_engines_own_dialect_is_tested_run_and_followed_there():
    road.register_yaml(NATIVE)
    road.send("raw.sales", b"shop,code\na,n7\nb,\na,o8\n", name="sales.csv")
    road.drain()
    step = StepRun.objects.get(dataset__name="mart.codes")
    assert (step.state, step.error) == ("succeeded", "")
    assert reading.rows(step.version, limit=9).rows == (("a", 7), ("b", None))
    edges = Edge.objects.filter(target__name="mart.codes", target_column="n", kind="direct")
    assert {(edge.source_column, edge.how) for edge in edges} == {("code", "TRANSFORMATION")}


@pytest.mark.parametrize(
    ("text", "other", "said"),
    [
        ("AS BIGINT", "AS INTEGER", "it gives n as INTEGER, and the step as BIGINT: cast it"),
        ("'g'), '')", "'g'), 1)", "PostgreSQL does not accept it: operator does not exist"),
        ("'[^0-9]', '', 'g'), ''", "'[0-9]', '', 'g'), ''", "the test 'digits' fails on PostgreSQL: "),
    ],
    ids=["types", "explained", "tested"],
)
@pytest.mark.usefixtures("on_postgres")
def test_what_the_engine_says_of_its_own_dialect_is_heard_before_it_is_accepted(text, other, said):
    before, _, own = NATIVE.partition("dialect: postgres")
    with pytest.raises(DefinitionInvalid) as refused:
        road.register_yaml(before + "dialect: postgres" + own.replace(text, other, 1))
    assert [problem.message[: len(said)] for problem in refused.value.problems] == [said]


def test_what_is_in_the_dialect_of_an_engine_that_is_there_is_shown_to_it_whichever_the_environment_has(
    warehouse, settings
):
    settings.WAREHOUSE_URL = warehouse.url
    with pytest.raises(DefinitionInvalid, match="it gives n as INTEGER"):
        road.register_yaml(NATIVE.replace("'') AS BIGINT", "'') AS INTEGER"))
    road.register_yaml(NATIVE)


@pytest.mark.parametrize(("own", "told"), [(True, []), (False, ["on PostgreSQL: TRY_CAST"])])
@pytest.mark.usefixtures("on_postgres")
def test_while_sql_is_typed_it_is_held_only_to_engines_that_it_is_for(own, told):
    document = road.documents.from_yaml(OWN)
    if not own:
        del document["steps"][0]["engines"]
    found = trying.check(trying.bench(document, None, {}), 0)
    assert [problem.message[:23] for problem in found.problems] == told


def test_what_spark_would_not_do_is_refused_before_it_is_asked(settings):
    settings.SPARK_URL = "sc://127.0.0.1:1"  # nobody is there, and nobody has to be
    mapping.production()
    Environment.objects.update(engine=EngineName.SPARK)
    found = problem(sql="SELECT shop,\n        TRY_CAST(shop AS INTEGER) AS number FROM raw.sales")
    assert found.message.startswith("on Spark: TRY_CAST")
    assert (found.path, found.line, found.column) == ("steps[0].sql", 2, 12)
    assert problem(sql="SELECT java_method('java.lang.System', 'exit') AS x FROM raw.sales").path == "steps[0].sql"
