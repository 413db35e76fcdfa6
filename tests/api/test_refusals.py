"""Refusals: one form for all of them, and the right one for each caller."""

import pytest
from django.db import OperationalError

from pipelines_app.api import problems
from pipelines_app.models import Dataset, Pipeline
from tests import factories
from tests.api.callers import Caller, refused

pytestmark = pytest.mark.django_db

COMMANDS = [
    ("/pipelines/orders/run", {"period": "2013-01-05"}),
    ("/pipelines/orders/pause", {}),
    ("/pipelines/orders/resume", {}),
    ("/slots", {"dataset": "raw.orders", "period": "2013-02-01", "due_at": "2030-01-01T00:00:00Z"}),
]


@pytest.mark.parametrize(("path", "body"), COMMANDS)
def test_a_command_on_another_teams_thing_is_404(orders, eve, path, body):
    refused(eve.post(path, body), 404, "not_found")


@pytest.mark.parametrize(("path", "body"), COMMANDS)
def test_a_viewer_of_the_team_is_told_what_the_role_lacks(orders, vic, path, body):
    assert "role" in refused(vic.post(path, body), 403, "not_allowed")["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/runs/{run}/cancel"),
        ("post", "/runs/{run}/retry"),
        ("post", "/arrivals/{arrival}/replay"),
        ("post", "/slots/{slot}/waive"),
    ],
)
def test_a_command_on_a_row_is_404_for_others_and_403_for_viewers(published, eve, vic, method, path):
    slot = factories.make_slot(published.dataset)
    published.refresh_from_db()
    address = path.format(run=published.run_id, arrival=published.pk, slot=slot.pk)
    body = {"reason": "holiday"} if "waive" in path else {}
    refused(eve.post(address, body), 404, "not_found")
    refused(vic.post(address, body), 403, "not_allowed")


@pytest.mark.parametrize("path", ["/datasets/raw.orders/arrivals"])
def test_a_file_for_another_teams_dataset_is_404_and_leaves_nothing(orders, eve, vic, kept, path):
    before = kept()
    refused(eve.send("raw.orders", b"id\n", query="?name=orders_2013-01-05.csv"), 404, "not_found")
    refused(vic.send("raw.orders", b"id\n", query="?name=orders_2013-01-05.csv"), 403, "not_allowed")
    assert kept() == before


RESTRICTED = [
    "/datasets/raw.orders",
    "/datasets/raw.orders/rows",
    "/datasets/raw.orders/download",
    "/datasets/raw.orders/versions",
    "/datasets/raw.orders/arrivals",
    "/pipelines/orders",
    "/pipelines/orders/revisions",
    "/pipelines/orders/revisions/1",
    "/lineage?of=raw.orders",
]


@pytest.mark.parametrize("path", RESTRICTED)
def test_what_is_restricted_is_not_there_for_others(published, eve, ana, path):
    Dataset.objects.update(restricted=True)
    Pipeline.objects.update(restricted=True)
    refused(eve.get(path), 404, "not_found")
    answer = ana.get(path)
    assert answer.status_code == 200
    answer.close()


@pytest.mark.parametrize("path", ["/pipelines", "/datasets", "/runs", "/events", "/checks", "/slots", "/alerts"])
def test_lists_leave_out_what_is_restricted(published, eve, ana, path):
    factories.make_slot(published.dataset)
    Dataset.objects.update(restricted=True)
    Pipeline.objects.update(restricted=True)
    assert eve.get(path).json()["results"] == []
    if path != "/alerts":
        assert ana.get(path).json()["results"]


@pytest.mark.parametrize(
    "path", ["/nothing", "/pipelines/none", "/datasets/raw.none", "/datasets/..%2fetc", "/runs/99", "/runs/x", "/runs/"]
)
def test_an_address_that_is_none_is_a_problem_too(ana, path):
    refused(ana.get(path), 404, "not_found")


def test_a_field_nobody_knows_is_refused_by_name(orders, ana):
    problem = refused(ana.post("/pipelines/orders/run", {"periode": "2013-01-05", "x": 1}), 422, "invalid")
    assert [one["path"] for one in problem["problems"]] == ["periode", "x"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "parse_error"),
        (b"[" * 100_000, "application/json", 400, "parse_error"),
        (b'{"period": NaN}', "application/json", 400, "parse_error"),
        (b'{"period": "a", "period": "b"}', "application/json", 400, "parse_error"),
        (b"\xff\xfe", "application/json", 400, "parse_error"),
        (b"[1]", "application/json", 422, "invalid"),
        (b" " * (2 << 20), "application/json", 413, "too_large"),
        (b"period=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_is_no_command_is_refused(orders, ana, body, kind, status, code):
    refused(ana.text("/pipelines/orders/run", body, kind=kind), status, code)


def test_a_method_that_an_address_has_not_is_405(orders, ana):
    refused(ana.post("/runs"), 405, "method_not_allowed")


def test_while_the_database_is_away_the_answer_says_when_to_come_back():
    answer = problems.answer(OperationalError("server closed the connection"), {})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "server closed" not in str(answer.data)


def test_a_lost_race_is_409(orders, ana):
    assert ana.post("/pipelines/orders/pause").status_code == 200
    refused(ana.post("/pipelines/orders/pause"), 409, "illegal_move")


def test_a_superuser_may_act_for_every_team(orders):
    root = Caller(factories.make_user("root", superuser=True))
    assert root.post("/pipelines/orders/pause").status_code == 200
    assert root.send("raw.orders", b"id,shop,amount\n", query="?name=orders_2013-01-05.csv").status_code == 201


@pytest.mark.parametrize("path", ["/runs?pipeline=%00", "/events?dataset=%00", "/slots?period=%00", "/checks?kind=%00"])
def test_a_filter_with_what_no_text_holds_is_refused(orders, ana, path):
    refused(ana.get(f"http://testserver/api/v1{path}"), 422, "invalid")


@pytest.mark.parametrize("path", ["/runs/999999999999999999", "/lineage?of=%00", "/alerts/99999999999999999999999"])
def test_a_number_or_name_beyond_the_database_is_404(ana, path):
    refused(ana.get(f"http://testserver/api/v1{path}"), 404, "not_found")


@pytest.mark.parametrize("number", ["9" * 40, "-1", "1.5"])
def test_a_filter_beyond_the_database_finds_nothing(orders, ana, number):
    assert ana.get("/events", run=number).json()["results"] == []
