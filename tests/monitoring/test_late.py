"""A file that does not come is noticed, and so is its coming."""

from datetime import UTC, datetime

import pytest

from monitoring_app.models import Alert
from pipelines_app import events
from pipelines_app.facts_expected import SlotBecameLate, SlotFilled, SlotWaived
from tests import factories
from tests.monitoring.telling import happen, hear, send_all, the_alert, told

pytestmark = pytest.mark.django_db
DUE = datetime(2013, 1, 21, 12, tzinfo=UTC)
ARRIVAL = {"arrival": {"by": "07:00", "timezone": "America/New_York"}}


@pytest.fixture
def slot():
    team = factories.make_team(email="ops@example.com")
    pipeline = factories.make_pipeline("flights-daily", team=team, document={"sources": {"raw.flights": ARRIVAL}})
    dataset = factories.make_dataset("raw.flights", pipeline=pipeline, period_kind="day")
    return factories.make_slot(dataset, due_at=DUE, state="late")


def became_late(slot):
    return SlotBecameLate(dataset="raw.flights", period=slot.period, slot=slot.pk, due_at=DUE.isoformat())


def filled(slot, seconds):
    return SlotFilled(dataset="raw.flights", period=slot.period, slot=slot.pk, arrival=1, late_seconds=seconds)


def come(slot, state="arrived"):
    slot.state = state
    slot.save()


@pytest.mark.promise(18)
def test_a_late_file_opens_one_alert_and_its_arrival_closes_it(slot, mailbox):
    assert happen(became_late(slot)).startswith("opened alert")
    send_all()
    alert = the_alert()
    assert (alert.rule, alert.subject, alert.severity) == ("late", "raw.flights/2013-01-20", "critical")
    assert "was due on 21 January 2013, 07:00 America/New_York" in alert.what
    come(slot)
    assert happen(filled(slot, 7500)) == f"resolved alert {alert.pk}"
    send_all()
    assert [mail["Subject"] for mail in mailbox.messages] == [
        "[Critical] raw.flights of 2013-01-20 is late",
        "[Resolved] raw.flights of 2013-01-20 is late",
    ]
    assert "it came 2 h 5 min late" in mailbox.messages[1].get_content()


def test_a_waived_file_closes_its_alert(slot):
    happen(became_late(slot))
    come(slot, "waived")
    happen(SlotWaived(dataset="raw.flights", period=slot.period, slot=slot.pk, reason="a holiday"))
    assert the_alert().state == "resolved"


def test_a_file_in_time_says_nothing(slot):
    come(slot, "arrived")
    assert happen(filled(slot, 0)) == "ignored: no alert is open about it"
    assert not Alert.objects.exists()


def test_lateness_that_is_heard_after_the_arrival_opens_nothing(slot):
    late = events.record(became_late(slot), actor="clock")
    come(slot)
    happen(filled(slot, 60))
    assert hear(late) == "ignored: raw.flights 2013-01-20 is arrived by now"
    assert not Alert.objects.exists()


def test_the_time_line_names_the_events_that_opened_and_closed_the_alert(slot):
    happen(became_late(slot))
    come(slot)
    happen(filled(slot, 60))
    alert = the_alert()
    assert list(alert.entries.values_list("event__kind", flat=True)) == ["slot.became_late", "slot.filled"]
    assert told(alert) == ["opened", "resolved"]
