"""A pipeline that all may see reads a dataset that its team keeps to itself: nobody else learns what that is called."""

import io
import zipfile

import pytest
from django.test import Client

from pipelines_app.access import discretion
from pipelines_app.models import AuditEntry, Dataset, Pipeline, Run
from tests import factories, road
from tests.api.callers import Caller, refused

HUSH = frozenset({"mart.hush", "raw.other"})
PAY = """
pipeline: pay
team: people
sources:
  raw.pay: {format: csv, columns: {name: VARCHAR, pay: DOUBLE}}
steps:
  - dataset: mart.hush_pay
    sql: SELECT name, pay FROM raw.pay
"""
TOTALS = """
pipeline: totals
team: people
steps:
  - dataset: mart.totals
    sql: SELECT count(*) AS people FROM "mart" . "HUSH_pay" AS p
    checks: [{row_count_between: {min: 1, max: 10}}]
"""


@pytest.mark.parametrize(
    ("told", "speaks"),
    [
        ("SELECT * FROM mart.hush", True),
        ("SELECT mart.hush.pay FROM x", True),
        ('SELECT * FROM "mart"."hush"', True),
        ("SELECT * FROM MART . Hush", True),
        ("SELECT * FROM mart/* a */./* b */hush", True),
        ("SELECT * FROM mart. -- why\n hush", True),
        ("-- not mart.hush\nSELECT 1", True),
        ("SELECT * FROM lake.mart.hush", True),
        ({"steps": [{"sql": "SELECT 1\nFROM\nmart.hush"}]}, True),
        ({"sources": {"raw.other": {"format": "csv"}}}, True),
        ("SELECT * FROM mart.hush_money", False),
        ("SELECT mart, hush FROM smart.hush", False),
        ({"steps": [{"dataset": "mart.open"}]}, False),
    ],
)
def test_a_name_is_found_however_it_is_written(told, speaks):
    assert discretion.speaks_of(told, HUSH) is speaks
    assert not discretion.speaks_of(told, frozenset())


@pytest.fixture
def totals(db):
    """Two pipelines of a team: one restricted with what it makes, and one for all that reads from it."""
    road.team("people")
    road.register_yaml(PAY)
    road.register_yaml(TOTALS)
    road.register_yaml(TOTALS.replace("AS people", "AS staff"))
    road.send("raw.pay", b"name,pay\nann,1\n")
    road.drain()
    ada = Caller(factories.make_user("ada", team=road.team("people"), role="admin"))
    assert ada.put("/pipelines/pay/access", {"restricted": True}).json() == {"name": "pay", "restricted": True}
    Run.objects.filter(pipeline__name="totals").update(reason="mart.hush_pay: is not there; it waits")
    return Pipeline.objects.get(name="totals")


PAGES = (
    "/pipelines/",
    "/pipelines/?format=csv",
    "/pipelines/totals/",
    "/pipelines/totals/revisions/1/",
    "/pipelines/totals/revisions/2/",
    "/pipelines/totals/compare/?from=1&to=2",
    "/runs/",
    "/runs/?format=csv",
)
CALLS = ("/pipelines", "/pipelines/totals", "/pipelines/totals/revisions/1", "/export", "/runs", "/runs/{run}")


def test_who_is_not_in_the_team_reads_its_name_on_no_page_and_in_no_answer(totals):
    user = factories.make_user("eve", team=factories.make_team("others"), role="admin")
    browser, caller = Client(), Caller(user)
    browser.force_login(user)
    run = Run.objects.filter(pipeline=totals).latest("id").pk
    for address in PAGES:
        text = b"".join(answer) if (answer := browser.get(address)).streaming else answer.content
        assert answer.status_code == 200, address
        assert b"totals" in text
        assert b"hush_pay" not in text.lower(), address
    for address in CALLS:
        answer = caller.get(address.format(run=run))
        assert answer.status_code == 200, address
        assert b"hush_pay" not in answer.content.lower(), address
    with zipfile.ZipFile(io.BytesIO(browser.get("/definitions.zip").content)) as packed:
        assert packed.namelist() == []
    assert "only the team people reads it" in browser.get("/pipelines/totals/").content.decode()
    refused(caller.put("/pipelines/pay/access", {"restricted": False}), 404, "not_found")
    refused(caller.put("/datasets/mart.totals/access", {"restricted": True}), 404, "not_found")


def test_the_team_itself_reads_all_of_it(totals):
    user = factories.make_user("vic", team=road.team("people"), role="viewer")
    browser, caller = Client(), Caller(user)
    browser.force_login(user)
    for address in ("/pipelines/totals/", "/pipelines/totals/revisions/1/", "/pipelines/totals/compare/?from=1&to=2"):
        assert b"HUSH_pay" in browser.get(address).content, address
    assert "HUSH_pay" in str(caller.get("/pipelines/totals").json()["document"])
    assert "pay.yaml" in caller.get("/export").json()["files"]
    refused(caller.put("/pipelines/pay/access", {"restricted": False}), 403, "not_allowed")


def test_an_admin_restricts_and_opens_in_the_console_and_each_is_written_down_once(totals, client):
    client.force_login(factories.make_user("amy", team=road.team("people"), role="admin"))
    assert b"Restrict it to the team" in client.get("/pipelines/totals/").content
    for wanted in ("1", "1", "0"):
        assert client.post("/datasets/mart.totals/access", {"restricted": wanted}).status_code == 302
    done = AuditEntry.objects.filter(subject="mart.totals").order_by("pk").values_list("action", "actor", "change")
    assert list(done) == [
        ("dataset.restricted", "user:amy", {"before": False, "after": True}),
        ("dataset.opened", "user:amy", {"before": True, "after": False}),
    ]
    assert client.post("/pipelines/pay/access", {"restricted": "0"}).status_code == 302
    assert not Dataset.objects.filter(restricted=True).exists()
    assert b"Restrict it to the team" in client.get("/datasets/mart.hush_pay?tab=use").content
