"""Checks and lineage through the API."""

import pytest

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


def test_lineage_goes_both_ways(report, ana):
    told = ana.get("/lineage", of="mart.shops").json()
    assert {one["id"] for one in told["nodes"]} == {"raw.orders", "mart.shops", "mart.report"}
    assert told["edges"] == [
        {"source": "mart.shops", "target": "mart.report"},
        {"source": "raw.orders", "target": "mart.shops"},
    ]
    direct = {
        "source": "raw.orders",
        "source_column": "amount",
        "target": "mart.shops",
        "target_column": "amount",
        "kind": "direct",
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


def test_a_neighbour_of_another_team_is_opaque_and_not_followed(report, eve):
    Dataset.objects.filter(name="mart.shops").update(restricted=True)
    told = eve.get("/lineage", of="mart.report").json()
    assert told["nodes"] == [
        {"id": "restricted-1", "restricted": True},
        {"id": "mart.report", "restricted": False, "dataset": "mart.report", "team": "others", "pipeline": "report"},
    ]
    assert told["edges"] == [{"source": "restricted-1", "target": "mart.report"}]
    assert told["columns"] == []
    assert "shops" not in str(told)


@pytest.mark.parametrize("query", [{"depth": "0"}, {"depth": "99"}, {"direction": "sideways"}])
def test_a_question_that_is_none_is_refused(report, ana, query):
    refused(ana.get("/lineage", of="mart.shops", **query), 422, "invalid")


def test_lineage_of_nothing_is_404(ana):
    refused(ana.get("/lineage"), 404, "not_found")
