"""Why something ran, what came of it, what became of events, and why something has not run yet, in the console."""

import pytest
from django.test import Client
from django.urls import reverse

from pipelines_app.models import DatasetVersion, Event, Role, Run, Waiting
from tests import factories, road

pytestmark = pytest.mark.django_db
UP = """
pipeline: up
team: ops-analytics
sources:
  raw.a: {format: csv, columns: {k: INTEGER}, period: day, from: "a_{period}.csv"}
  raw.b: {format: csv, columns: {k: INTEGER}, period: day, from: "b_{period}.csv"}
"""
DOWN = """
pipeline: down
team: ops-analytics
steps:
  - dataset: mart.sum
    sql: SELECT k FROM raw.a UNION ALL SELECT k FROM raw.b
    materialise: {kind: incremental, by: period}
start: {when: all, not_before: "06:00", at_latest: "09:00", then: partial, timezone: Europe/Zurich}
"""


@pytest.fixture
def ana() -> Client:
    client = Client()
    client.force_login(factories.make_user("ana", team=road.team(), role=Role.EDITOR))
    return client


@pytest.fixture
def partial() -> Run:
    """A run that went on without one of its inputs, for the time had passed."""
    road.register_yaml(UP)
    road.register_yaml(DOWN)
    road.send("raw.a", b"k\n1\n", name="a_2013-01-05.csv", sender="user:ana")
    road.drain()
    return Run.objects.get(pipeline__name="down")


def test_a_run_tells_its_chain_to_the_file_that_began_it_and_as_a_part_of_another_page(partial, ana) -> None:
    address = reverse("console:run-why", args=[partial.pk])
    page = ana.get(address).content.decode()
    for words in ("It ran because ", "raw.a", "a_2013-01-05.csv was uploaded", ", by ana", "mart.sum"):
        assert words in page
    part = ana.get(address, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"]


def test_a_version_and_an_event_tell_theirs(partial, ana) -> None:
    version = DatasetVersion.objects.get(dataset__name="mart.sum")
    page = ana.get(reverse("console:version-why", args=[version.pk])).content.decode()
    assert f"run {partial.pk}" in page
    assert "because" in page
    began = Event.objects.get(kind="arrival.accepted")
    page = ana.get(reverse("console:event-why", args=[began.pk])).content.decode()
    assert f"run {partial.pk}" in page


def test_a_partial_run_is_marked_with_an_icon_and_a_word_wherever_it_is_shown(partial, ana) -> None:
    page = ana.get(reverse("console:run", args=[partial.pk])).content.decode()
    assert "It went on without raw.b of 2013-01-05" in page
    assert "Partial" in page
    version = DatasetVersion.objects.get(dataset__name="mart.sum")
    assert "Partial" in ana.get(reverse("console:version", args=[version.pk])).content.decode()
    assert "Partial" in ana.get(reverse("console:dataset", args=["mart.sum"])).content.decode()


def test_a_pipeline_shows_what_it_waits_for_with_ticks(partial, ana, django_assert_num_queries) -> None:
    address = reverse("console:pipeline", args=["down"])
    page = ana.get(address).content.decode()
    assert "Why not yet" in page
    assert page.count("Not yet:</span> raw.b") == 1
    assert page.count("Holds:</span> raw.a") == 1
    with django_assert_num_queries(23):
        ana.get(address)
    for day in range(10, 28):
        road.send("raw.a", b"k\n1\n", name=f"a_2931-01-{day}.csv")
    road.drain()
    assert Waiting.objects.open().count() == 19
    with django_assert_num_queries(23):
        page = ana.get(address).content.decode()
    assert "it runs with what is there" in page


def test_events_are_found_by_what_became_of_them(partial, ana) -> None:
    road.send("raw.b", b"k\n1\n", name="b_2931-01-05.csv")
    road.drain()
    page = ana.get(reverse("console:events"), {"disposition": "waiting"}).content.decode()
    assert "down waits for raw.a of 2931-01-05" in page
    assert "a_2013-01-05.csv was uploaded" not in page
    page = ana.get(reverse("console:events"), {"disposition": "no such"}).content.decode()
    assert "No event matches" in page
