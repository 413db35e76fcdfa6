"""Lists: pages by key, and the number of queries that each costs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring_app.models import Alert
from pipelines_app.models import Run
from tests import factories, road
from tests.api.callers import V1, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(orders):
    return [factories.make_run(orders, state="failed", period=f"2013-01-{day:02}").pk for day in range(1, 8)]


def ids(page):
    return [one["id"] for one in page["results"]]


def test_pages_go_forth_and_back_and_leave_nothing_out(runs, ana):
    first = ana.get("/runs", limit=3).json()
    second = ana.get(first["next"]).json()
    third = ana.get(second["next"]).json()
    assert [*ids(first), *ids(second), *ids(third)] == runs[::-1]
    assert first["previous"] is None
    assert third["next"] is None
    assert ids(ana.get(third["previous"]).json()) == ids(second)
    back = ana.get(second["previous"]).json()
    assert ids(back) == ids(first)
    assert back["previous"] is None


def test_what_comes_meanwhile_moves_no_page(runs, orders, ana):
    first = ana.get("/runs", limit=3).json()
    factories.make_run(orders, state="failed", period="2013-02-01")
    assert ids(ana.get(first["next"]).json()) == runs[::-1][3:6]


def test_a_filter_holds_on_every_page(runs, ana):
    Run.objects.filter(pk=runs[0]).update(state="succeeded")
    page = ana.get("/runs", limit=4, state="failed").json()
    assert ids(ana.get(page["next"]).json()) == runs[::-1][4:6]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "000000000000000101"},
        {"limit": "9" * 40},
        {"limit": "x"},
        {"cursor": "x"},
        {"cursor": "a:b:c"},
    ],
)
def test_a_page_that_is_none_is_refused(ana, query):
    refused(ana.get("/runs", **query), 422, "invalid")


def test_a_cursor_of_rows_is_none_of_runs(published, ana):
    cursor = ana.get("/datasets/raw.orders/rows", limit=1).json()["next"].partition("after=")[2]
    refused(ana.get(f"http://testserver{V1}/runs?cursor={cursor}"), 422, "invalid")


# Beside its own queries each costs one for the token; its use is noted once a minute.
QUERIES = {
    "/pipelines": 2,
    "/pipelines/orders": 3,
    "/pipelines/orders/revisions": 3,
    "/datasets": 3,
    "/datasets/raw.orders": 3,
    "/datasets/raw.orders/arrivals": 3,
    "/datasets/raw.orders/versions": 3,
    "/slots": 2,
    "/slots/raw.orders/2013-01-05": 2,
    "/slots/raw.orders/2013-01-05/why": 5,
    "/habits": 2,
    "/runs": 3,
    "/events": 2,
    "/checks": 4,  # one of them for what is muted
    "/lineage?of=raw.orders": 10,
    "/teams": 2,
    "/me": 2,
    "/alerts": 2,
    "/notifications": 2,
}


@pytest.mark.parametrize(("path", "queries"), QUERIES.items())
def test_a_list_costs_the_same_however_long_it_is(published, ana, path, queries):
    factories.make_slot(published.dataset, period="2013-01-05")
    ana.get("/me")  # notes the token's use
    assert cost(ana, path) == queries
    for day in (6, 7):
        road.send("raw.orders", b"id,shop,amount\n1,north,%d\n" % day, name=f"orders_2013-01-0{day}.csv")
        factories.make_slot(published.dataset, period=f"2013-01-0{day}")
    road.drain()
    assert cost(ana, path) == queries


def cost(caller, path):
    with CaptureQueriesContext(connection) as captured:
        assert caller.get(path).status_code == 200
    noted = [one for one in captured.captured_queries if one["sql"].startswith("UPDATE")]
    return len(captured.captured_queries) - len(noted)


def test_alerts_start_empty(ana):
    assert not Alert.objects.exists()
    assert ana.get("/alerts").json() == {"results": [], "next": None, "previous": None}
