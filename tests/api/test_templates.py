"""Templates through the API: registered, filled, rolled out, and filled many at once."""

import pytest

from pipelines_app.compiler import documents
from pipelines_app.models import Pipeline, TemplateRevision
from tests import road
from tests.api.callers import refused
from tests.api.conftest import ORDERS

pytestmark = pytest.mark.django_db
SUMMED = """
template: summed
team: sales
parameters:
  name: {type: string, pattern: "[a-z][a-z0-9_]*", example: sums}
  by: {type: column, of: [shop], default: shop}
  least: {type: integer, default: 0, min: 0}
steps:
  - dataset: mart.${name}
    sql: SELECT $by AS key, sum(amount) AS total FROM mart.shops WHERE amount >= $least GROUP BY $by
"""
COUNTING = SUMMED.replace("AS total", "AS total, count(*) AS n")
TABLE = "pipeline,name,least\nnorth,north_sums,\nsouth,south_sums,5\n"


def template(text=SUMMED):
    return documents.from_yaml(text)


@pytest.fixture
def registered(ana):
    road.register_yaml(ORDERS)
    assert ana.post("/templates", template()).status_code == 201


def test_a_template_is_registered_read_revised_and_refused_when_it_was_read_before(ana, vic):
    planned = ana.post("/templates?dry_run=true", template()).json()
    assert [(one["template"], one["was"], one["revision"]) for one in planned["templates"]] == [("summed", 0, 1)]
    made = ana.post("/templates?why=first", template())
    assert (made.status_code, made.json()["revision"]) == (201, 1)
    assert ana.post("/templates", template()).status_code == 200
    read = vic.get("/templates/summed")
    assert read.json()["document"] == template()
    again = ana.put("/templates/summed", template(COUNTING), headers={"If-Match": read.headers["ETag"]})
    assert (again.status_code, again.json()["revision"]) == (201, 2)
    refused(ana.put("/templates/summed", template(), headers={"If-Match": read.headers["ETag"]}), 412, "outdated")
    refused(ana.put("/templates/other", template()), 422, "definition_invalid")
    told = [(one["number"], one["why"]) for one in vic.get("/templates/summed/revisions").json()["results"]]
    assert told == [(2, ""), (1, "first")]
    assert vic.get("/templates/summed/revisions/1").json()["document"] == template()
    assert {one["name"] for one in vic.get("/templates").json()["results"]} > {"summed", "deduplicate"}


def test_whoever_only_reads_or_is_of_another_team_registers_none(vic, eve):
    refused(vic.post("/templates", template()), 403, "not_allowed")
    refused(eve.post("/templates", template()), 404, "not_found")
    assert not TemplateRevision.objects.filter(template__name="summed").exists()


def test_faults_name_their_place(ana):
    problem = refused(ana.post("/templates", template(SUMMED.replace("$least ", "$leest "))), 422, "definition_invalid")
    [fault] = problem["problems"]
    assert (fault["path"], fault["suggestion"]) == ("steps[0].sql", "")
    assert "did you mean least?" in fault["message"]


def test_values_are_expanded_without_a_trace(ana, registered):
    asked = {"pipeline": "north", "team": "sales", "values": {"name": "north_sums", "least": 3}}
    told = ana.post("/templates/summed/expand", asked).json()
    assert (told["revision"], told["document"]["steps"][0]["dataset"]) == (1, "mart.north_sums")
    assert documents.from_yaml(told["yaml"]) == told["document"]
    problem = refused(ana.post("/templates/summed/expand", asked | {"values": {}}), 422, "definition_invalid")
    assert problem["problems"][0]["path"] == "template.values.name"
    assert not Pipeline.objects.filter(name="north").exists()


def test_a_table_registers_many_and_a_revision_is_rolled_out_to_some(ana, vic, registered):
    body = {"csv": TABLE, "team": "sales"}
    planned = ana.post("/templates/summed/pipelines", body | {"dry_run": True})
    assert [one["pipeline"] for one in planned.json()["pipelines"]] == ["north", "south"]
    state = {"If-Match": planned.headers["ETag"]}
    made = ana.post("/templates/summed/pipelines", body, headers=state).json()
    assert [one["pipeline"] for one in made["applied"]] == ["north", "south"]
    refused(ana.post("/templates/summed/pipelines", body, headers=state), 412, "outdated")
    told = vic.get("/templates/summed/pipelines").json()["results"]
    assert [(one["pipeline"], one["template_revision"], one["values"]) for one in told] == [
        ("south", 1, {"name": "south_sums", "least": 5}),
        ("north", 1, {"name": "north_sums"}),
    ]
    assert ana.get("/pipelines/north").json()["document"]["template"]["values"] == {"name": "north_sums"}
    ana.put("/templates/summed", template(COUNTING))
    some = {"pipelines": ["south"]}
    planned = ana.post("/templates/summed/roll-out", some | {"dry_run": True})
    assert planned.json()["pipelines"][0]["steps"][0]["change"] == "additive"
    done = ana.post("/templates/summed/roll-out", some, headers={"If-Match": planned.headers["ETag"]}).json()
    assert [one["pipeline"] for one in done["applied"]] == ["south"]
    done = ana.post("/templates/summed/roll-out", {}).json()
    assert [one["pipeline"] for one in done["applied"]] == ["north"]
    refused(ana.post("/templates/summed/roll-out", {"pipelines": ["orders"]}), 404, "not_found")
    refused(vic.post("/templates/summed/roll-out", {}), 403, "not_allowed")


def test_a_fault_in_a_table_names_its_row_and_column_and_nothing_is_registered(ana, registered):
    body = {"csv": TABLE + "east,Bad Name,x\n", "team": "sales"}
    problem = refused(ana.post("/templates/summed/pipelines", body), 422, "definition_invalid")
    assert [one["path"] for one in problem["problems"]] == [
        "row 3: template.values.name",
        "row 3: template.values.least",
    ]
    assert Pipeline.objects.count() == 1


def test_what_is_got_can_be_put_again(ana, registered):
    ana.post("/templates/summed/pipelines", {"csv": TABLE, "team": "sales"})
    read = ana.get("/pipelines/south")
    again = ana.put("/pipelines/south", read.json()["document"], headers={"If-Match": read.headers["ETag"]})
    assert (again.status_code, again.json()["revision"]) == (200, 1)
    exported = ana.get("/export").json()["files"]
    assert "templates/summed.yaml" in exported
    assert ana.post("/apply", {"files": exported}).json() == {"applied": [], "templates": []}
