"""Outbound webhooks in the console: made by admins, seen by the team, every attempt with its answer."""

import re
from html import unescape

import pytest
from django.test import Client

from monitoring_app.alerts import sending
from monitoring_app.channels import endpoints
from monitoring_app.channels.endpoints import Wanted
from monitoring_app.models import Attempt, Channel, Endpoint, Notification
from pipelines_app import vault
from pipelines_app.models import AuditEntry, Role
from tests import factories
from tests.monitoring.receivers import Answer, SlackReceiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings):
    with SlackReceiver() as server:
        settings.WEBHOOK_INSIDE = [server.url.partition("/services")[0]]
        yield server


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
def channel(team, receiver):
    wanted = Wanted(alerts=True, kinds=["dataset.published"])
    return endpoints.add(team, url=receiver.url, name="<b>ours", wanted=wanted, actor="user:ada")[0]


def message(channel, state="pending"):
    event = factories.make_event()
    return Notification.objects.create(
        channel=channel, event=event, about="event", subject="dataset.published x", body="", link="", state=state
    )


def page(client, channel):
    return client.get(f"/webhooks/out/{channel.pk}/").content.decode()


def test_an_admin_makes_one_and_its_secret_is_on_one_page_only(ada, team, receiver):
    given = {"team": "ops", "url": receiver.url, "name": "ours", "alerts": "on", "kinds": ["run.moved"]}
    made = ada.post("/webhooks/out/new", given)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", unescape(made.content.decode()))[0]
    channel = Channel.objects.get()
    assert vault.open_sealed(channel.endpoint.secret) == secret
    assert endpoints.told_of(channel.endpoint) == ["run.moved"]
    assert "no-store" in made["Cache-Control"]
    for path in ("/webhooks/out/", f"/webhooks/out/{channel.pk}/", "/audit"):
        shown = ada.get(path).content.decode()
        assert secret not in shown
        assert "very-secret" not in shown
    assert AuditEntry.objects.get().action == "channel.added"


@pytest.mark.parametrize("url", ["http://example.com/x", "https://169.254.169.254/", ""])
def test_an_address_that_may_not_be_is_refused_on_the_form(ada, url):
    answer = ada.post("/webhooks/out/new", {"team": "ops", "url": url})
    assert answer.status_code == 422
    assert not Channel.objects.exists()


@pytest.mark.parametrize(("role", "sees"), [(Role.VIEWER, 200), (Role.EDITOR, 200)])
def test_the_team_sees_it_and_only_admins_change_it(team, channel, role, sees):
    person = enter(team, "pat", role)
    assert person.get(f"/webhooks/out/{channel.pk}/").status_code == sees
    for action in ("rotate", "switch", "test"):
        assert person.post(f"/webhooks/out/{channel.pk}/{action}").status_code == 404
    assert "Send a test" not in page(person, channel)


def test_another_team_does_not_know_of_it(channel):
    other = enter(factories.make_team("others"), "oto", Role.ADMIN)
    assert other.get(f"/webhooks/out/{channel.pk}/").status_code == 404
    assert "b&gt;ours" not in other.get("/webhooks/out/").content.decode()


def test_a_test_is_sent_at_once_and_its_answer_told(ada, channel, receiver):
    shown = ada.get(ada.post(f"/webhooks/out/{channel.pk}/test")["Location"]).content.decode()
    assert "the answer was 200 ok" in shown
    receiver.answers = [Answer(status=500, body="<script>")]
    shown = ada.get(ada.post(f"/webhooks/out/{channel.pk}/test")["Location"]).content.decode()
    assert "answered 500 &lt;script&gt;" in shown


def test_every_attempt_is_shown_and_a_message_is_sent_again(ada, channel, receiver):
    receiver.answers = [Answer(status=503, body="busy"), Answer(status=410)]
    one = message(channel)
    sending.send(one.pk)
    assert "answered 503 busy" in page(ada, channel)
    assert "next try" in page(ada, channel)
    Notification.objects.update(state="undelivered")
    ada.post(f"/webhooks/out/{channel.pk}/messages/{one.pk}/again")
    sending.send(one.pk)
    shown = page(ada, channel)
    assert "answered 410" in shown
    assert "It was switched off." in shown
    ada.post(f"/webhooks/out/{channel.pk}/switch", {"enabled": "1"})
    assert Channel.objects.get(pk=channel.pk).enabled
    assert AuditEntry.objects.filter(action="message.sent_again").exists()


def test_what_it_is_told_of_is_changed(ada, channel):
    ada.post(f"/webhooks/out/{channel.pk}/", {"kinds": ["check.failed", "run.moved"]})
    assert endpoints.told_of(channel.endpoint) == ["check.failed", "run.moved"]
    assert not Endpoint.objects.get().alerts
    assert ada.post(f"/webhooks/out/{channel.pk}/", {"kinds": ["notification.sent"]}).status_code == 422


def test_a_new_secret_is_shown_once(ada, channel):
    made = ada.post(f"/webhooks/out/{channel.pk}/rotate").content.decode()
    assert vault.open_sealed(Endpoint.objects.get().secret) in unescape(made)
    assert "with the old secret too until" in page(ada, channel)


@pytest.mark.parametrize("messages", [0, 60])
def test_its_page_takes_the_same_number_of_queries_however_much_was_sent(
    ada, channel, messages, django_assert_num_queries
):
    for _ in range(messages):
        Attempt.objects.create(notification=message(channel, "delivered"), delivered=True, answer="200", seconds=0.1)
    page(ada, channel)
    with django_assert_num_queries(8 if messages else 7):
        page(ada, channel)


@pytest.mark.parametrize("more", [0, 10])
def test_the_list_takes_the_same_number_of_queries_for_any_number(
    ada, team, channel, receiver, more, django_assert_num_queries
):
    for _ in range(more):
        endpoints.add(team, url=receiver.url, name="", wanted=Wanted(alerts=True, kinds=()), actor="user:ada")
    ada.get("/webhooks/out/")
    with django_assert_num_queries(5):
        ada.get("/webhooks/out/")
