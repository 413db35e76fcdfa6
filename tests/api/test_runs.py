"""Runs through the API: what was done and why, stop, do again."""

import pytest

from pipelines_app.models import Dataset, Run
from tests import factories, road
from tests.api.callers import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(published):
    return Run.objects.get()


def test_a_run_tells_everything_it_did_and_why(run, published, ana):
    told = ana.get(f"/runs/{run.pk}").json()
    assert (told["pipeline"], told["period"], told["state"], told["revision"]) == (
        "orders",
        "2013-01-05",
        "succeeded",
        1,
    )
    assert [one["step"]["dataset"] for one in told["steps"]] == ["raw.orders", "mart.shops"]
    assert [one["step"]["rows_out"] for one in told["steps"]] == [3, 2]
    assert [one["kind"] for one in told["causes"]] == ["arrival.accepted"]
    assert [one["id"] for one in told["arrivals"]] == [published.pk]
    assert {one["dataset"] for one in told["check_results"]} == {"raw.orders", "mart.shops"}
    assert all(one["passed"] for one in told["check_results"])


def test_a_run_hides_what_it_touched_of_other_teams(run, eve):
    Dataset.objects.filter(name="raw.orders").update(restricted=True)
    told = eve.get(f"/runs/{run.pk}").json()
    assert told["steps"][0] == {"restricted": True, "state": "succeeded"}
    assert told["arrivals"] == []
    assert told["causes"] == []
    assert {one["dataset"] for one in told["check_results"]} == {"mart.shops"}
    kinds = {one["dataset"] for one in eve.get(f"/runs/{run.pk}/events").json()["results"]}
    assert "raw.orders" not in kinds


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"pipeline": "orders"}, 1),
        ({"pipeline": "others"}, 0),
        ({"state": "succeeded"}, 1),
        ({"state": "failed"}, 0),
        ({"period": "2013-01-05"}, 1),
        ({"dataset": "mart.shops"}, 1),
        ({"dataset": "mart.none"}, 0),
    ],
)
def test_runs_are_found(run, ana, query, found):
    assert len(ana.get("/runs", **query).json()["results"]) == found


def test_the_events_of_a_run_are_all_there_newest_first(run, ana):
    told = ana.get(f"/runs/{run.pk}/events").json()["results"]
    assert told[0]["kind"] == "run.moved"
    assert told[0]["body"]["state"] == "succeeded"
    assert [one["id"] for one in told] == sorted((one["id"] for one in told), reverse=True)


def test_a_live_run_is_stopped_for_good(orders, ana):
    road.send("raw.orders", b"id,shop,amount\n1,a,1\n", name="orders_2013-01-05.csv")
    road._deliver()
    run = Run.objects.get()
    told = ana.post(f"/runs/{run.pk}/cancel", {"because": "wrong file"}).json()
    assert (told["state"], told["reason"]) == ("cancelled", "wrong file")
    refused(ana.post(f"/runs/{run.pk}/cancel"), 409, "illegal_move")


def test_what_did_not_succeed_is_done_again(orders, ana):
    road.send("raw.orders", b"id,shop,amount\n,north,1\n", name="orders_2013-01-05.csv")
    road.drain()
    run = Run.objects.get(state="quarantined")
    answer = ana.post(f"/runs/{run.pk}/retry")
    assert answer.status_code == 202
    assert answer.json()["id"] != run.pk


def test_what_succeeded_is_not_done_again(run, ana):
    refused(ana.post(f"/runs/{run.pk}/retry"), 409, "illegal_move")


def test_a_run_that_reads_another_teams_dataset_names_it_only_to_those_who_see_it(published, ana, eve):
    text = "pipeline: report\nteam: others\nsteps: [{dataset: mart.report, sql: SELECT shop FROM mart.shops}]"
    pipeline = road.register_yaml(text).pipeline
    assert eve.post("/pipelines/report/run").status_code == 202
    road.drain()
    run = Run.objects.filter(pipeline=pipeline).latest("id")
    assert eve.get(f"/runs/{run.pk}").json()["inputs"][0]["dataset"] == "mart.shops"
    Dataset.objects.filter(name="mart.shops").update(restricted=True)
    assert eve.get(f"/runs/{run.pk}").json()["inputs"] == [{"restricted": True}]
    assert ana.get(f"/runs/{run.pk}").json()["inputs"][0]["dataset"] == "mart.shops"


def test_the_newest_run_comes_first(orders, ana):
    pks = [factories.make_run(orders, state="failed", period=f"2013-01-0{day}").pk for day in (1, 2, 3)]
    assert [one["id"] for one in ana.get("/runs").json()["results"]] == pks[::-1]
