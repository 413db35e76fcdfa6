"""How a team's alerts behave: said by its admins, maintenance by its editors, seen by all of it."""

import pytest
from django.test import Client

from monitoring_app.models import Channel, Maintenance, Policy, Route
from pipelines_app.models import Role
from tests import factories
from tests.api.callers import Caller

pytestmark = pytest.mark.django_db
PAGE = "/team/ops/alerts"
LATER = {"window-begins_at": "2098-03-01 22:00", "window-ends_at": "2098-03-02 06:00"}


@pytest.fixture
def team():
    return factories.make_team("ops")


@pytest.fixture
def ada(team):
    client = Client()
    client.force_login(factories.make_user("ada", team=team, role=Role.ADMIN))
    return client


@pytest.fixture
def channel(team):
    return Channel.objects.create(team=team, kind="email", name="a@example.com", address="a@example.com")


def text(answer, status=200):
    assert answer.status_code == status
    return answer.content.decode()


def test_an_admin_says_how_alerts_behave(ada):
    given = {"pending": 5, "keep": 10, "escalate": 30, "escalate_to": "boss@example.com", "remind": 60}
    page = text(ada.post(f"{PAGE}/behave", {f"manner-{name}": value for name, value in given.items()}, follow=True))
    assert "behave so from the next one on" in page
    assert Policy.objects.values(*given).get() == given
    assert "Error:" in text(ada.post(f"{PAGE}/behave", {"manner-pending": "-1"}), 422)


def test_maintenance_is_begun_and_ended_with_a_reason(ada):
    assert "Error:" in text(ada.post(f"{PAGE}/maintain", LATER), 422)
    assert "<b>we move" not in text(ada.post(f"{PAGE}/maintain", {**LATER, "window-reason": "<b>we move"}, follow=True))
    made = Maintenance.objects.get()
    assert "is over" in text(ada.post(f"/maintenance/{made.pk}/end", follow=True))
    assert not Maintenance.objects.exists()  # it had not begun


def test_a_route_is_added_once_and_removed(ada, channel):
    wish = {"route-channel": channel.pk, "route-pattern": "mart.*", "route-severity": "warn"}
    assert "mart.*, at least warning" in text(ada.post(f"{PAGE}/route", wish, follow=True))
    assert "There is such a route already" in text(ada.post(f"{PAGE}/route", wish, follow=True))
    ada.post(f"/routes/{Route.objects.get().pk}/remove")
    assert not Route.objects.exists()


def test_a_channel_gets_quiet_hours_and_loses_them(ada, channel):
    hours = {"begins": "22:00", "ends": "07:00", "zone": "Europe/Zurich"}
    assert "quiet from 22:00 to 07:00 Europe/Zurich" in text(
        ada.post(f"/channels/{channel.pk}/quiet", hours, follow=True)
    )
    ada.post(f"/channels/{channel.pk}/quiet", {})
    channel.refresh_from_db()
    assert channel.quiet_from is None


def test_the_page_takes_the_same_number_of_queries_whatever_there_is(ada, channel, django_assert_num_queries):
    with django_assert_num_queries(10):
        ada.get(PAGE)
    for number in range(3):
        Route.objects.create(team=channel.team, channel=channel, pattern=f"mart.{number}")
        ada.post(f"{PAGE}/maintain", {**LATER, "window-reason": "we move"})
    with django_assert_num_queries(10):
        ada.get(PAGE)


def test_the_api_says_all_that_the_page_says(team, channel):
    caller = Caller(factories.make_user("ida", team=team, role=Role.ADMIN))
    assert caller.put("/alert-policies/ops", {"pending": 5}).json()["pending"] == 5
    assert caller.get("/alert-policies/ops").json()["pending"] == 5
    made = caller.post("/routes", {"channel": channel.pk, "layer": "mart"}).json()
    assert [one["layer"] for one in caller.get("/routes").json()["results"]] == ["mart"]
    assert caller.post(f"/routes/{made['id']}/remove").status_code == 204
    window = {"team": "ops", "begins_at": "2098-01-01T00:00:00Z", "ends_at": "2098-01-02T00:00:00Z", "reason": "move"}
    made = caller.post("/maintenance", window).json()
    assert [one["reason"] for one in caller.get("/maintenance").json()["results"]] == ["move"]
    assert caller.post(f"/maintenance/{made['id']}/end").status_code == 204
    quiet = caller.post(f"/channels/{channel.pk}/quiet", {"begins": "22:00", "ends": "07:00", "zone": "Mars"})
    assert quiet.status_code == 422
