"""What one installation tells, told to another: the same datasets, runs and edges between columns are there."""

import json
import random

import pytest
from django.utils import timezone

from monitoring_app.openlineage import sending
from pipelines_app.intake import openlineage, runevents
from pipelines_app.models import Dataset, Edge, ForeignDataset, ForeignRun, Link, Run, RunState, StepRun
from tests import road
from tests.web.know.conftest import DAY, ORDERS

pytestmark = pytest.mark.django_db
EAST = "loopline-east"
WIDE = """
pipeline: wide
team: sales
sources:
  raw.rates: {format: csv, columns: {shop: VARCHAR, rate: DOUBLE, day: DATE}}
steps:
  - dataset: staging.rates
    sql: SELECT DISTINCT shop, md5(shop) AS hidden, rate, day FROM raw.rates WHERE rate > 0
  - dataset: mart.rates
    sql: |
      SELECT a.shop, sum(CASE WHEN a.day > DATE '2020-01-01' THEN a.rate END) AS rate, count(*) AS n,
        first_value(a.hidden) OVER (PARTITION BY a.shop ORDER BY a.day) AS first
      FROM staging.rates AS a JOIN raw.rates AS b ON a.shop = b.shop GROUP BY a.shop, a.hidden, a.day
  - dataset: mart.counted
    sql: SELECT count(*) AS n FROM mart.rates
"""
RATES = b"shop,rate,day\na,1.5,2021-01-01\nb,2,2019-01-01\n"
STATES = {RunState.SUCCEEDED: "complete", RunState.WARNED: "complete", RunState.QUARANTINED: "fail"}


@pytest.fixture
def told(settings, tmp_path):
    """The events of three runs, one of them set aside, as the eastern installation sends them."""
    settings.OPENLINEAGE_URL = f"file://{tmp_path / 'events.jsonl'}"
    settings.OPENLINEAGE_NAMESPACE = EAST
    road.team("sales")
    road.register_yaml(ORDERS)
    road.register_yaml(WIDE)
    road.send("raw.orders", DAY, name="orders_2013-01-05.csv")
    road.send("raw.rates", RATES, name="rates.csv")
    road.drain()
    road.send("raw.orders", b"id,shop,amount\n7,a,1\n7,a,x\ny,b,2\nz,c,3\n", name="orders_2013-01-06.csv")
    road.drain()
    sending.send_due(None)
    settings.OPENLINEAGE_NAMESPACE = "loopline"
    return [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]


def tell(events, seed):
    """Tell them to another team, each twice and in any order."""
    west, order = road.team("west"), [*events, *events]
    random.Random(seed).shuffle(order)
    for event in order:
        openlineage.record(runevents.event_of(event), team=west, sender="token:east", now=timezone.now())


def edges(rows, source, target):
    found = rows.values_list(f"{source}__name", "source_column", f"{target}__name", "target_column")
    ways = rows.values_list("kind", "how", "masked")
    return {(*ends, *way) for ends, way in zip(found, ways, strict=True)}


def columns(rows):
    return {one.name: [(column["name"], column["type"]) for column in one.columns] for one in rows}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_datasets_runs_and_edges_are_there(told, seed):
    tell(told, seed)
    declared = Edge.objects.held().filter(job=None).order_by("pk")
    ours = edges(declared.exclude(source_column=""), "source", "target")
    theirs = edges(Edge.objects.held().filter(job__isnull=False).order_by("pk"), "foreign_source", "foreign_target")
    assert len(ours) > 20
    assert theirs == ours
    assert {one[4:6] for one in ours} >= {("direct", "IDENTITY"), ("direct", "AGGREGATION"), ("indirect", "FILTER")}
    assert any(one[6] for one in ours)
    links = Link.objects.held()
    between = set(links.filter(job=None).values_list("source__name", "target__name"))
    told_between = links.filter(job__isnull=False).values_list("foreign_source__name", "foreign_target__name")
    assert set(told_between) == between
    assert columns(ForeignDataset.objects.all()) == columns(Dataset.objects.all())
    assert {one.namespace for one in ForeignDataset.objects.all()} == {EAST}


def test_the_same_runs_and_steps_are_there_with_their_ends_periods_and_faults(told):
    tell(told, 3)
    runs = {(run.pipeline.name, STATES[run.state]) for run in Run.objects.select_related("pipeline")}
    heard = ForeignRun.objects.exclude(job__contains=".")
    assert {(run.job, run.state) for run in heard} == runs
    assert heard.count() == Run.objects.count()
    steps = StepRun.objects.exclude(started_at=None).count()
    assert ForeignRun.objects.filter(job__contains=".").count() == steps
    failed = ForeignRun.objects.filter(state="fail")
    assert failed.exists()
    assert all(run.error for run in failed)
    assert {run.nominal[:10] for run in heard.filter(job="orders")} == {"2013-01-05", "2013-01-06"}
