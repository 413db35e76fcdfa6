"""The pages for knowing and bringing, in a browser: no barriers, no sideways scrolling, uploads with a preview."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from monitoring_app.alerts import lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import endpoints
from monitoring_app.channels.endpoints import Wanted
from monitoring_app.models import Anomaly, Profile
from monitoring_app.slas import sweeping as promises
from pipelines_app.intake import openlineage, runevents, webhooks
from pipelines_app.models import Arrival, Dataset, DatasetVersion, DropSource, DropTaken, Role, Webhook
from tests import factories, road
from tests.api.test_openlineage import told
from tests.browser import accessibility
from tests.profiling import shop
from tests.web.know.conftest import DAY, ORDERS

PROMISE = "sla: [{freshness: {dataset: raw.orders, within: 1h}}]\n"
PAGES = [
    "/datasets",
    *[f"/datasets/raw.orders?tab={tab}" for tab in ("overview", "rows", "schema", "versions", "checks", "lineage")],
    *[f"/datasets/raw.orders?tab={tab}" for tab in ("arrivals", "use")],
    "/datasets/raw.orders?tab=profile",
    "/datasets/raw.orders/profile",
    "/datasets/raw.orders/profile/compare",
    "/datasets/raw.orders?tab=expectations",
    "/expectations/{expectation}/",
    "/anomalies/",
    "/anomalies/{anomaly}/",
    "/datasets/raw.orders/unusual",
    "/alerts/{unusual}/unusual",
    "/versions/{held}",
    "/versions/{made}/test",
    "/definitions",
    "/register/yaml/",
    "/team/sales/alerts",
    "/team/sales/channels",
    "/lineage",
    "/lineage?of=mart.shops",
    "/checks",
    "/checks/{check}",
    "/arrivals",
    "/arrivals?show=expected",
    "/arrivals/{arrival}",
    "/upload",
    "/upload?dataset=raw.orders",
    "/drops",
    "/drops/{drop}",
    "/datasets/raw.orders/preview",
    "/other-tools",
    "/environments",
    "/limits",
    "/alerts/loop",
    "/alerts/report/raw.orders",
    "/slas/",
    "/slas/{sla}/",
    "/webhooks",
    "/webhooks/{webhook}",
    "/webhooks/out/",
    "/webhooks/out/{endpoint}/",
    "/team",
    "/tokens",
    "/audit",
    "/profile",
    "/api/docs",
]


@pytest.fixture
def world(transactional_db):
    """A pipeline that published, kept one version back, waits for a late file and has a webhook; and its admin."""
    team = road.team("sales")
    road.register_yaml(ORDERS + PROMISE)
    promises.sweep(timezone.now())
    road.send("raw.orders", DAY + b"x,east,1\n", name="orders_2013-01-05.csv")
    road.send("raw.orders", b"id,shop,amount\nx,a,1\ny,b,2\n3,c,3\n", name="orders_2013-01-06.csv")
    road.drain()
    shop.measure()
    orders = Dataset.objects.get(name="raw.orders")
    factories.make_slot(orders, period="2013-01-09", state="late")
    webhooks.create(orders)
    factories.make_user("ada", team=team, role=Role.ADMIN)
    wanted = Wanted(alerts=True, kinds=["dataset.published"])
    out, _ = endpoints.add(team, url="https://receiver.invalid/x", name="ours", wanted=wanted, actor="user:ada")
    alert = {"rule": "late", "subject": "raw.orders", "title": "raw.orders is late", "what": "…", "severity": "warn"}
    lifecycle.open_alert(Problem(**alert, team=team), cause=factories.make_event())
    failing = {"state": "failing", "error": "The folder is not there.", "todo": "Make it.", "behind": 3}
    drop = DropSource.objects.create(dataset=orders, url="s3://a-bucket-with-a-long-name/" + "in" * 60, **failing)
    DropTaken.objects.create(source=drop, path="orders_" + "x" * 200 + ".csv", mark="1", refused="It gives no day.")
    openlineage.record(runevents.read(json.dumps(told()).encode()), team=team, sender="user:ada", now=timezone.now())
    promises.sweep(timezone.now() + timedelta(hours=2))
    rows = {"kind": "row_count_between", "about": "rows", "parameters": {"min": 4, "max": 9}}
    profile = Profile.objects.filter(dataset=orders, version__state="published").latest("pk")
    said = {
        "metric": "null_share",
        "kind": "null_share",
        "score": 2.4,
        "words": "share of NULLs in amount 0.48; usually 0",
    }
    course = [{"period": f"2013-01-0{day}", "value": 0.01 * day} for day in range(1, 5)]
    about = {"dataset": orders, "version": profile.version, "period": profile.period, "column": "amount"}
    bounds = {"value": 0.48, "expected": 0.02, "low": 0.0, "high": 0.1, "course": course}
    odd = Anomaly.objects.create(profile=profile, source="batch", **about, **said, **bounds)
    unusual = {**alert, "rule": "unusual", "title": "raw.orders is unusual", "period": profile.period}
    told_of = lifecycle.open_alert(Problem(**unusual, team=team, dataset=orders), cause=factories.make_event())
    return {
        "expectation": orders.expectations.create(**rows, sentence="the number of rows is between 4 and 9").pk,
        "anomaly": odd.pk,
        "unusual": told_of.pk,
        "drop": drop.pk,
        "sla": orders.slas.get().pk,
        "check": orders.checks.latest("pk").pk,
        "endpoint": out.pk,
        "made": DatasetVersion.objects.filter(dataset__name="mart.shops").latest("pk").pk,
        "held": DatasetVersion.objects.get(state="quarantined").pk,
        "arrival": Arrival.objects.earliest("pk").pk,
        "webhook": Webhook.objects.get().pk,
    }


def enter(page, live_server):
    """Sign in by the form."""
    page.goto(f"{live_server.url}/sign-in?next=/datasets")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/datasets")


def test_no_page_has_barriers_or_scrolls_sideways(world, page, live_server, axe):
    page.goto(f"{live_server.url}/sign-in")
    accessibility.everywhere(page, axe)
    enter(page, live_server)
    for path in PAGES:
        page.goto(live_server.url + path.format(**world))
        accessibility.everywhere(page, axe)


def test_a_file_is_dropped_its_effect_is_said_it_is_taken_in_and_what_becomes_of_it_is_seen(world, page, live_server):
    enter(page, live_server)
    page.goto(f"{live_server.url}/upload?dataset=raw.orders")
    page.set_input_files("input[type=file]", {"name": "orders_2013-01-05.csv", "mimeType": "text/csv", "buffer": DAY})
    page.get_by_text("5 January 2013 is there already and will be replaced").wait_for()
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("orders_2013-01-05.csv is in.").wait_for()
    assert page.url.endswith(f"/arrivals/{Arrival.objects.latest('pk').pk}")
    expect(page.locator("#arrival .head .state").first).to_have_text("Waiting")
    road.drain()
    expect(page.locator("#arrival .head .state").first).to_have_text("Consumed")  # nobody loaded the page again


def test_a_file_that_is_refused_says_why_on_the_form(world, page, live_server, complaints):
    complaints.forgive("status of 422")
    enter(page, live_server)
    page.goto(f"{live_server.url}/upload?dataset=raw.orders")
    page.set_input_files("input[type=file]", {"name": "other.csv", "mimeType": "text/csv", "buffer": DAY})
    page.get_by_text("gives no day for raw.orders").wait_for()
    page.get_by_role("button", name="Upload").click()
    summary = page.get_by_role("alert").filter(has_text="The file was not taken in")
    summary.wait_for()
    assert summary.evaluate("element => element === document.activeElement")


def test_the_palette_finds_a_dataset_by_three_letters(world, page, live_server):
    enter(page, live_server)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to, run, search").fill("sho")
    page.get_by_role("option", name="mart.shops").click()
    page.wait_for_url("**/datasets/mart.shops")


def test_the_lineage_picture_is_drawn_and_its_nodes_are_links(world, page, live_server):
    enter(page, live_server)
    page.goto(f"{live_server.url}/lineage")
    page.locator(".lineage a.node").nth(1).wait_for()
    page.locator(".lineage a.node", has_text="mart.shops").click()
    page.get_by_role("link", name="Its page").click()
    page.wait_for_url("**/datasets/mart.shops")


def test_the_first_rows_come_by_themselves(world, page, live_server):
    enter(page, live_server)
    page.goto(f"{live_server.url}/datasets/mart.shops")
    page.get_by_role("cell", name="north").wait_for()
