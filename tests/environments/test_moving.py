"""Which engine an environment runs on is said by admins of the platform, audited, and refused with reasons."""

import pytest
from django.test import Client

from pipelines_app.definitions import fitting
from pipelines_app.environments import mapping, moving
from pipelines_app.errors import DefinitionInvalid, EngineError, NotAllowed
from pipelines_app.models import AuditEntry, EngineLimit, Environment, Event, Role
from pipelines_app.runs import allowing
from tests import factories, road

pytestmark = pytest.mark.django_db
NESTED = """
pipeline: nested
team: shops
sources:
  raw.sales: {format: csv, columns: {shop: VARCHAR, amount: INTEGER}}
steps:
  - {dataset: mart.lists, sql: "SELECT shop, [amount] AS listed FROM raw.sales"}
"""
TESTED = """
pipeline: letters
team: shops
sources:
  raw.names: {format: csv, columns: {name: VARCHAR}}
steps:
  - dataset: mart.letters
    sql: SELECT upper(name) AS name FROM raw.names
    tests: [{name: sharp, given: {raw.names: [{name: groß}]}, expect: [{name: GROẞ}]}]
"""


@pytest.fixture
def root():
    return factories.make_user("root", superuser=True)


def change(user, engine: str, *, anyway: bool = False):
    unfit = None if anyway else fitting.unfit
    return moving.change(user, name="production", engine=engine, actor="user:root", unfit=unfit)


def test_an_admin_moves_an_environment_and_it_is_written_down(root, warehouse, settings):
    settings.WAREHOUSE_URL = warehouse.url
    mapping.production()
    limit = EngineLimit.objects.create(engine="postgres", max_steps=3)
    assert change(root, "postgres").label == "PostgreSQL"
    assert Environment.objects.get().engine_limit == limit
    assert AuditEntry.objects.get(action="environment.engine").change == {"before": "duckdb", "after": "postgres"}
    assert Event.objects.get(kind="environment.engine_changed").body["engine"] == "postgres"
    assert [row.name for row in allowing.seen_by(root) if row.of == "engine"] == ["duckdb", "postgres"]
    change(root, "postgres")
    assert AuditEntry.objects.filter(action="environment.engine").count() == 1


def test_nobody_else_may_and_there_must_be_a_warehouse_that_answers(root, settings):
    mapping.production()
    with pytest.raises(NotAllowed):
        change(factories.make_user("ana", team=road.team(), role=Role.ADMIN), "postgres")
    with pytest.raises(EngineError, match="There is no warehouse") as refused:
        change(root, "postgres")
    assert "LOOPLINE_WAREHOUSE_URL" in refused.value.todo
    settings.WAREHOUSE_URL = "postgresql://127.0.0.1:1/nothing"
    with pytest.raises(EngineError, match="cannot be reached"):
        change(root, "postgres")


def test_pipelines_that_would_fail_there_are_named_before_anything_is_moved(root, warehouse, settings):
    settings.WAREHOUSE_URL = warehouse.url
    road.register_yaml(NESTED)
    with pytest.raises(DefinitionInvalid) as refused:
        change(root, "postgres")
    assert {problem.path for problem in refused.value.problems} == {"nested: steps[0].sql"}
    assert change(root, "postgres", anyway=True).engine == "postgres"


def test_tests_that_fail_there_are_named_before_anything_is_moved(root, warehouse, settings):
    road.register_yaml(TESTED)
    settings.WAREHOUSE_URL = warehouse.url
    with pytest.raises(DefinitionInvalid) as refused:
        change(root, "postgres")
    [found] = refused.value.problems
    assert found.path == "letters: steps[0].tests[0]"
    assert found.message.startswith("the test 'sharp' fails on PostgreSQL: ")
    assert change(root, "postgres", anyway=True).engine == "postgres"


def test_the_page_shows_and_moves_environments_with_a_fixed_number_of_queries(
    root, warehouse, settings, django_assert_num_queries
):
    settings.WAREHOUSE_URL = warehouse.url
    road.register_yaml(NESTED)
    Environment.objects.create(name="trial")
    client = Client()
    client.force_login(root)
    client.get("/environments")
    with django_assert_num_queries(6):
        page = client.get("/environments")
    assert page.status_code == 200
    refused = client.post("/environments/production/engine", {"engine": "postgres"})
    assert refused.status_code == 422
    assert "nested: steps[0].sql" in refused.content.decode()
    moved = client.post("/environments/production/engine", {"engine": "postgres", "anyway": "on"}, follow=True)
    assert "production runs on PostgreSQL" in moved.content.decode()
    assert client.post("/environments/production/engine", {"engine": "oracle"}).status_code == 422
