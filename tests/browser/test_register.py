"""An analyst registers a pipeline in a browser, from a dropped file to the first run."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pipelines_app.models import Arrival, Draft, Pipeline, Role
from tests.factories import make_team, make_user
from tests.web.registering import orders_csv

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = "SELECT country, order_date, sum(amount) AS revenue FROM raw.orders GROUP BY country, order_date"
WIDE, NARROW = {"width": 1360, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def analyst(page, live_server):
    """Somebody who has signed in and may edit."""
    make_user("ana", team=make_team("shop"), role=Role.EDITOR)
    page.set_default_timeout(20_000)
    page.goto(f"{live_server.url}/register/")
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password", exact=True).fill("a-long-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="New pipeline")).to_be_visible()
    return page


def everywhere(page, axe, name):
    """A page in both themes and at both widths."""
    for theme, size in (("dark", NARROW), ("light", WIDE)):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        axe(page)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is wider than a window of {size['width']}"
        if folder := os.environ.get("LOOPLINE_PICTURES"):
            page.screenshot(path=str(Path(folder) / f"{name}-{theme}-{size['width']}.png"), full_page=True)
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")


def onward(page):
    page.get_by_role("button", name="Save and continue").click()


def sql(page, text):
    """Type SQL into the first editor, in place of what stands there."""
    editor = page.locator(".cm-content").first
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def drop_orders(page, tmp_path):
    """The first page, filled in with a dropped file."""
    page.get_by_label("Name of the pipeline").fill("orders")
    page.get_by_label("Dataset", exact=True).fill("raw.orders")
    (tmp_path / "orders_2024-12-31.csv").write_bytes(orders_csv())
    page.get_by_label("A sample file").set_input_files(str(tmp_path / "orders_2024-12-31.csv"))
    onward(page)
    expect(page.get_by_text("order_date: 14 of 5,000 rows are not dates, for example '31/02/2024'")).to_be_visible()
    expect(page.get_by_text("amount: 3 of 5,000 rows are not numbers, for example 'n.a.'")).to_be_visible()
    expect(page.get_by_label("Names of the files")).to_have_value("orders_{period}.csv")


def write_sql(page, axe):
    """The steps: a fault that is said while typing, mended, previewed."""
    page.get_by_label("Dataset it makes").first.fill("mart.revenue")
    sql(page, "SELECT country, amuont FROM raw.orders")
    expect(page.get_by_text("One problem. Line 1, column 17")).to_be_visible()
    everywhere(page, axe, "steps-fault")
    sql(page, GOOD)
    expect(page.get_by_text("No problems found.")).to_be_visible()
    expect(page.get_by_role("heading", name="The first rows of mart.revenue")).to_be_visible()
    expect(page.locator("#graph .node")).to_have_count(2)
    everywhere(page, axe, "steps")


def promise(page, axe):
    """Checks, ticked among those proposed; a deadline; an address."""
    page.get_by_role("checkbox", name="order_id is different in every row").check()
    page.get_by_role("checkbox", name="country is one of CH, DE, FR").first.check()
    everywhere(page, axe, "checks")
    onward(page)
    page.get_by_label("There is a deadline").check()
    page.get_by_label("Time zone", exact=True).fill("Europe/Zurich")
    page.get_by_label("E-mail to").fill("ana@example.com")
    everywhere(page, axe, "when")


def test_orders_are_registered_from_a_dropped_file(analyst, axe, tmp_path):
    page = analyst
    everywhere(page, axe, "source")
    drop_orders(page, tmp_path)
    everywhere(page, axe, "look")
    onward(page)
    write_sql(page, axe)
    onward(page)
    promise(page, axe)
    onward(page)
    expect(page.get_by_text("raw.orders is expected every day by 07:00 Europe/Zurich, a day later.")).to_be_visible()
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_text("nothing was written")).to_be_visible()
    expect(page.get_by_role("region", name="Dry run").get_by_text("4,983").first).to_be_visible()
    everywhere(page, axe, "review")
    page.get_by_role("button", name="Register").click()
    page.wait_for_url("**/pipelines/orders/")
    assert Pipeline.objects.get(name="orders").current.number == 1
    assert Arrival.objects.get().period == "2024-12-31"
    assert not Draft.objects.exists()


def test_steps_parameters_and_sources_are_added_without_a_reload(analyst, axe, tmp_path):
    page = analyst
    page.get_by_role("button", name="Another source").click()
    expect(page.get_by_label("Dataset", exact=True)).to_have_count(2)
    drop_orders_into_first(page, tmp_path)
    onward(page)
    page.get_by_role("button", name="Another parameter").click()
    page.get_by_label("Name", exact=True).fill("least")
    page.get_by_label("Value", exact=True).fill("400")
    page.get_by_role("button", name="Another step").click()
    expect(page.locator(".cm-content")).to_have_count(2)
    page.get_by_label("Dataset it makes").last.fill("mart.big")
    page.locator(".cm-content").last.click()
    page.keyboard.insert_text("SELECT order_id, amount FROM staging.orders WHERE amount > $least")
    expect(page.get_by_role("heading", name="The first rows of mart.big")).to_be_visible()
    expect(page.locator("#graph .node")).to_have_count(3)
    everywhere(page, axe, "steps-two")
    onward(page)
    expect(page.get_by_role("heading", name="mart.big")).to_be_visible()


def drop_orders_into_first(page, tmp_path):
    """The first page with a second source that stays blank."""
    page.get_by_label("Name of the pipeline").fill("orders")
    page.get_by_label("Dataset", exact=True).first.fill("raw.orders")
    (tmp_path / "orders.csv").write_bytes(orders_csv(500))
    page.get_by_label("A sample file").first.set_input_files(str(tmp_path / "orders.csv"))
    onward(page)
    expect(page.get_by_role("heading", name="Columns")).to_be_visible()


def test_a_fault_takes_the_focus_and_leads_to_its_field(analyst, axe, complaints):
    complaints.forgive("status of 422")
    page = analyst
    page.get_by_label("Name of the pipeline").fill("Orders of today")
    page.get_by_label("Dataset", exact=True).fill("orders")
    onward(page)
    expect(page.locator("[data-focus]")).to_be_focused()
    assert page.title().startswith("Error: ")
    everywhere(page, axe, "source-faults")
    page.get_by_role("link", name="Dataset: 'orders' must be written layer.domain_entity").click()
    expect(page.get_by_label("Dataset", exact=True)).to_be_focused()
    expect(page.get_by_label("Name of the pipeline")).to_have_value("Orders of today")


def test_yaml_with_a_fault_names_the_line(analyst, axe, complaints):
    complaints.forgive("status of 422")
    page = analyst
    page.get_by_role("link", name="Write it as YAML").click()
    page.get_by_label("The definition as YAML").fill("pipeline: x\nteam: shop\nsteps: [\n")
    page.get_by_role("button", name="Continue to the review").click()
    expect(page.get_by_role("link", name="Line 4")).to_be_visible()
    everywhere(page, axe, "yaml")
    page.get_by_label("The definition as YAML").fill(
        "pipeline: x\nteam: shop\nsteps:\n- dataset: mart.x\n  sql: SELECT nothing\n"
    )
    page.get_by_role("button", name="Continue to the review").click()
    expect(page.get_by_text("to mend before it can be registered")).to_be_visible()
    everywhere(page, axe, "review-faults")
    page.get_by_role("link", name="Steps", exact=True).last.click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
