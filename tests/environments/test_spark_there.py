"""An environment on Spark: moved there over the page, with not a word of its pipelines changed."""

import pytest
from django.test import Client

from pipelines_app.environments import mapping
from pipelines_app.errors import EngineError
from pipelines_app.models import EngineName, Environment, Part, Revision, StepRun
from tests import factories, road
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
