"""An environment on Spark: moved there over the page, with not a word of its pipelines changed."""

import pytest
from django.test import Client

from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid, EngineError
from pipelines_app.models import EngineName, Environment, Part, Revision, StepRun
from tests import factories, road
from tests.definitions.test_portability import OWN
from tests.environments import test_warehouse as there
from tests.environments.test_moving import change

# Who watches over work on Spark asks the database from a thread of its own, which sees only what is committed.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.spark]


@pytest.fixture
def configured(spark_server, settings):
    settings.SPARK_URL = spark_server.url
    mapping.production()


@pytest.fixture
def root():
    return factories.make_user("root", superuser=True)


@pytest.mark.usefixtures("configured")
def test_one_pipeline_moves_from_engine_to_engine_and_gives_the_same_rows_on_each(root, warehouse, settings):
    settings.WAREHOUSE_URL = warehouse.url
    console = Client()
    console.force_login(root)
    road.register_sample("reference", "flights-daily")
    revisions = Revision.objects.count()
    there.run_the_sample()
    expected = {name: there.rows(name) for name in there.QUERIES}
    for turned, engine in enumerate([EngineName.POSTGRES, EngineName.SPARK], start=1):
        moved = console.post("/environments/production/engine", {"engine": engine}, follow=True)
        assert f"production runs on {engine.label}" in moved.content.decode()
        there.run_the_sample(turned=turned)
        assert not StepRun.objects.exclude(state__in=["succeeded", "warned"]).exists()
        assert {name: there.rows(name) for name in there.QUERIES} == expected
    assert Revision.objects.count() == revisions
    assert set(Part.objects.live().values_list("engine", flat=True)) == {EngineName.DUCKDB}  # files of the lake again


@pytest.mark.usefixtures("configured")
def test_what_a_check_refuses_is_held_back_with_its_rows_on_spark_as_well(root):
    change(root, "spark")
    road.register_yaml(there.TOTALS)
    road.send("raw.sales", b"shop,amount\na,-1.50\n", name="one.csv")
    road.drain()
    step = StepRun.objects.get(dataset__name="mart.totals")
    assert (step.state, step.error) == ("quarantined", "total is -1.50, must be at least 0 (1 of 1 rows)")


def test_there_must_be_a_spark_that_answers(root, settings):
    with pytest.raises(EngineError, match="There is no Spark") as refused:
        change(root, "spark")
    assert "LOOPLINE_SPARK_URL" in refused.value.todo
    assert Environment.objects.get().engine == EngineName.DUCKDB


TESTED = """
pipeline: names
team: shops
sources:
  raw.names: {format: csv, columns: {name: VARCHAR, since: DATE, worth: "DECIMAL(9,2)", rate: DOUBLE}}
steps:
  - dataset: mart.names
    sql: |
      SELECT upper(name) AS name, since, worth, rate, date_trunc('month', since) AS month FROM raw.names
    tests:
      - {name: plain, given: GIVEN, expect: [{name: ANN, since: 2024-02-03, worth: 1.5, rate: 0.25, month: 2024-02-01}]}
      - {name: no rows, given: {}, expect: []}
"""
GIVEN = "{raw.names: [{name: ann, since: 2024-02-03, worth: 1.50, rate: 0.25}]}"


@pytest.mark.usefixtures("configured")
def test_the_tests_of_a_step_are_run_on_spark_and_what_differs_there_is_told_with_its_name(root):
    change(root, "spark")
    road.register_yaml(TESTED.replace("GIVEN", GIVEN))
    sharp = "{name: sharp, given: {raw.names: [{name: groß}]}, expect: [{name: EXPECTED}]}"
    wrong = "{name: wrong, given: {}, expect: [{name: BOB}]}"
    written = TESTED.replace("GIVEN", GIVEN) + "".join(f"      - {one}\n" for one in (sharp, wrong))
    for expected, engine, came in [("GROSS", "DuckDB", "GROẞ"), ("GROẞ", "Spark", "GROSS")]:
        with pytest.raises(DefinitionInvalid) as refused:
            road.register_yaml(written.replace("EXPECTED", expected))
        assert sorted(problem.message for problem in refused.value.problems) == sorted(
            [
                f'the test \'sharp\' fails on {engine}: missing: name="{expected}"; unexpected: name="{came}"',
                "the test 'wrong' fails on DuckDB: missing: name=\"BOB\"",
                "the test 'wrong' fails on Spark: missing: name=\"BOB\"",
            ]
        )


@pytest.mark.usefixtures("configured")
def test_what_is_written_for_spark_is_tested_and_runs_there(root):
    own = OWN.replace("postgres:", "spark:")
    with pytest.raises(DefinitionInvalid) as refused:  # production is on DuckDB still
        road.register_yaml(own.replace("NOT LIKE '%x%'", "LIKE '1%'"))
    assert [problem.message.partition(":")[0] for problem in refused.value.problems] == [
        "the test 'no numbers' fails on DuckDB with its SQL for Spark",
        "the test 'no numbers' fails on Spark",
    ]
    change(root, "spark")
    road.register_yaml(own)
    road.send("raw.sales", b"shop,code\na,x\nb,7\n", name="sales.csv")
    road.drain()
    step = StepRun.objects.get(dataset__name="mart.codes")
    assert (step.state, step.error) == ("succeeded", "")
    assert there.rows("mart.codes") == [("a", None), ("b", 7)]


NATIVE = """
pipeline: codes
team: shops
sources:
  raw.sales: {format: csv, columns: {shop: VARCHAR, code: VARCHAR}}
steps:
  - dataset: mart.codes
    sql: SELECT shop, TRY_CAST(regexp_extract(code, '[0-9]+') AS BIGINT) AS n FROM raw.sales
    engines:
      spark:
        dialect: spark
        sql: |
          SELECT shop, try_cast(regexp_extract(part, '([0-9]+)', 1) AS BIGINT) AS n
          FROM raw.sales LATERAL VIEW explode(split(code, ',')) parts AS part
    tests:
      - {name: digits, given: {raw.sales: [{shop: a, code: x1}]}, expect: [{shop: a, n: 1}]}
"""


@pytest.mark.usefixtures("configured")
def test_what_is_written_in_sparks_own_dialect_is_explained_tested_and_runs_there(root):
    with pytest.raises(DefinitionInvalid, match="it gives n as INTEGER, and the step as BIGINT: cast it"):
        road.register_yaml(NATIVE.replace("1) AS BIGINT", "1) AS INT"))
    road.register_yaml(NATIVE)
    change(root, "spark")
    road.send("raw.sales", b'shop,code\na,"x7,y8"\n', name="sales.csv")
    road.drain()
    step = StepRun.objects.get(dataset__name="mart.codes")
    assert (step.state, step.error) == ("succeeded", "")
    assert there.rows("mart.codes") == [("a", 7), ("a", 8)]
