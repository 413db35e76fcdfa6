"""A run that finds nothing to do says so: it is over and well, and has made nothing."""

import pytest
from django.urls import reverse

from pipelines_app.models import Pipeline, Run, RunState
from pipelines_app.runs import ending, queue, standing
from tests import factories, road

pytestmark = pytest.mark.django_db
ORDERS = """
pipeline: orders
team: sales
sources:
  raw.orders: {format: csv, columns: {id: BIGINT}}
steps:
  - {dataset: mart.orders, sql: SELECT id + 1 AS id FROM raw.orders}
"""


@pytest.fixture
def ana(client):
    user = factories.make_user("ana", team=road.team("sales"), role="editor")
    client.force_login(user)
    return user


@pytest.fixture
def orders(ana):
    return road.register_yaml(ORDERS).pipeline


def ask(pipeline):
    queue.request(Pipeline.objects.get(pk=pipeline.pk), period="", actor="user:ana")
    road.drain()
    return Run.objects.latest("id")


def page(client, run):
    return client.get(reverse("console:run", args=[run.pk])).content.decode()


def test_a_run_for_which_nothing_has_come_says_that_it_waits_for_data(orders, client):
    run = ask(orders)
    assert (run.state, run.idle, run.reason) == (RunState.SUCCEEDED, True, ending.NOTHING)
    assert "Nothing to do" in page(client, run)
    assert standing.standings([orders])[0].state == "idle"


def test_a_run_that_finds_all_of_it_made_says_so_and_changes_nothing_of_how_the_pipeline_stands(orders, client):
    road.send("raw.orders", b"id\n1\n")
    road.drain()
    made = Run.objects.get()
    again = ask(orders)
    assert (made.idle, again.idle) == (False, True)
    assert again.reason == ending.THERE
    shown = page(client, again)
    assert "Nothing to do" in shown
    assert '<span class="word">Succeeded</span>' not in shown.partition("</h1>")[2].partition("</div>")[0]
    stands = standing.standings([orders])[0]
    assert stands.state == "succeeded"
    assert [run.state for run in stands.runs] == ["succeeded", "idle"]
    assert stands.usual == standing.seconds_of(made)


def test_runs_with_nothing_to_do_are_a_filter_of_their_own(orders, client):
    road.send("raw.orders", b"id\n1\n")
    road.drain()
    made, idle = Run.objects.get(), ask(orders)
    listed = {
        state: [run.pk for run in client.get(reverse("console:runs"), {"state": state}).context["page"].rows]
        for state in ("idle", "succeeded", "")
    }
    assert listed == {"idle": [idle.pk], "succeeded": [made.pk], "": [idle.pk, made.pk]}
