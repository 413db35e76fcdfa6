"""Alerts, messages and health through the API."""

import pytest

from monitoring_app.alerts import lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, AlertState
from pipelines_app.models import Dataset
from tests import factories, road
from tests.api.callers import refused

pytestmark = pytest.mark.django_db
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
def alert(orders):
    dataset = Dataset.objects.get(name="raw.orders")
    problem = Problem(
        rule="late",
        subject="raw.orders/2013-01-05",
        title="raw.orders is late",
        what="It was due at 07:00.",
        severity="critical",
        todo="Ask the supplier.",
        team=orders.team,
        dataset=dataset,
        pipeline="orders",
        period="2013-01-05",
    )
    return lifecycle.open_alert(problem, cause=factories.make_event())


def test_an_alert_is_read_with_its_time_line(alert, ana):
    told = ana.get(f"/alerts/{alert.pk}").json()
    assert (told["rule"], told["state"], told["dataset"], told["team"]) == ("late", "open", "raw.orders", "sales")
    assert told["entries"][0]["text"] == "It was due at 07:00."


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "open"}, 1),
        ({"state": "resolved"}, 0),
        ({"unresolved": "true"}, 1),
        ({"severity": "critical"}, 1),
        ({"rule": "quarantine"}, 0),
        ({"dataset": "raw.orders"}, 1),
        ({"pipeline": "orders"}, 1),
        ({"team": "others"}, 0),
    ],
)
def test_alerts_are_found(alert, ana, query, found):
    assert len(ana.get("/alerts", **query).json()["results"]) == found


def test_somebody_takes_care_of_it(alert, ana):
    told = ana.post(f"/alerts/{alert.pk}/acknowledge", {"note": "I am on it"}).json()
    assert (told["state"], told["acknowledged_by"], told["note"]) == ("acknowledged", "token:ana/test", "I am on it")
    refused(ana.post(f"/alerts/{alert.pk}/acknowledge"), 409, "illegal_move")


def test_an_alert_is_kept_quiet_until_a_moment_to_come(alert, ana):
    refused(ana.post(f"/alerts/{alert.pk}/snooze"), 422, "invalid")
    for edge in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2100-01-01T00:00:00Z"):
        problem = refused(ana.post(f"/alerts/{alert.pk}/snooze", {"until": edge}), 422, "invalid")
        assert problem["problems"][0]["message"] == "A moment lies between 1970 and 2100."
    refused(ana.post(f"/alerts/{alert.pk}/snooze", {"until": "2001-01-01T00:00:00Z"}), 409, "illegal_move")
    told = ana.post(f"/alerts/{alert.pk}/snooze", {"until": LATER}).json()
    assert (told["state"], told["snoozed_until"]) == ("snoozed", LATER)


def test_an_alert_is_closed_by_hand_with_a_reason(alert, ana):
    refused(ana.post(f"/alerts/{alert.pk}/resolve"), 422, "invalid")
    assert ana.post(f"/alerts/{alert.pk}/resolve", {"because": "came by mail"}).json()["state"] == "resolved"
    assert ana.get(f"/alerts/{alert.pk}").json()["entries"][-1]["text"] == "came by mail"


@pytest.mark.parametrize(
    ("command", "body"), [("acknowledge", {}), ("snooze", {"until": LATER}), ("resolve", {"because": "x"})]
)
def test_others_leave_it_alone(alert, eve, vic, ana, command, body):
    refused(eve.post(f"/alerts/{alert.pk}/{command}", body), 404, "not_found")
    refused(vic.post(f"/alerts/{alert.pk}/{command}", body), 403, "not_allowed")
    problem = refused(ana.post(f"/alerts/{alert.pk}/{command}", {**body, "extra": 1}), 422, "invalid")
    assert "what can be said here:" in problem["problems"][0]["message"]
    assert Alert.objects.get().state == AlertState.OPEN


def test_an_alert_of_a_restricted_dataset_is_not_there_for_others(alert, eve):
    Dataset.objects.update(restricted=True)
    refused(eve.get(f"/alerts/{alert.pk}"), 404, "not_found")
    assert eve.get("/alerts").json()["results"] == []


def test_messages_are_for_the_team_they_were_sent_to(alert, ana, eve):
    road.drain()
    assert alert.notifications.exists()
    told = ana.get("/notifications", alert=alert.pk).json()["results"]
    assert {one["about"] for one in told} == {"opened"}
    assert eve.get("/notifications").json()["results"] == []


def test_health_names_its_parts(ana):
    told = ana.get("/health").json()
    parts = {one["name"]: one for one in told["parts"]}
    assert parts["database"] == {"name": "database", "ok": True, "fault": ""}
    assert told["status"] == ("ok" if all(one["ok"] for one in told["parts"]) else "not ready")
