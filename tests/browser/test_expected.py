"""Expected arrivals in a browser: two clicks from late to filled, by keyboard too."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from pipelines_app.intake import slots
from pipelines_app.models import Slot, SlotState
from tests import road
from tests.browser import operating
from tests.web import orders

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PERIOD = "2013-02-09"


@pytest.fixture
def late(context, live_server):
    operating.sign_in(context, live_server)
    dataset = operating.happen()
    slot = slots.announce(dataset, period=PERIOD, due_at=timezone.now() - timedelta(hours=1), actor="user:ana")
    slots.pass_time(timezone.now())
    road.drain()
    return slot


def test_from_late_to_filled_in_two_clicks(page, late, live_server, tmp_path):
    file = tmp_path / f"orders_{PERIOD}.csv"
    file.write_bytes(orders.LARGE)
    page.goto(live_server.url + reverse("console:expected"))
    page.locator(f"#slot-{late.pk}").focus()
    page.keyboard.press("Enter")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload for 9 February 2013").click()
    page.get_by_text("Its run starts by itself").wait_for()
    assert Slot.objects.get(pk=late.pk).state == SlotState.ARRIVED
