"""Why things happened, what came of them, what became of every event, and why something has not happened yet."""

import pytest

from pipelines_app.models import DatasetVersion, Delivery, Event, Run
from tests import factories, road

pytestmark = pytest.mark.django_db
READER = """
pipeline: report
team: sales
steps:
  - dataset: mart.report
    sql: SELECT sum(orders) AS orders FROM mart.shops
start: {start}
"""


def told(nodes, *names):
    return [tuple(node[name] for name in names) for node in nodes]


@pytest.fixture
def chain(orders):
    road.register_yaml(READER.replace("{start}", "any"))
    road.send("raw.orders", b"id,shop,amount\n1,north,2.5\n", name="orders_2013-01-05.csv", sender="user:ana")
    road.drain()
    return Run.objects.get(pipeline__name="report")


def test_the_causes_of_a_run_go_back_to_who_began_it_and_its_effects_go_on(chain, ana, django_assert_max_num_queries):
    causes = ana.get(f"/runs/{chain.pk}/causes").json()["nodes"]
    first = chain.causes.get()
    assert told(causes, "depth", "type", "kind", "pipeline", "dataset") == [
        (0, "run", "", "report", ""),
        (1, "event", "dataset.published", "orders", "mart.shops"),
        (2, "run", "", "orders", ""),
        (3, "event", "arrival.accepted", "", "raw.orders"),
    ]
    assert (causes[1]["id"], causes[-1]["actor"]) == (first.pk, "user:ana")
    began = Event.objects.get(kind="arrival.accepted")
    effects = ana.get(f"/events/{began.pk}/effects").json()["nodes"]
    assert ("run", chain.pk) in told(effects, "type", "id")
    assert all(node["depth"] == effects[node["parent"]]["depth"] + 1 for node in effects[1:])


def test_a_version_tells_what_it_was_made_by_and_what_was_made_from_it(chain, ana):
    version = DatasetVersion.objects.get(dataset__name="mart.shops")
    causes = ana.get(f"/versions/{version.pk}/causes").json()["nodes"]
    assert told(causes, "type", "kind")[:2] == [("run", ""), ("event", "arrival.accepted")]
    effects = ana.get(f"/versions/{version.pk}/effects").json()["nodes"]
    assert told(effects, "type", "pipeline", "dataset") == [
        ("event", "orders", "mart.shops"),
        ("run", "report", ""),
        ("event", "report", "mart.report"),
    ]


def test_the_queries_of_a_tree_do_not_grow_with_what_merged_and_the_rest_is_counted(
    chain, ana, django_assert_num_queries
):
    link = Run.causes.through
    with django_assert_num_queries(8):
        ana.get(f"/runs/{chain.pk}/causes")
    event = chain.causes.get()
    copies = [factories.make_event(road.published(event, version=0)) for _ in range(60)]
    link.objects.bulk_create([link(run=chain, event=one) for one in copies])
    with django_assert_num_queries(8):
        nodes = ana.get(f"/runs/{chain.pk}/causes").json()["nodes"]
    assert (nodes[0]["more"], sum(node["parent"] == 0 for node in nodes)) == (41, 20)


def test_what_a_person_may_not_see_is_a_restricted_node(chain, eve, ana):
    chain.pipeline.datasets.update(restricted=True)
    Run.objects.get(pipeline__name="orders").pipeline.datasets.update(restricted=True)
    type(chain.pipeline).objects.filter(name="orders").update(restricted=True)
    nodes = eve.get(f"/runs/{chain.pk}/causes").json()["nodes"]
    assert [node["type"] for node in nodes] == ["run", "restricted", "restricted", "restricted"]
    assert {node["dataset"] + node["actor"] for node in nodes[1:]} == {""}
    assert all(node["id"] for node in ana.get(f"/runs/{chain.pk}/causes").json()["nodes"])


def test_events_are_found_by_what_became_of_them(chain, ana):
    began = Event.objects.get(kind="arrival.accepted")
    found = ana.get("/events?disposition=consumed&kind=arrival.accepted").json()["results"]
    assert [event["id"] for event in found] == [began.pk]
    assert not ana.get("/events?disposition=waiting").json()["results"]
    [outcome] = ana.get(f"/events/{began.pk}").json()["outcomes"]
    run = Run.objects.get(pipeline__name="orders")
    assert (outcome["consumer"], outcome["disposition"], outcome["run"]) == ("readiness", "consumed", run.pk)
    assert not Delivery.objects.filter(disposition="").exists()


def test_what_waits_is_told_with_its_conditions(orders, ana, eve, django_assert_num_queries):
    late = "  raw.late: {format: csv, columns: {id: INTEGER}}"
    more = f"sources:\n  raw.other: {{format: csv, columns: {{id: INTEGER}}}}\n{late}"
    road.register_yaml(f"pipeline: others\nteam: sales\n{more}\n")
    sql = "SELECT o.id FROM raw.orders AS o JOIN raw.other AS p ON o.id = p.id JOIN raw.late AS l ON o.id = l.id"
    step = "{kind: incremental, by: period}"
    start = "{when: all, not_before: '06:00', at_latest: '09:00', then: partial, timezone: UTC}"
    text = f"pipeline: joined\nteam: sales\nsteps:\n  - dataset: mart.joined\n    materialise: {step}\n    sql: {sql}\n"
    road.register_yaml(f"{text}start: {start}\n")
    road.send("raw.orders", b"id,shop,amount\n1,north,2.5\n", period="2931-01-05")
    road.send("raw.other", b"id\n1\n")
    road.drain()
    with django_assert_num_queries(7):
        [row] = ana.get("/pipelines/joined/waiting").json()["results"]
    assert (row["period"], row["state"], row["then"]) == ("2931-01-05", "waiting", "it runs with what is there")
    assert row["at_latest"] == "2931-01-06T09:00:00Z"
    inputs, not_before, goes_on = row["conditions"]
    assert told(inputs["parts"], "text", "holds") == [("raw.late", False), ("raw.orders", True), ("raw.other", True)]
    assert (inputs["holds"], not_before["holds"], goes_on["holds"]) == (False, False, True)
    assert eve.get("/pipelines/nobodys/waiting").status_code == 404


def test_a_run_that_is_queued_says_what_is_before_it(orders, ana):
    ana.post("/pipelines/orders/pause", {})
    road.send("raw.orders", b"id,shop,amount\n1,north,2.5\n", period="2013-01-05")
    road.drain()
    [row] = ana.get("/pipelines/orders/waiting").json()["results"]
    assert row["state"] == "queued"
    assert told(row["conditions"], "text", "holds")[0] == ("The pipeline is not paused", False)
