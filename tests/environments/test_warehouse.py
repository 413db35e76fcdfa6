"""An environment on PostgreSQL: the same pipelines, not a word of their SQL changed."""

import gzip
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from pipelines_app import lake
from pipelines_app.compiler import statements
from pipelines_app.compiler.definition import Column
from pipelines_app.engines.warehouse import showing as tables
from pipelines_app.environments import mapping, places, reading, showing
from pipelines_app.models import Dataset, EngineName, Environment, Part, StepRun, TeamLogin
from tests import road

DAY = "2013-01-01"
QUERIES = ("mart.daily_operations", "staging.flights", "core.planes")


@pytest.fixture
def configured(warehouse, settings, db):
    settings.WAREHOUSE_URL = warehouse.url


def on(engine: str) -> None:
    mapping.production()
    Environment.objects.update(engine=engine)
    mapping.forget()


def run_the_sample(*, turned: int = 0) -> None:
    """One day's work; turned, the files begin with another line: nobody has seen those yet."""
    for name in ("airlines", "airports", "planes"):
        content = gzip.decompress((road.SAMPLE / "nycflights" / f"{name}.csv.gz").read_bytes())
        road.send(f"raw.{name}", _turned(content, turned), name=f"{name}.csv")
    road.send_flights(DAY, _turned(road.SCRIPT.flights(DAY), turned))
    road.drain()


def _turned(content: bytes, by: int) -> bytes:
    first, *lines = content.splitlines(keepends=True)
    return b"".join([first, *lines[by:], *lines[:by]])


def rows(dataset: str) -> list[tuple[object, ...]]:
    found = Dataset.objects.get(name=dataset)
    version = mapping.current(mapping.production(), [found])[found.pk]
    return sorted(reading.rows(version, limit=10_000).rows, key=str)


@pytest.mark.usefixtures("configured")
def test_a_pipeline_gives_the_same_rows_on_both_engines_without_a_word_changed():
    road.register_sample("reference", "flights-daily")
    run_the_sample()
    files = {name: rows(name) for name in QUERIES}
    on(EngineName.POSTGRES)
    run_the_sample(turned=1)
    assert not StepRun.objects.exclude(state__in=["succeeded", "warned"]).exists()
    assert {name: rows(name) for name in QUERIES} == files
    assert set(Part.objects.live().values_list("engine", flat=True)) == {EngineName.POSTGRES}


@pytest.mark.usefixtures("configured")
def test_an_environment_goes_on_with_what_it_has_when_its_engine_changes_and_changes_back():
    road.register_yaml(TOTALS)
    road.send("raw.sales", b"shop,amount\na,1.50\nb,2.50\n", name="one.csv")
    road.drain()
    on(EngineName.POSTGRES)
    road.send("raw.sales", b"shop,amount\na,0.50\n", name="two.csv")
    road.drain()
    assert rows("mart.totals") == [("a", "2.00"), ("b", "2.50")]
    on(EngineName.DUCKDB)
    road.send("raw.sales", b"shop,amount\nb,1.00\n", name="three.csv")
    road.drain()
    assert rows("mart.totals") == [("a", "2.00"), ("b", "3.50")]
    assert sorted(Part.objects.live().values_list("dataset__name", "engine")) == [
        ("mart.totals", "duckdb"),
        ("raw.sales", "duckdb"),
        ("raw.sales", "duckdb"),
        ("raw.sales", "postgres"),
    ]


TOTALS = """
pipeline: totals
team: shops
sources:
  raw.sales:
    format: csv
    mode: append
    columns: {shop: VARCHAR, amount: "DECIMAL(10,2)"}
    checks: [{not_null: [shop]}]
steps:
  - dataset: mart.totals
    sql: SELECT shop, CAST(sum(amount) AS DECIMAL(12,2)) AS total FROM raw.sales GROUP BY shop
    checks: [{unique: shop}, {between: {column: total, min: 0}}]
"""


@pytest.mark.usefixtures("configured")
def test_what_a_check_refuses_is_held_back_with_its_rows_on_either_engine():
    on(EngineName.POSTGRES)
    road.register_yaml(TOTALS)
    road.send("raw.sales", b"shop,amount\na,-1.50\n", name="one.csv")
    road.drain()
    step = StepRun.objects.get(dataset__name="mart.totals")
    assert (step.state, step.error) == ("quarantined", "total is -1.50, must be at least 0 (1 of 1 rows)")
    result = step.versions.get().check_results.get(passed=False)
    assert result.sample == {"columns": ["shop", "total"], "rows": [["a", "-1.50"]]}


@pytest.mark.usefixtures("configured")
def test_each_team_has_a_login_of_its_own_and_its_password_is_sealed():
    team = road.team("shops")
    login = places.login(team.pk)
    stored = TeamLogin.objects.get(team=team)
    assert login.password not in stored.sealed
    assert login.password not in repr(login)
    assert places.login(team.pk) == login
    assert places.provision(team, renew=True).password != login.password


@pytest.mark.usefixtures("configured")
def test_people_see_the_current_version_in_a_view_that_is_swapped_when_it_changes(warehouse):
    on(EngineName.POSTGRES)
    road.register_yaml(TOTALS)
    road.send("raw.sales", b"shop,amount\na,1.50\n", name="one.csv")
    road.drain()
    seen = "SELECT * FROM production.mart__totals"
    with warehouse.connect() as connection:
        assert connection.execute(seen).fetchall() == [("a", Decimal("1.50"))]
    road.send("raw.sales", b"shop,amount\na,1.00\n", name="two.csv")
    with warehouse.connect() as reader:
        reader.execute(seen)  # and holds on to what he sees
        road.drain()
        assert reader.execute(seen).fetchall() == [("a", Decimal("1.50"))]
    assert showing.catch_up(timezone.now()) >= 1
    with warehouse.connect() as connection:
        assert connection.execute(seen).fetchall() == [("a", Decimal("2.50"))]
    assert showing.catch_up(timezone.now()) == 0


@pytest.mark.usefixtures("configured")
def test_a_table_that_nothing_points_to_is_dropped_at_the_second_look_and_no_other():
    on(EngineName.POSTGRES)
    road.register_yaml(TOTALS)
    road.send("raw.sales", b"shop,amount\na,1.50\n", name="one.csv")
    road.drain()
    showing.unused.drop()
    showing.unused.drop()
    team = road.team("shops")
    orphan = places.new_table(Dataset.objects.get(name="mart.totals"), team.pk)
    query = statements.parse("SELECT 1 AS a")
    places.warehouse(team.pk).materialise(query, [], [Column(name="a", type="INTEGER")], orphan, lake.limits(10))
    assert showing.unused.drop() == 0
    assert showing.unused.drop() == 1
    assert orphan not in tables.tables(places.platform())
    assert rows("mart.totals") == [("a", "1.50")]


@pytest.mark.usefixtures("configured")
def test_the_command_provisions_every_team_and_may_be_given_again(capsys):
    road.team("shops")
    call_command("warehouse")
    call_command("warehouse", "--renew")
    assert capsys.readouterr().out.splitlines() == [f"shops: {TeamLogin.objects.get().role}"] * 2


def test_the_command_says_that_there_is_no_warehouse(db):
    with pytest.raises(CommandError, match="LOOPLINE_WAREHOUSE_URL"):
        call_command("warehouse")
