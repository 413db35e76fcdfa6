"""Pipelines through the API: register, revise, look, run, pause."""

import pytest

from pipelines_app.compiler import documents
from pipelines_app.models import Event, Pipeline, Revision, Run
from tests.api.callers import refused
from tests.api.conftest import ORDERS

pytestmark = pytest.mark.django_db
DOCUMENT = documents.from_yaml(ORDERS)


def revised():
    return {**DOCUMENT, "description": "Orders of all shops."}


def test_a_definition_in_json_is_registered(ana):
    answer = ana.post("/pipelines", DOCUMENT)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["name"], told["team"], told["revision"]) == ("orders", "sales", 1)
    assert answer.headers["ETag"] == told["etag"]
    assert Event.objects.get(kind="pipeline.revised").actor == "token:ana/test"
    assert Revision.objects.get().author == ana.user


def test_a_definition_in_yaml_is_the_same_definition(ana):
    assert ana.post("/pipelines", DOCUMENT).status_code == 201
    answer = ana.text("/pipelines", ORDERS, kind="application/yaml")
    assert answer.status_code == 200
    assert Revision.objects.count() == 1


def test_put_registers_under_its_own_name_only(ana):
    assert ana.put("/pipelines/orders", DOCUMENT).status_code == 201
    problem = refused(ana.put("/pipelines/other", DOCUMENT), 422, "definition_invalid")
    assert problem["problems"][0]["path"] == "pipeline"


def test_a_dry_run_says_what_would_happen_and_writes_nothing(ana):
    plan = ana.post("/pipelines?dry_run=true", DOCUMENT).json()
    assert [(step["dataset"], step["change"]) for step in plan["steps"]] == [
        ("raw.orders", "new"),
        ("mart.shops", "new"),
    ]
    assert plan["revision"] == 1
    assert not Pipeline.objects.exists()
    assert not Event.objects.exists()


def test_a_dry_run_of_a_revision_names_what_changes(orders, ana):
    step = {**DOCUMENT["steps"][0], "sql": "SELECT shop, count(*) AS orders FROM raw.orders GROUP BY shop"}
    changed = ana.post("/pipelines?dry_run=true", {**DOCUMENT, "steps": [step]}).json()
    assert {one["dataset"]: one["change"] for one in changed["steps"]} == {
        "raw.orders": "same",
        "mart.shops": "breaking",
    }
    assert changed["steps"][0]["gone_columns"] == ["amount"]
    removed = ana.post("/pipelines?dry_run=true", {**DOCUMENT, "steps": []}).json()
    assert {one["dataset"]: one["change"] for one in removed["steps"]} == {
        "raw.orders": "same",
        "mart.shops": "removed",
    }
    same = ana.post("/pipelines?dry_run=true", DOCUMENT).json()
    assert (same["unchanged"], same["revision"]) == (True, 1)


def test_a_revision_onto_what_was_read_is_taken(orders, ana):
    tag = ana.get("/pipelines/orders").headers["ETag"]
    answer = ana.put("/pipelines/orders?why=words", revised(), headers={"If-Match": tag})
    assert answer.status_code == 201
    assert answer.headers["ETag"] != tag
    assert Revision.objects.get(number=2).why == "words"


def test_a_revision_onto_what_is_no_longer_there_is_412(orders, ana):
    tag = ana.get("/pipelines/orders").headers["ETag"]
    assert ana.put("/pipelines/orders", revised()).status_code == 201
    refused(ana.put("/pipelines/orders", DOCUMENT, headers={"If-Match": tag}), 412, "outdated")
    refused(ana.put("/pipelines/orders", DOCUMENT, headers={"If-Match": '"9-0000000000000000"'}), 412, "outdated")
    assert ana.put("/pipelines/orders", DOCUMENT, headers={"If-Match": "*"}).status_code == 201


def test_if_match_on_nothing_is_412(ana):
    refused(ana.put("/pipelines/orders", DOCUMENT, headers={"If-Match": "*"}), 412, "outdated")


def test_every_fault_of_a_definition_is_told_with_its_place(ana):
    step = {"dataset": "mart.shops", "sql": "SELECT shop, nothing FROM raw.orders"}
    problem = refused(ana.post("/pipelines", {**DOCUMENT, "steps": [step], "extra": 1}), 422, "definition_invalid")
    assert any("extra" in one["path"] for one in problem["problems"])
    problem = refused(ana.post("/pipelines", {**DOCUMENT, "steps": [step]}), 422, "definition_invalid")
    fault = problem["problems"][0]
    assert fault["path"] == "steps[0].sql"
    assert (fault["line"], fault["column"]) == (1, 14)


def test_a_fault_in_yaml_is_told_with_its_line(ana):
    problem = refused(ana.text("/pipelines", "pipeline: a\n  b: [", kind="application/yaml"), 422, "definition_invalid")
    assert problem["problems"][0]["line"] == 2


def test_a_circle_is_named(orders, ana):
    step = {"dataset": "mart.a", "sql": "SELECT * FROM mart.b"}
    other = {"dataset": "mart.b", "sql": "SELECT * FROM mart.a"}
    problem = refused(ana.post("/pipelines", {**DOCUMENT, "steps": [step, other]}), 422, "definition_invalid")
    assert "mart.a" in problem["detail"]
    assert "mart.b" in problem["detail"]


@pytest.mark.parametrize("body", [[], [1], '"text"', "null"])
def test_what_is_no_mapping_is_no_definition(ana, body):
    refused(ana.put("/pipelines/orders", body), 422, "definition_invalid")


def test_a_definition_for_another_team_is_404_before_it_is_compiled(orders, eve, vic):
    wrong = {**DOCUMENT, "steps": [{"dataset": "mart.shops", "sql": "SELECT nothing FROM raw.orders"}]}
    refused(eve.post("/pipelines", wrong), 404, "not_found")
    refused(eve.post("/pipelines", {**wrong, "team": "others"}), 404, "not_found")
    refused(eve.post("/pipelines?dry_run=true", wrong), 404, "not_found")
    refused(vic.post("/pipelines", wrong), 403, "not_allowed")


def test_revisions_are_listed_newest_first_and_read_whole(orders, ana):
    ana.put("/pipelines/orders", revised())
    numbers = [one["number"] for one in ana.get("/pipelines/orders/revisions").json()["results"]]
    assert numbers == [2, 1]
    assert "description" not in ana.get("/pipelines/orders/revisions/1").json()["document"]
    refused(ana.get("/pipelines/orders/revisions/3"), 404, "not_found")


def test_a_run_is_asked_for_once_per_key(orders, ana):
    first = ana.post("/pipelines/orders/run", {"period": "2013-01-05"}, headers={"Idempotency-Key": "k1"})
    again = ana.post("/pipelines/orders/run", {"period": "2013-01-05"}, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert Run.objects.count() == 1
    other = ana.post("/pipelines/orders/run", {"period": "2013-01-06"}, headers={"Idempotency-Key": "k1"})
    refused(other, 422, "idempotency_key_reused")


@pytest.mark.parametrize("period", ["2013", "2013-13-01", "today", "2013-01-05T05"])
def test_a_period_the_pipeline_has_not_is_refused(orders, ana, period):
    refused(ana.post("/pipelines/orders/run", {"period": period}), 422, "period_invalid")


def test_a_paused_pipeline_keeps_its_runs_until_it_goes_on(orders, ana):
    assert ana.post("/pipelines/orders/pause").json()["paused_at"]
    ana.post("/pipelines/orders/run", {"period": "2013-01-05"})
    assert Run.objects.get().state == "queued"
    assert ana.get("/pipelines", paused="true").json()["results"][0]["name"] == "orders"
    assert ana.post("/pipelines/orders/resume").json()["paused_at"] is None
    assert Run.objects.get().state != "queued"
