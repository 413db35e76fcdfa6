"""What a person does about an alert and a stuck event, as a browser sends it: with its token, and seen at once."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from monitoring_app.models import Alert
from pipelines_app.models import Delivery, DeliveryState
from tests.browser import operating

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_alert_is_acknowledged_snoozed_and_resolved(page, context, live_server):
    operating.sign_in(context, live_server)
    operating.happen()
    alert = Alert.objects.get(rule="quarantine")
    page.goto(live_server.url + reverse("monitoring:today"))
    page.get_by_role("link", name=alert.title).first.click()
    page.get_by_label("Note").fill("The supplier is called")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".head .state")).to_have_text("Acknowledged")
    expect(page.get_by_text("Note: The supplier is called")).to_be_visible()
    page.get_by_label("Quiet for").select_option("4")
    page.get_by_role("button", name="Snooze").click()
    expect(page.locator(".head .state")).to_have_text("Snoozed")
    page.get_by_label("Why it is over").fill("They sent it again")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator(".head .state")).to_have_text("Resolved")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_a_stuck_event_is_released(page, context, live_server):
    operating.sign_in(context, live_server)
    operating.happen()
    delivery = Delivery.objects.filter(event__dataset="mart.totals").latest("id")
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.STUCK, attempts=8, error="ValueError: no")
    page.goto(live_server.url + reverse("console:events"))
    page.get_by_role("button", name="Release").click()
    expect(page.locator("#messages")).to_contain_text("is handed to")
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING
