"""Editing loses nothing: a definition that goes through every page untouched comes out as it went in."""

import pytest

from pipelines_app.compiler import documents
from pipelines_app.definitions import drafts
from pipelines_app.models import Pipeline, Role, Team
from tests import road
from tests.definitions.test_plans import ORDERS, TOTALS, WITHOUT
from tests.factories import make_user
from tests.road import drain, register_sample, send_flights
from tests.web.registering import Filling, words

pytestmark = pytest.mark.django_db
NAMES = ["reference", "flights-daily", "weather-hourly", "delays-and-weather"]
EVERYTHING = """
pipeline: everything
team: ops-analytics
description: One of each.
parameters:
  carriers: {type: "list[enum]", of: [AA, UA], default: [UA], description: Whose}
  least: {type: decimal, default: 1.5, min: 0, max: 10}
  since: {type: date, default: "2013-01-01", min: "2012-01-01"}
  word: {type: string, default: x, pattern: "[a-z]+", max_length: 5}
  exact: {type: boolean, default: false}
values: {exact: true}
sources:
  raw.everything:
    format: csv
    columns: {Id: BIGINT, "a b": "DECIMAL(9,4)", at: TIMESTAMPTZ}
    period: hour
    from: e_{period}.csv
    mode: append
    delimiter: ";"
    quote: ""
    header: false
    "null": []
    encoding: latin-1
    tolerance: {count: 3, share: 0.25}
    arrival: {by: "06:30", timezone: Europe/Zurich, days_after: 0, first: "2013-01-01T00"}
    checks:
      - not_null: {columns: [Id, at], severity: warn}
      - freshness_within: {column: at, within: 24h}
      - row_count_between: {min: 1}
      - custom_sql: {name: no_twins, sql: SELECT 1 AS one FROM raw.everything WHERE Id < 0}
      - columns_match: {columns: [Id, a b, at], ordered: true}
      - between: {column: Id, max: 9, where: Id > 3, tolerance: 2, name: small}
steps:
  - dataset: mart.all
    sql: SELECT Id AS id FROM raw.everything WHERE $exact AND Id > $least AND at > $since AND $word IN ($carriers)
    engines:
      postgres: {sql: SELECT Id AS id FROM raw.everything WHERE $exact AND Id > $least}
      spark: {sql: SELECT Id AS id FROM raw.everything WHERE $exact AND Id >= $least}
start: {when: all}
alerts: {emails: [a@example.com, b@example.com], slack: false}
"""


@pytest.fixture
def analyst(client):
    register_sample()
    user = make_user(team=Team.objects.get(name="ops-analytics"), role=Role.EDITOR)
    client.force_login(user)
    return user


@pytest.mark.parametrize("name", NAMES)
def test_a_pipeline_of_the_sample_survives_every_page(client, analyst, name):
    pipeline = Pipeline.objects.select_related("current").get(name=name)
    filling = Filling(client, drafts.edit(pipeline, analyst))
    for page in ("source", "look", "steps", "checks", "when"):
        assert filling.send(page).status_code == 302, page
    assert "Nothing differs." in words(filling.open("review"))
    filling.client.post(filling.url("review"), {})
    pipeline.refresh_from_db()
    assert pipeline.current.number == 1


def test_a_definition_with_one_of_each_survives_every_page(client, analyst):
    document = documents.from_yaml(EVERYTHING)
    before = documents.dump(documents.parse(document))
    filling = Filling(client, drafts.begin(analyst, document))
    for page in ("source", "look", "steps", "checks", "when"):
        assert filling.send(page).status_code == 302, page
    assert documents.dump(documents.parse(filling.draft.document)) == before


def test_steps_of_an_edited_pipeline_are_tried_on_what_is_published(client, analyst):
    send_flights("2013-01-05")
    drain()
    pipeline = Pipeline.objects.select_related("current").get(name="flights-daily")
    filling = Filling(client, drafts.edit(pipeline, analyst))
    dry = words(client.post(filling.url("review"), {"dry": "1"}))
    assert "no sample: its current version" in dry
    assert "mart.daily_operations" in dry


def test_the_review_of_an_edit_says_whom_it_reaches(client):
    road.register_yaml(ORDERS)
    road.register_yaml(TOTALS)
    ana = make_user(team=Team.objects.get(name="shop"), role=Role.EDITOR)
    client.force_login(ana)
    filling = Filling(client, drafts.edit(Pipeline.objects.select_related("current").get(name="orders"), ana))
    assert "No dataset is made otherwise." in words(filling.open("review"))
    drafts.change(filling.draft, lambda _: documents.from_yaml(WITHOUT))
    shown = words(filling.open("review"))
    assert "amount: gone, or of another type" in shown
    assert "mart.totals" in shown
    assert "it uses amount" in shown
