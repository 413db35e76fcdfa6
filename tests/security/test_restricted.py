"""What is restricted to a team is nowhere for the others: not in lists, counts, lineage, events, search or exports."""

import re

import pytest

from pipelines_app.models import Dataset, Draft, Event, Pipeline
from pipelines_app.runs import queue
from tests import road
from tests.security.crawling import crawl
from tests.security.world import HIDDEN_WORD

pytestmark = pytest.mark.django_db
API = "/api/v1"
LISTS = ("pipelines", "datasets", "slots", "runs", "events", "checks", "alerts", "notifications", "deliveries", "teams")
EXPORTS = ("/arrivals?format=csv", "/arrivals?show=expected&format=csv", "/events/?format=csv", "/runs/?format=csv")
FORMS = (("TOTAL_FORMS", "1"), ("INITIAL_FORMS", "0"))
MORE = ("/datasets?format=csv", "/pipelines/?format=csv", "/audit?format=csv", "/arrivals?show=expected")
RANDOM = re.compile(r"\b[A-Za-z0-9]{64}\b")  # tokens against forgery: once in a while one of them spells the word


@pytest.fixture
def _django_db_helper():
    """The world is one transaction for all tests here: none of their own."""


def leaks(visited):
    found = []
    for page in visited:
        text = RANDOM.sub("", page.text)
        place = text.lower().find(HIDDEN_WORD)
        if place >= 0:
            found.append(f"{page.address}: …{' '.join(text[max(0, place - 120) : place + 60].split())}…")
    return found


def test_another_team_finds_no_trace_in_the_console(world):
    visited = crawl(world.clients["other"], "/", *EXPORTS, *MORE)
    assert len(visited) > 60
    assert not leaks(visited), "\n".join(leaks(visited))


def test_another_team_finds_no_trace_in_the_api(world):
    ids, client = world.open.ids, world.clients["other"]
    below = [f"/pipelines/orders{rest}" for rest in ("", "/revisions", "/revisions/1")]
    below += [f"/datasets/{name}{rest}" for name in ("raw.orders", "mart.shops") for rest in ("", "/versions", "/rows")]
    below += [f"/lineage?of={name}&depth=20" for name in ("raw.orders", "mart.shops")]
    below += [f"/arrivals/{ids['arrival']}", f"/versions/{ids['version']}", f"/alerts/{ids['alert']}"]
    for event in client.get(f"{API}/events?limit=100").json()["results"]:
        below.append(f"/events/{event['id']}")
    for run in client.get(f"{API}/runs").json()["results"]:
        below += [f"/runs/{run['id']}", f"/runs/{run['id']}/events"]
    visited = crawl(client, *(f"{API}/{name}" for name in LISTS), *(API + rest for rest in below))
    assert not leaks(visited), "\n".join(leaks(visited))


def test_the_team_itself_finds_it_everywhere(world):
    visited = crawl(world.clients["editor"], "/")
    assert len(leaks(visited)) > 40


def test_a_draft_in_the_name_of_another_team_shows_nothing_that_team_keeps_to_itself(world):
    said, tables = tried(world.clients["editor"])
    assert "hush-ann" in said["preview"]
    assert "mart.hush_pay" in tables
    said, tables = tried(world.clients["other"])
    assert "there is no dataset mart.hush_pay" in said["check-sql"]
    assert (said["preview"], "mart.shops" in tables, "mart.hush_pay" in tables) == ("", False, False)


def tried(client):
    """What the form answers to a step over a restricted table, in a draft for the team that owns it."""
    client.post("/register/", {"team": "people"})
    address = f"/register/{Draft.objects.latest('pk').pk}"
    step = {"dataset": "mart.mine", "sql": "SELECT * FROM mart.hush_pay", "materialise": "table"}
    sent = {f"steps-0-{name}": value for name, value in step.items()}
    sent |= {"field": "steps-0-sql"} | {
        f"{form}-{key}": count for form in ("steps", "parameters") for key, count in FORMS
    }
    said = {what: client.post(f"{address}/{what}", sent).content.decode() for what in ("check-sql", "preview")}
    return said, [table["name"] for table in client.get(f"{address}/schema").json()["tables"]]


def test_a_dataset_that_no_pipeline_makes_any_more_is_not_taken_over_by_another_team(world):
    Dataset.objects.filter(name="mart.hush_pay").update(pipeline=None)
    text = "pipeline: mine\nteam: others\nsteps:\n  - {dataset: mart.hush_pay, sql: SELECT 1 AS one}\n"
    answer = world.clients["other"].post(f"{API}/pipelines", text, content_type="application/yaml")
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert Dataset.objects.get(name="mart.hush_pay").team.name == "people"


def test_a_dataset_restricted_after_others_read_it_is_read_by_them_no_more(world):
    road.register_yaml(
        "pipeline: mine\nteam: others\nsteps:\n  - {dataset: mart.mine, sql: SELECT * FROM mart.shops}\n"
    )
    Dataset.objects.filter(name="mart.shops").update(restricted=True)
    run = queue.request(Pipeline.objects.get(name="mine"), period="", actor="user:test")
    road.drain()
    assert not run.inputs.exists()
    assert not Dataset.objects.get(name="mart.mine").versions.exists()
    assert Event.objects.get(run=run.pk, kind="step.held").body["missing"] == ["mart.shops"]


def test_a_dataset_restricted_after_others_checked_against_it_is_looked_at_by_them_no_more(world):
    definition = """
pipeline: checking
team: others
sources:
  raw.mine:
    format: csv
    columns: {shop: VARCHAR}
    checks: [{references: {column: shop, dataset: mart.shops, to: shop}}]
steps:
  - {dataset: mart.checked, sql: SELECT shop FROM raw.mine}
"""
    Dataset.objects.filter(name="mart.shops").update(restricted=False)
    road.register_yaml(definition)
    Dataset.objects.filter(name="mart.shops").update(restricted=True)
    road.send("raw.mine", b"shop\nnorth\n", name="mine.csv")
    road.drain()
    assert not Dataset.objects.get(name="raw.mine").versions.exists()
    assert Event.objects.get(dataset="raw.mine", kind="step.held").body["missing"] == ["mart.shops"]
    answer = world.clients["other"].put(f"{API}/pipelines/checking", definition, content_type="application/yaml")
    assert answer.status_code == 422
    assert "there is no dataset mart.shops" in answer.content.decode()
