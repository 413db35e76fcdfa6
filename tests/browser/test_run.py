"""A run goes through before one's eyes: no reload, alerts appear, polling ends, and its log can be pointed at."""

import pytest
from django.urls import reverse
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from pipelines_app import events
from pipelines_app.models import Delivery, Event, Run, StepRun
from pipelines_app.runs import execution
from tests import road
from tests.browser import operating
from tests.web import orders

pytestmark = pytest.mark.django_db(transaction=True)


def deliver():
    for pk in Delivery.objects.filter(state="pending").order_by("id").values_list("pk", flat=True):
        events.deliver(pk)


def test_a_run_goes_through_without_a_reload_and_polling_ends_with_it(page, context, live_server):
    operating.sign_in(context, live_server)
    orders.register()
    road.send("raw.orders", orders.BROKEN, name="orders_2013-02-08.csv", sender="user:ana")
    deliver()
    run = Run.objects.get()
    page.goto(live_server.url + reverse("console:run", args=[run.pk]))
    expect(page.locator(".head .state")).to_have_text("Running")
    page.evaluate("window.stayed = true")
    execution.execute(StepRun.objects.get(run=run, state="ready").pk, "test")
    deliver()
    expect(page.locator(".head .state")).to_have_text("Quarantined", timeout=8000)
    expect(page.get_by_role("heading", name="raw.orders was quarantined")).to_be_visible()
    expect(page.locator(".run-alerts .message")).to_have_count(1, timeout=8000)
    assert page.evaluate("window.stayed") is True
    assert page.locator("#run").get_attribute("data-live-every") is None
    with pytest.raises(PlaywrightTimeout), page.expect_request("**/runs/**", timeout=3500):
        pass  # one and a half turns of polling, had it gone on


def test_a_line_of_the_log_has_an_address_of_its_own(page, context, live_server):
    operating.sign_in(context, live_server)
    operating.happen()
    run = Run.objects.get(state="quarantined")
    event = Event.objects.get(kind="data.quarantined")
    page.goto(live_server.url + reverse("console:run", args=[run.pk]) + f"?tab=log#event-{event.pk}")
    assert page.evaluate("document.querySelector(':target').id") == f"event-{event.pk}"
    page.get_by_label("Show").select_option("bad")
    page.wait_for_url("**level=bad**")
    expect(page.locator(".log li")).to_have_count(2)


def test_what_was_quarantined_is_run_again_with_one_click(page, context, live_server):
    operating.sign_in(context, live_server)
    operating.happen()
    run = Run.objects.get(state="quarantined")
    page.goto(live_server.url + reverse("console:run", args=[run.pk]))
    page.get_by_role("button", name="Run again").click()
    expect(page.locator("#messages")).to_contain_text("does it again")
    assert Run.objects.latest("id").pk != run.pk


def test_a_pipeline_is_paused_and_resumed_without_scripts(browser, live_server, context):
    operating.sign_in(context, live_server)
    orders.register()
    plain = browser.new_context(java_script_enabled=False, storage_state=context.storage_state())
    page = plain.new_page()
    page.goto(live_server.url + reverse("console:pipeline", args=["orders"]))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("What comes in is kept and waits;")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    plain.close()


def test_ticked_runs_lead_to_a_page_that_asks_and_then_run_again(page, context, live_server):
    operating.sign_in(context, live_server)
    operating.happen()
    run = Run.objects.get(state="quarantined")
    page.goto(f"{live_server.url}{reverse('console:runs')}?state=wrong")
    page.get_by_label(f"Run {run.pk}", exact=True).check()
    page.get_by_label("What to do").select_option("retry")
    page.get_by_role("button", name="With those ticked…").click()
    page.get_by_role("heading", name="Run again with what is there now: 1 run").wait_for()
    page.get_by_role("button", name="Run again with what is there now").click()
    page.get_by_text("done for 1 run.").wait_for()
    assert Run.objects.filter(again_of=run).count() == 1
