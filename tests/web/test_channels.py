"""Who hears of a team's alerts: added, tested and switched by its admins, seen by its members."""

import pytest
from django.test import Client

from monitoring_app.models import Channel
from pipelines_app.models import AuditEntry, Role
from tests import factories
from tests.api.callers import Caller, refused
from tests.monitoring.receivers import Answer, SlackReceiver

pytestmark = pytest.mark.django_db
PAGE = "/team/ops/channels"


@pytest.fixture
def team():
    return factories.make_team("ops")


def enter(team, name, role):
    client = Client()
    client.force_login(factories.make_user(name, team=team, role=role))
    return client


@pytest.fixture
def ada(team):
    return enter(team, "ada", Role.ADMIN)


@pytest.fixture
def slack(settings):
    with SlackReceiver() as server:
        settings.SLACK_TEST_URL = server.url
        yield server


def text(answer, status=200):
    assert answer.status_code == status
    return answer.content.decode()


def add_slack(client, url, name="#data"):
    return client.post(f"{PAGE}/slack", {"slack-url": url, "slack-name": name}, follow=True)


def test_a_slack_channel_is_added_tested_and_switched_off(ada, slack):
    page = text(add_slack(ada, slack.url))
    assert "hears of this team&#x27;s alerts" in page
    assert slack.url not in page
    channel = Channel.objects.get()
    assert "was delivered: 200" in text(ada.post(f"/channels/{channel.pk}/test", follow=True))
    assert len(slack.posted) == 1
    assert "Off" in text(ada.post(f"/channels/{channel.pk}/switch", {"enabled": "0"}, follow=True))
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == ["channel.added", "channel.switched"]


def test_a_web_address_that_is_not_slacks_is_refused_at_its_field(ada):
    page = text(add_slack(ada, "https://example.com/x"), 422)
    assert "Only webhooks of hooks.slack.com" in page
    assert "Copy the address of an incoming webhook" in page
    assert not Channel.objects.exists()


def test_an_address_is_added_and_a_text_that_is_none_is_not(ada):
    assert "ops@example.com" in text(ada.post(f"{PAGE}/email", {"email-address": "ops@example.com"}, follow=True))
    assert "No address was added" in text(ada.post(f"{PAGE}/email", {"email-address": "nobody"}), 422)
    assert [channel.address for channel in Channel.objects.all()] == ["ops@example.com"]


def test_a_test_that_is_not_delivered_says_why(ada, slack):
    add_slack(ada, slack.url)
    slack.answers = [Answer(status=500), Answer(status=500)]
    page = text(ada.post(f"/channels/{Channel.objects.get().pk}/test", follow=True))
    assert "The test was not delivered" in page
    assert "Failing" in page


def test_members_see_the_channels_and_only_admins_act(ada, team, slack):
    add_slack(ada, slack.url)
    editor = enter(team, "ed", Role.EDITOR)
    page = text(editor.get(PAGE))
    assert "#data" in page
    assert "Send a test" not in page
    assert text(editor.post(f"{PAGE}/email", {"email-address": "x@example.com"}), 404)


def test_nothing_is_told_to_others(ada):
    assert enter(factories.make_team("others"), "eve", Role.ADMIN).get(PAGE).status_code == 404


def test_the_page_asks_a_fixed_number_of_questions(ada, team, django_assert_num_queries):
    ada.get(PAGE)
    with django_assert_num_queries(6):
        ada.get(PAGE)
    for number in range(12):
        Channel.objects.create(team=team, kind="email", name=f"{number}", address=f"{number}@example.com")
    with django_assert_num_queries(6):
        ada.get(PAGE)


def test_programs_add_test_and_switch_channels_too(team, slack):
    ada = Caller(factories.make_user("ada", team=team, role=Role.ADMIN))
    said = {"team": "ops", "kind": "slack", "name": "#data", "url": slack.url}
    made = ada.post("/channels", said).json()
    assert (made["name"], made["enabled"], "url" in made) == ("#data", True, False)
    assert ada.post(f"/channels/{made['id']}/test").json()["state"] == "delivered"
    assert ada.post(f"/channels/{made['id']}/disable").json()["enabled"] is False
    assert ada.post(f"/channels/{made['id']}/enable").json()["enabled"] is True
    assert [one["id"] for one in ada.get("/channels").json()["results"]] == [made["id"]]
    slack.answers = [Answer(status=500), Answer(status=500)]
    refused(ada.post(f"/channels/{made['id']}/test"), 502, "not_delivered")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "email"}, "address"),
        ({"kind": "slack", "name": "x"}, "url"),
        ({"kind": "slack", "url": "https://hooks.slack.com/services/x"}, "name"),
        ({"kind": "pigeon"}, "kind"),
        ({"kind": "email", "address": "x@example.com", "to": "y"}, "to"),
    ],
)
def test_a_channel_that_lacks_something_is_refused_with_the_field(team, said, field):
    ada = Caller(factories.make_user("ada", team=team, role=Role.ADMIN))
    problem = refused(ada.post("/channels", {"team": "ops", **said}), 422, "invalid")
    assert [one["path"] for one in problem["problems"]] == [field]
