"""Lists narrowed by time, by several states and by team, and in the orders that an index serves."""

from datetime import UTC, datetime

import pytest
from django.utils.http import urlencode

from pipelines_app.models import Arrival, Event, Run
from tests import factories, road
from tests.api.callers import V1, refused

pytestmark = pytest.mark.django_db
FIRST, SECOND, THIRD = (datetime(2026, 5, day, 6, tzinfo=UTC) for day in (1, 2, 3))


@pytest.fixture
def runs(orders):
    """Three runs, each queued a day after the one before: failed, succeeded, warned."""
    made = []
    for moment, state in ((FIRST, "failed"), (SECOND, "succeeded"), (THIRD, "warned")):
        run = factories.make_run(orders, state=state, period=f"{moment:%Y-%m-%d}")
        Run.objects.filter(pk=run.pk).update(created_at=moment)
        made.append(run.pk)
    return made


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"after": "2026-05-02"}, [2, 1]),
        ({"after": "2026-05-02T06:00:00Z"}, [2, 1]),
        ({"before": "2026-05-02T06:00:00Z"}, [0]),
        ({"after": "2026-05-02T08:00:00+02:00", "before": "2026-05-03"}, [1]),
        ({"after": "2026-05-04"}, []),
        ({"state": "failed,warned"}, [2, 0]),
        ({"state": "failed, succeeded", "before": "2026-05-02"}, [0]),
        ({"state": ["failed", "warned"]}, [2, 0]),
        ({"team": "sales"}, [2, 1, 0]),
        ({"team": "others"}, []),
        ({"order_by": "id"}, [0, 1, 2]),
        ({"order_by": "created_at"}, [0, 1, 2]),
        ({"order_by": "-created_at", "limit": 2}, [2, 1]),
    ],
)
def test_runs_are_narrowed_and_sorted(runs, ana, query, places):
    answer = ana.get(f"http://testserver{V1}/runs?{urlencode(query, doseq=True)}")
    assert ids(answer) == [runs[place] for place in places]


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ({"after": "yesterday"}, "after"),
        ({"before": "0001-01-01"}, "before"),
        ({"after": "9999-12-31T23:59:59Z"}, "after"),
        ({"state": "failed,gone"}, "state"),
        ({"order_by": "reason"}, "order_by"),
        ({"order_by": "-started_at"}, "order_by"),
    ],
)
def test_what_cannot_be_is_refused_and_says_what_can(runs, ana, query, what):
    problem = refused(ana.get("/runs", **query), 422, "invalid")
    assert what in {one["path"] for one in problem["problems"]}
    if what == "order_by":
        assert "-id, id, -created_at, created_at" in str(problem["problems"])


@pytest.mark.parametrize("order", ["created_at", "-created_at", "id", "-id"])
def test_pages_in_every_order_go_forth_and_back_also_where_moments_are_the_same(runs, orders, ana, order):
    same = [factories.make_run(orders, state="failed", period=f"2026-06-{day:02}").pk for day in range(1, 5)]
    Run.objects.filter(pk__in=same).update(created_at=SECOND)
    whole = ids(ana.get("/runs", order_by=order))
    pages = [ana.get("/runs", order_by=order, limit=3).json()]
    while pages[-1]["next"]:
        pages.append(ana.get(pages[-1]["next"]).json())
    assert [one["id"] for page in pages for one in page["results"]] == whole
    assert len(whole) == 7
    back = ana.get(pages[2]["previous"]).json()
    assert back["results"] == pages[1]["results"]
    assert ana.get(back["previous"]).json()["results"] == pages[0]["results"]
    assert ana.get(back["previous"]).json()["previous"] is None


def test_a_stretch_of_time_is_read_by_its_moments(runs, ana):
    Run.objects.filter(pk=runs[0]).update(created_at=THIRD.replace(hour=7))
    assert ids(ana.get("/runs", after="2026-05-02")) == [runs[0], runs[2], runs[1]]


def test_a_cursor_of_another_order_is_refused(runs, ana):
    cursor = ana.get("/runs", limit=1).json()["next"].partition("cursor=")[2]
    refused(ana.get(f"http://testserver{V1}/runs?order_by=created_at&cursor={cursor}"), 422, "invalid")


def test_arrivals_of_all_datasets_are_listed_by_team_door_and_time(published, ana, eve):
    road.send("raw.orders", b"id,shop,amount\n9,a,1\n", name="orders_2013-01-06.csv")
    newest = Arrival.objects.latest("id").pk
    Arrival.objects.exclude(pk=newest).update(received_at=FIRST)
    assert ids(ana.get("/arrivals", after="2026-05-02", team="sales")) == [newest]
    assert ids(ana.get("/arrivals", team="others")) == []
    assert ids(ana.get("/arrivals", dataset="raw.orders", before="2026-05-02")) == [published.pk]
    assert ids(ana.get("/arrivals", door="webhook,drop")) == []
    assert len(ids(eve.get("/arrivals"))) == 2
    published.dataset.restricted = True
    published.dataset.save()
    assert ids(eve.get("/arrivals")) == []
    of_dataset = ana.get("/datasets/raw.orders/arrivals", state="consumed,pending", before="2099-01-01")
    assert ids(of_dataset) == [newest, published.pk]


def test_the_log_is_narrowed_by_time_and_by_several_ends(published, ana):
    moment = Event.objects.order_by("-at").first().at
    later = ids(ana.get("/events", after=moment.isoformat()))
    assert later == [Event.objects.order_by("-at", "-id").first().pk]
    assert ids(ana.get("/events", before="2020-01-01")) == []
    consumed, either = (ids(ana.get("/events", disposition=said)) for said in ("consumed", "consumed,ignored"))
    assert set(consumed) < set(either)


def test_names_are_listed_by_the_alphabet(orders, ana):
    down = [one["name"] for one in ana.get("/datasets", order_by="-name").json()["results"]]
    assert down == ["raw.orders", "mart.shops"]
    first = ana.get("/datasets", order_by="name", limit=1).json()
    assert first["results"][0]["name"] == "mart.shops"
    assert ana.get(first["next"]).json()["results"][0]["name"] == "raw.orders"


def test_a_filter_in_a_body_takes_several_values_too(runs, ana):
    body = {"action": "rerun", "dry_run": True, "filter": {"state": "failed,warned", "after": "2026-05-01"}}
    answer = ana.post("/runs/bulk", body)
    assert answer.status_code == 200, answer.content
    assert [one["subject"] for one in answer.json()["items"]] == [str(runs[0]), str(runs[2])]
