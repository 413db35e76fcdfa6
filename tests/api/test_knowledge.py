"""Checks and lineage through the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pipelines_app.models import Dataset
from tests import road
from tests.api.callers import refused

pytestmark = pytest.mark.django_db
REPORT = "pipeline: report\nteam: others\nsteps: [{dataset: mart.report, sql: 'SELECT shop AS place FROM mart.shops'}]"


def test_checks_say_how_they_stand(published, ana):
    told = ana.get("/checks", dataset="mart.shops").json()["results"]
    assert [(one["kind"], one["severity"], one["last"]["passed"]) for one in told] == [("unique", "block", True)]
    assert told[0]["pipeline"] == "orders"


def test_a_check_that_was_never_made_stands_nowhere(orders, ana):
    assert [one["last"] for one in ana.get("/checks").json()["results"]] == [None, None]


def test_only_the_current_revisions_checks_are_listed(published, ana):
    document = ana.get("/pipelines/orders").json()["document"]
    ana.put("/pipelines/orders", {**document, "description": "changed"})
    assert len(ana.get("/checks").json()["results"]) == 2


@pytest.fixture
def report(published, eve):
    return road.register_yaml(REPORT)


def edge(source, target, *, observed):
    return {"source": source, "target": target, "kind": "direct", "declared": True, "observed": observed}


def test_lineage_goes_both_ways(report, ana):
    told = ana.get("/lineage", of="mart.shops").json()
    assert {one["id"] for one in told["nodes"]} == {"raw.orders", "mart.shops", "mart.report"}
    assert told["edges"] == [
        edge("mart.shops", "mart.report", observed=None),
        edge("raw.orders", "mart.shops", observed=True),
    ]
    assert told["truncated"] is False
    direct = {
        "source": "raw.orders",
        "source_column": "amount",
        "target": "mart.shops",
        "target_column": "amount",
        "kind": "direct",
        "how": ["AGGREGATION"],
        "masked": False,
        "observed": False,
    }
    assert direct in told["columns"]


@pytest.mark.parametrize(
    ("query", "nodes"),
    [
        ({"of": "mart.shops", "direction": "upstream"}, {"raw.orders", "mart.shops"}),
        ({"of": "mart.shops", "direction": "downstream"}, {"mart.report", "mart.shops"}),
        ({"of": "raw.orders", "depth": 1}, {"raw.orders", "mart.shops"}),
        ({"of": "raw.orders", "depth": 2}, {"raw.orders", "mart.shops", "mart.report"}),
    ],
)
def test_lineage_goes_as_far_as_it_is_asked(report, ana, query, nodes):
    assert {one["id"] for one in ana.get("/lineage", **query).json()["nodes"]} == nodes


def test_a_neighbour_of_another_team_is_opaque_and_breaks_no_path(report, eve):
    Dataset.objects.filter(name="mart.shops").update(restricted=True)
    told = eve.get("/lineage", of="mart.report").json()
    assert [(one["id"], one["depth"]) for one in told["nodes"]] == [
        ("mart.report", 0),
        ("raw.orders", -2),
        ("restricted-1", -1),
    ]
    assert told["nodes"][-1] == {"id": "restricted-1", "restricted": True, "depth": -1}
    assert told["edges"] == [
        edge("raw.orders", "restricted-1", observed=True),
        edge("restricted-1", "mart.report", observed=None),
    ]
    assert told["columns"] == []
    assert "shops" not in str(told)


@pytest.mark.parametrize(
    "query", [{"depth": "0"}, {"depth": "99"}, {"direction": "sideways"}, {"as_of": "then"}, {"format": "xml"}]
)
def test_a_question_that_is_none_is_refused(report, ana, query):
    refused(ana.get("/lineage", of="mart.shops", **query), 422, "invalid")


def test_lineage_of_nothing_is_404(ana):
    refused(ana.get("/lineage"), 404, "not_found")


def test_columns_are_followed_to_where_they_lead_and_no_further(report, ana):
    told = ana.get("/lineage", of="raw.orders", columns="amount", direction="downstream").json()
    assert {one["id"] for one in told["nodes"]} == {"raw.orders", "mart.shops"}
    told = ana.get("/lineage", of="raw.orders", columns="shop", direction="downstream").json()
    assert {one["id"] for one in told["nodes"]} == {"raw.orders", "mart.shops", "mart.report"}


def test_an_answer_that_is_known_is_not_sent_again(report, ana):
    first = ana.get("/lineage", of="mart.shops")
    again = ana.get("/lineage", headers={"If-None-Match": first["ETag"]}, of="mart.shops")
    assert (again.status_code, again.content) == (304, b"")
    assert ana.get("/lineage", of="raw.orders")["ETag"] != first["ETag"]


def test_lineage_is_a_table_too(report, ana):
    answer = ana.get("/lineage", of="mart.report", format="csv", direction="upstream")
    lines = answer.content.decode().splitlines()
    assert lines[0] == "source,source_column,target,target_column,kind,how,masked,observed"
    assert "mart.shops,shop,mart.report,place,direct,IDENTITY,no,no" in lines


def test_who_is_hit_if_a_column_goes(report, ana):
    [removal] = ana.get("/lineage/impact", of="raw.orders", columns="shop").json()["removals"]
    assert [(hit["id"], hit["breaks"], hit["team"]) for hit in removal["hits"]] == [
        ("mart.shops", True, "sales"),
        ("mart.report", False, "others"),
    ]


def test_who_is_hit_by_what_a_newer_revision_takes_away(report, ana):
    document = ana.get("/pipelines/orders").json()["document"]
    document["steps"][0]["sql"] = "SELECT count(*) AS orders, sum(amount) AS amount FROM raw.orders"
    document["steps"][0]["checks"] = []
    assert ana.put("/pipelines/orders", document).status_code == 201
    [removal] = ana.get("/lineage/impact", pipeline="orders").json()["removals"]
    assert (removal["dataset"], removal["columns"]) == ("mart.shops", ["shop"])
    assert [hit["id"] for hit in removal["hits"]] == ["mart.report"]


def test_a_check_is_muted_and_heard_again(published, ana, vic):
    (one,) = ana.get("/checks", dataset="mart.shops").json()["results"]
    until = (timezone.now() + timedelta(days=2)).isoformat()
    muted = ana.post(f"/checks/{one['id']}/mute", {"until": until, "reason": "known"}).json()["muted"]
    assert (muted["reason"], muted["actor"][:9]) == ("known", "token:ana")
    assert vic.get("/checks", dataset="mart.shops").json()["results"][0]["muted"]["reason"] == "known"
    assert refused(vic.post(f"/checks/{one['id']}/unmute"), 403, "not_allowed")
    assert ana.post(f"/checks/{one['id']}/unmute").json()["muted"] is None
    over = ana.post(f"/checks/{one['id']}/mute", {"until": "2013-01-01T00:00:00Z", "reason": "x"})
    assert refused(over, 409, "illegal_move")
