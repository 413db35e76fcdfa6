"""Doing again, filling in and acting on many at once, in the console: looked at before it is done."""

import pytest
from django.urls import reverse
from django.utils import timezone

from pipelines_app import events
from pipelines_app.facts import StepRetried, StepStarted
from pipelines_app.models import Backfill, BackfillState, Dataset, Event, Part, Pipeline, Run, RunState
from pipelines_app.runs import pausing
from pipelines_app.web import run_log, run_page
from pipelines_app.web.registering import steps_page
from pipelines_app.web.registering.forms import StepForm
from tests import factories, road
from tests.web import orders

pytestmark = pytest.mark.django_db
DAY, NEXT = "2013-02-08", "2013-02-09"


@pytest.fixture
def ana(client):
    """Ana, an editor of the team shop, signed in."""
    user = factories.make_user("ana", team=factories.make_team("shop"), role="editor")
    client.force_login(user)
    return user


def text(answer):
    return " ".join(answer.content.decode().split())


def failed(count=2):
    """Runs of which a step failed."""
    orders.register()
    owner, dataset = Pipeline.objects.get(name="orders"), Dataset.objects.get(name="mart.totals")
    runs = [factories.make_run(owner, state="failed", period=f"2013-02-{day + 1:02}") for day in range(count)]
    for run in runs:
        factories.make_step(run, dataset, state="failed")
    return runs


def test_a_run_is_done_again_from_a_step_and_both_runs_say_so(client, ana):
    orders.register()
    orders.send()
    run = Run.objects.get(pipeline__name="orders")
    address = reverse("console:run-again", args=[run.pk])
    assert address in text(client.get(reverse("console:run", args=[run.pk])))
    page = text(client.get(address, {"start_from": "mart.totals"}))
    assert "<dt>Makes</dt><dd>mart.totals<br></dd>" in page
    assert f"as run {run.pk} read or made it" in page
    assert Run.objects.filter(again_of=run).count() == 0
    assert client.post(address, {"start_from": "mart.totals", "revision": "latest"}).status_code == 302
    road.drain()
    again = Run.objects.get(again_of=run)
    assert again.state in {RunState.SUCCEEDED, RunState.WARNED}
    assert f'Done again by <a href="/runs/{again.pk}/">' in text(client.get(reverse("console:run", args=[run.pk])))
    shown = text(client.get(reverse("console:run", args=[again.pk])))
    assert f'Does <a href="/runs/{run.pk}/">run {run.pk}</a> again, from mart.totals on, with revision 1.' in shown


def test_attempts_and_checks_have_bars_of_their_own(client, ana):
    orders.register()
    orders.send()
    run = Run.objects.get(pipeline__name="orders")
    page = text(client.get(reverse("console:run", args=[run.pk])))
    assert "checks of mart.totals" in page
    assert "1 check, " in page
    step = run.steps.get(dataset__name="mart.totals")
    begun = Event.objects.get(kind="step.started", dataset="mart.totals")
    tried = StepRetried(run=run.pk, pipeline="orders", dataset="mart.totals", attempt=1, because="no room")
    events.record(tried, cause=begun)
    again = StepStarted(run=run.pk, pipeline="orders", dataset="mart.totals", owner="w", epoch=2, attempt=2)
    events.record(again, cause=begun)
    lines = run_log.lines_of(run, ana)
    (lane,) = [
        lane
        for lane in run_page.time_line(run, [step], run_log.attempts(lines), [], timezone.now()).lanes
        if lane.label == "mart.totals"
    ]
    assert [mark.tone for mark in lane.marks].count("bad") == 1


def test_the_form_of_a_step_says_how_long_it_may_take_and_when_it_is_tried_again():
    given = {"materialise": "table", "dataset": "mart.a", "sql": "SELECT 1", "timeout": "10m"}
    form = StepForm({**given, "attempts": "5", "retry_on": "memory, timeout"})
    assert form.is_valid()
    entry = steps_page._step(form, [{"dataset": "mart.a", "timeout": "1h", "retries": {"attempts": 2}}])
    assert (entry["timeout"], entry["retries"]) == ("10m", {"attempts": 5, "on": ["memory", "timeout"]})
    form = StepForm(given | {"timeout": ""})
    assert form.is_valid()
    assert "timeout" not in steps_page._step(form, [])
    assert "retries" not in steps_page._step(form, [])


def test_what_cannot_be_done_again_is_said_on_its_page(client, ana):
    run = factories.make_run(factories.make_pipeline("none", team=road.team("shop")), state="succeeded")
    assert "had not begun any step" in text(client.get(reverse("console:run-again", args=[run.pk])))
    answer = client.post(reverse("console:run-again", args=[run.pk]), follow=True)
    assert "had not begun any step" in text(answer)


def test_ticked_runs_are_shown_before_they_are_cancelled_and_only_those_shown_are(client, ana):
    pipeline = factories.make_pipeline("busy", team=road.team("shop"), paused_at=timezone.now())
    queued = [factories.make_run(pipeline, state="queued", period=f"2013-02-0{day}") for day in (1, 2)]
    other = factories.make_run(factories.make_pipeline("other"), state="queued")
    over = factories.make_run(pipeline, state="succeeded")
    address = reverse("console:runs-bulk")
    page = text(client.get(address, {"action": "cancel", "item": [queued[0].pk, other.pk, over.pk]}))
    assert "Cancel: 1 run<" in page
    assert "Your role in its team does not allow this." in page
    assert "there is nothing to stop" in page
    page = text(client.get(address, {"action": "cancel", "scope": "all", "state": "queued", "pipeline": "busy"}))
    assert "Cancel: 2 runs<" in page
    asked = "?action=cancel&scope=all&state=queued&pipeline=busy"
    answer = client.post(address + asked, {"action": "cancel", "item": [queued[0].pk]}, follow=True)
    assert "done for 1 run." in text(answer)
    states = [Run.objects.get(pk=run.pk).state for run in (*queued, other, over)]
    assert states[0] == RunState.CANCELLED
    assert RunState.CANCELLED not in states[1:]


@pytest.mark.parametrize(
    "query", [{}, {"action": "cancel"}, {"action": "explode", "item": ["1"]}, {"item": ["x", "9" * 30]}]
)
def test_nothing_ticked_leads_back_with_a_word(client, ana, query):
    answer = client.get(reverse("console:runs-bulk"), query, follow=True)
    assert "Tick the runs that are meant" in text(answer)


def test_failed_runs_are_run_again_together_once(client, ana):
    runs = failed()
    body = {"action": "rerun", "item": [run.pk for run in runs]}
    assert "Run again from what failed: 2 runs" in text(client.get(reverse("console:runs-bulk"), body))
    client.post(reverse("console:runs-bulk"), body)
    assert Run.objects.filter(again_of__isnull=False).count() == 2
    assert "2 needed nothing any more" in text(client.post(reverse("console:runs-bulk"), body, follow=True))


def test_pipelines_are_paused_together_and_a_viewer_gets_no_boxes(client, ana):
    for name in ("one", "two"):
        factories.make_pipeline(name, team=road.team("shop"))
    factories.make_pipeline("three")
    listed = text(client.get(reverse("console:pipelines")))
    assert listed.count('name="item"') == 2
    body = {"action": "pause", "item": ["one", "two", "three"]}
    assert "Pause: 2 pipelines" in text(client.get(reverse("console:pipelines-bulk"), body))
    client.post(reverse("console:pipelines-bulk"), body)
    assert set(Pipeline.objects.exclude(paused_at=None).values_list("name", flat=True)) == {"one", "two"}
    client.force_login(factories.make_user("vic", team=road.team("shop")))
    assert 'name="item"' not in text(client.get(reverse("console:pipelines")))


def test_a_backfill_is_looked_at_begun_and_told_period_by_period(client, ana):
    orders.register()
    orders.send()
    orders.send(day=NEXT)
    Part.objects.live().filter(dataset__name="mart.totals", period=DAY).update(until=0)
    address = reverse("console:backfill-new", args=["orders"])
    assert address in text(client.get(reverse("console:pipeline", args=["orders"])))
    asked = {"first": DAY, "last": "2013-02-10", "mode": "missing"}
    page = text(client.get(address, asked))
    assert "1 of these periods would run" in page
    assert "missing: mart.totals" in page
    assert "raw.orders of 2013-02-10 has not come" in page
    assert "more than 4,000 periods" in text(client.get(address, {**asked, "first": "1913-02-01"}))
    assert not Backfill.objects.exists()
    answer = client.post(address, asked, follow=True)
    backfill = Backfill.objects.get()
    assert answer.redirect_chain == [(reverse("console:backfill", args=[backfill.pk]), 302)]
    road.drain()
    shown = text(client.get(reverse("console:backfill", args=[backfill.pk])))
    assert "1 of 1 done" in shown
    assert "report" in shown
    assert "1 of 1" in text(client.get(reverse("console:backfills")))
    again = client.post(address, asked, follow=True)
    assert "Nothing of orders has to be made" in text(again)


def test_a_backfill_is_paused_resumed_and_cancelled_by_the_teams_editors(client, ana):
    source = "pipeline: slow\nteam: shop\nsources: {raw.slow: {format: csv, columns: {k: INTEGER}}}"
    slow = road.register_yaml(source).pipeline
    pausing.pause(slow, actor="user:ana")
    backfill = factories.make_backfill(slow, DAY, NEXT)

    def state(name):
        client.post(reverse(f"console:backfill-{name}", args=[backfill.pk]))
        return Backfill.objects.get().state

    assert state("pause") == BackfillState.PAUSED
    assert "nothing further begins" in text(client.get(reverse("console:backfill", args=[backfill.pk])))
    assert state("resume") == BackfillState.RUNNING
    assert state("cancel") == BackfillState.CANCELLED
    client.force_login(factories.make_user("eve"))
    assert client.post(reverse("console:backfill-resume", args=[backfill.pk])).status_code == 404


@pytest.mark.parametrize("rows", [1, 12])
def test_the_pages_take_the_same_number_of_queries_for_any_number_of_rows(client, ana, rows, django_assert_num_queries):
    pipeline = factories.make_pipeline("wide", team=road.team("shop"))
    backfill = factories.make_backfill(pipeline, *[f"2013-02-{day + 1:02}" for day in range(rows)])
    for one in range(rows):
        factories.make_backfill(pipeline, DAY, state="done")
        factories.make_run(factories.make_pipeline(f"reader-{one}"), state="succeeded", backfill=backfill)
    with django_assert_num_queries(5):
        client.get(reverse("console:backfills"))
    with django_assert_num_queries(9):
        client.get(reverse("console:backfill", args=[backfill.pk]))


def test_empty_lists_say_what_to_do(client, ana):
    assert "Nothing was backfilled yet" in text(client.get(reverse("console:backfills")))
    assert "No backfill of this pipeline" in text(client.get(reverse("console:backfills"), {"pipeline": "x"}))
