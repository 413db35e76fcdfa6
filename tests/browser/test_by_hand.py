"""The same road by keyboard alone, and without scripts: register, upload, take care of an alert."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from monitoring_app.models import Alert, AlertState
from pipelines_app.models import Arrival, Pipeline
from tests.browser import accessibility, operating
from tests.web import orders

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLE = b"id,amount\n1,10\n2,20\n"
MOST_TABS = 80
FOCUSED = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const look = getComputedStyle(at), box = at.getBoundingClientRect();
  const above = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const shown = at.closest(".sr, [data-upload] [type=file], .cm-content")
    || look.outlineStyle !== "none" || look.boxShadow !== "none";
  const label = at.labels?.[0]?.textContent || at.getAttribute("aria-label") || at.textContent || "";
  return { name: label.trim().replace(/\\s+/g, " "), tag: at.localName,
    shown: Boolean(shown), covered: Boolean(above?.closest(".bar") && !at.closest(".bar")) };
}"""


class Keyboard:
    """A person without a mouse: every stop on the way must be seen."""

    def __init__(self, page):
        self.page = page
        # A chooser is caught only while somebody listens, and the browser learns of a listener a moment later.
        page.on("filechooser", lambda chooser: None)

    def to(self, name):
        """Tab on to what is called so."""
        seen = []
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(FOCUSED)
            assert focused["shown"], f"the focus is not seen on {focused}"
            assert not focused["covered"], f"the focus is under the bar on {focused}"
            seen.append(focused["name"])
            if focused["name"].startswith(name):
                return
        raise AssertionError(f"{name} was not reached: {seen}")

    def press(self, name, key="Enter"):
        self.to(name)
        self.page.keyboard.press(key)

    def write(self, name, text):
        self.to(name)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def choose_file(self, name, file):
        self.to(name)
        with self.page.expect_file_chooser() as chosen:
            self.page.keyboard.press("Enter")
        chosen.value.set_files(file)


def file(name, content):
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def arrived(page, url):
    page.wait_for_url(url)
    accessibility.settled(page)


def test_a_pipeline_is_registered_by_keyboard_alone(page, context, live_server):
    operating.sign_in(context, live_server)
    page.goto(live_server.url + reverse("console:pipeline-new"))
    keys = Keyboard(page)
    keys.write("Name of the pipeline", "orders")
    keys.write("Dataset", "raw.orders")
    keys.choose_file("A sample file", file("orders_2013-02-08.csv", SAMPLE))
    keys.press("Save and continue")
    for leaf in ("look", "steps", "checks", "when"):
        arrived(page, f"**/{leaf}/")
        if leaf == "when":
            keys.press("There is a deadline", "Space")
        keys.press("Save and continue")
    arrived(page, "**/review/")
    keys.press("Register")
    arrived(page, "**/pipelines/orders/")
    assert Pipeline.objects.get().current.document["sources"]["raw.orders"]["arrival"]["by"] == "07:00"
    assert Arrival.objects.get().period == "2013-02-08"


def test_enter_in_a_field_of_the_form_goes_on_and_does_not_add_another(page, context, live_server):
    operating.sign_in(context, live_server)
    page.goto(live_server.url + reverse("console:pipeline-new"))
    page.get_by_label("Dataset", exact=True).fill("raw.orders")
    page.get_by_label("Name of the pipeline").fill("orders")
    page.keyboard.press("Enter")
    arrived(page, "**/look/")


def test_a_file_is_sent_and_an_alert_taken_by_keyboard_alone(page, context, live_server):
    operating.sign_in(context, live_server)
    orders.register()
    orders.send(orders.BROKEN)
    keys = Keyboard(page)
    page.goto(live_server.url + reverse("monitoring:today"))
    page.keyboard.press("Control+k")
    page.keyboard.insert_text("Alerts")
    page.get_by_role("option", name="Alerts").first.wait_for()
    page.keyboard.press("Enter")
    arrived(page, "**/alerts/")
    alert = Alert.objects.get()
    keys.press(alert.title)
    arrived(page, f"**/alerts/{alert.pk}/")
    keys.write("Note", "The supplier is called")
    keys.press("Acknowledge")
    expect(page.locator(".head .state")).to_have_text("Acknowledged")
    page.goto(f"{live_server.url}{reverse('console:upload')}?dataset=raw.orders")
    keys.choose_file("File", file("orders_2013-02-09.csv", orders.GOOD))
    keys.press("Upload")
    page.get_by_text("orders_2013-02-09.csv is in.").wait_for()
    alert.refresh_from_db()
    assert (alert.state, alert.note) == (AlertState.ACKNOWLEDGED, "The supplier is called")


def test_all_of_it_works_without_scripts(browser, context, live_server):
    operating.sign_in(context, live_server)
    plain = browser.new_context(java_script_enabled=False, storage_state=context.storage_state())
    page = plain.new_page()
    page.goto(live_server.url + reverse("console:pipeline-new"))
    page.get_by_label("Name of the pipeline").fill("orders")
    page.get_by_label("Dataset", exact=True).fill("raw.orders")
    page.get_by_label("A sample file").set_input_files(file("orders.csv", SAMPLE))
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_label("It comes by").select_option("day")
    page.get_by_label("What arrives", exact=True).select_option("partition")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_role("button", name="Show the first rows").click()
    expect(page.get_by_role("heading", name="The first rows of staging.orders")).to_be_visible()
    for _ in ("steps", "checks", "when"):
        page.get_by_role("button", name="Save and continue").click()
    page.get_by_label("The day of orders.csv").fill("2013-02-08")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("orders.csv has arrived for raw.orders")).to_be_visible()
    page.goto(f"{live_server.url}{reverse('console:upload')}?dataset=raw.orders&period=2013-02-09")
    page.get_by_label("File", exact=True).set_input_files(file("more.csv", SAMPLE))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("more.csv is in.")).to_be_visible()
    assert list(Arrival.objects.order_by("pk").values_list("period", flat=True)) == ["2013-02-08", "2013-02-09"]
    plain.close()


def test_who_wants_no_motion_gets_none(page, context, live_server):
    operating.sign_in(context, live_server)
    page.emulate_media(reduced_motion="reduce")
    page.goto(live_server.url + reverse("monitoring:today"))
    moving = """[...document.querySelectorAll("*")].filter((one) => {
      const { transitionDuration, animationName } = getComputedStyle(one);
      return transitionDuration.split(",").some((length) => parseFloat(length) > 0) || animationName !== "none";
    }).length"""
    assert page.evaluate(moving) == 0
