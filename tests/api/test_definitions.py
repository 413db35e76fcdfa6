"""Definitions as code through the API: planned, applied and exported, many at once."""

import pytest

from pipelines_app.models import Pipeline, Revision
from tests import road
from tests.api.callers import refused
from tests.api.conftest import ORDERS

pytestmark = pytest.mark.django_db
TOTALS = """
pipeline: totals
team: sales
steps:
  - dataset: mart.total
    sql: SELECT sum(amount) AS amount FROM mart.shops
"""
FILES = {"totals.yaml": TOTALS, "orders.yaml": ORDERS}
WITHOUT = {"orders.yaml": ORDERS.replace(", sum(amount) AS amount", "")}
SECRET = """
pipeline: secret
team: others
steps:
  - dataset: mart.secret
    sql: SELECT amount AS hidden_word FROM mart.shops
"""


def test_what_was_planned_is_applied_and_a_plan_then_finds_nothing_to_do(ana):
    planned = ana.post("/plan", {"files": FILES})
    assert planned.status_code == 200
    told = planned.json()
    assert planned.headers["ETag"] == f'"{told["state"]}"'
    assert {one["pipeline"]: one["revision"] for one in told["pipelines"]} == {"orders": 1, "totals": 1}
    assert not Pipeline.objects.exists()
    applied = ana.post("/apply", {"files": FILES, "why": "the first"}, headers={"If-Match": planned.headers["ETag"]})
    assert [one["pipeline"] for one in applied.json()["applied"]] == ["orders", "totals"]
    assert set(Revision.objects.values_list("why", flat=True)) == {"the first"}
    again = ana.post("/apply", {"files": FILES, "dry_run": True}).json()
    assert [one["unchanged"] for one in again["pipelines"]] == [True, True]
    exported = ana.get("/export").json()
    assert exported["next"] is None
    assert ana.post("/apply", exported | {"next": None}).status_code == 422
    assert ana.post("/apply", {"files": exported["files"]}).json() == {"applied": [], "templates": []}


def test_a_plan_against_an_older_state_is_412(ana):
    ana.post("/apply", {"files": FILES})
    body = {"files": WITHOUT}
    planned = ana.post("/plan", body)
    ana.post("/apply", {"files": {"totals.yaml": TOTALS.replace("sum(", "max(")}})
    refused(ana.post("/apply", body, headers={"If-Match": planned.headers["ETag"]}), 412, "outdated")
    assert Revision.objects.count() == 3


def test_a_reader_that_would_break_keeps_it_back_until_that_is_accepted(ana):
    ana.post("/apply", {"files": FILES})
    [orders] = ana.post("/plan", {"files": WITHOUT}).json()["pipelines"]
    assert orders["steps"][0]["readers"] == [
        {
            "dataset": "mart.total",
            "pipeline": "totals",
            "team": "sales",
            "through": "mart.shops",
            "columns": ["amount"],
            "breaks": ["amount"],
        }
    ]
    problem = refused(ana.post("/apply", {"files": WITHOUT}), 422, "definition_invalid")
    assert problem["problems"][0]["path"] == "orders.yaml: mart.shops"
    assert ana.post("/apply", {"files": WITHOUT, "accept_breaks": True}).status_code == 200


def test_readers_that_one_may_not_see_are_not_named(ana):
    ana.post("/apply", {"files": FILES})
    road.register_yaml(SECRET)
    Pipeline.objects.get(name="secret").datasets.update(restricted=True)
    answer = ana.post("/plan", {"files": WITHOUT})
    assert "secret" not in answer.content.decode()
    readers = answer.json()["pipelines"][0]["steps"][0]["readers"]
    assert [(reader["dataset"], reader["breaks"]) for reader in readers] == [
        ("", ["amount"]),
        ("mart.total", ["amount"]),
    ]
    problem = refused(ana.post("/apply", {"files": WITHOUT}), 422, "definition_invalid")
    assert "secret" not in str(problem)


def test_faults_name_file_line_and_place(ana):
    wrong = {"orders.yaml": ORDERS, "totals.yaml": TOTALS.replace("sum(amount)", "sum(amout)")}
    problem = refused(ana.post("/plan", {"files": wrong}), 422, "definition_invalid")
    [fault] = problem["problems"]
    assert (fault["path"], fault["suggestion"]) == ("totals.yaml:6: steps[0].sql", "amount")


@pytest.mark.parametrize(
    "body", [{}, {"files": {}}, {"files": []}, {"files": {"a.yaml": {}}}, {"files": {"a.yaml": ""}}, {"documents": []}]
)
def test_odd_bodies_are_refused(ana, body):
    assert ana.post("/plan", body).status_code == 422
    assert ana.post("/apply", body).status_code == 422


@pytest.mark.parametrize("odd", ['"a\\0b"', '"\\ud800"'])
def test_what_no_database_keeps_is_refused(ana, odd):
    body = {"files": {"a.yaml": ORDERS + f"description: {odd}\n"}}
    refused(ana.post("/apply", body), 422, "definition_invalid")


def test_editors_read_the_schema_without_a_token(client):
    answer = client.get("/api/v1/pipeline.schema.json")
    assert answer["Content-Type"] == "application/schema+json"
    assert "sources" in answer.json()["$defs"]["pipeline"]["properties"]


def test_only_who_writes_for_the_team_plans_for_it(orders, vic, eve):
    refused(vic.post("/plan", {"files": {"a.yaml": ORDERS}}), 403, "not_allowed")
    refused(eve.post("/plan", {"files": {"a.yaml": ORDERS}}), 404, "not_found")
    refused(eve.post("/apply", {"files": {"a.yaml": ORDERS.replace("sales", "others")}}), 404, "not_found")


def test_slips_in_a_query_do_nothing(ana):
    refused(ana.text("/pipelines?dryrun=true", ORDERS, kind="application/yaml"), 400, "unknown_parameter")
    refused(ana.put("/pipelines/orders?dry_run=on", ORDERS, kind="application/yaml"), 400, "unknown_parameter")
    refused(ana.get("/export?teams=sales"), 400, "unknown_parameter")
    refused(ana.post("/apply?dryrun=true", {"files": FILES}), 400, "unknown_parameter")
    assert ana.post("/apply?dry_run=true", {"files": FILES}).status_code == 200
    assert not Pipeline.objects.exists()


def test_half_a_character_in_the_body_itself_is_refused(ana):
    answer = ana.post("/plan", {"files": {"a.yaml": f"{ORDERS}# \ud800\n"}})
    refused(answer, 422, "invalid")
    assert "Surrogate characters are not allowed: U+D800" in str(answer.json())
