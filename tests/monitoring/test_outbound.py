"""Outbound webhooks: signed and tried again as the specification says, switched off when nobody takes them."""

import json
import socket
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Oracle

from monitoring_app import reactions
from monitoring_app.alerts import lifecycle, patience, sending, subscribing
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import endpoints, webhook
from monitoring_app.channels.endpoints import Wanted
from monitoring_app.channels.keeping import ChannelRefused
from monitoring_app.channels.message import NotDelivered
from monitoring_app.models import Alert, Attempt, Channel, Endpoint, Notification
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import DatasetPublished, RunMoved
from pipelines_app.models import AuditEntry
from tests import factories
from tests.monitoring.receivers import Answer
from tests.monitoring.telling import happen, send_all

pytestmark = pytest.mark.django_db
ALERTS = Wanted(alerts=True, kinds=())
DOWN = Answer(status=500, body="broken")


@pytest.fixture
def team():
    return factories.make_team("ops")


@pytest.fixture
def made(team, receiver):
    """A webhook that hears alerts, and its secret."""
    return endpoints.add(team, url=receiver.url, name="ours", wanted=ALERTS, actor="user:ana", owner="ana@example.com")


def report(team, subject="raw.x"):
    problem = Problem(rule="late", subject=subject, title=f"{subject} is late", what="…", severity="warn", team=team)
    return lifecycle.open_alert(problem, cause=factories.make_event())


def told(alert, channel):
    return alert.notifications.get(channel=channel)


def let_pass(length):
    """As if so much time had passed for every message that waits."""
    for one in Notification.objects.filter(state="pending"):
        Notification.objects.filter(pk=one.pk).update(not_before=one.not_before - length)


def seconds_left(notification):
    notification.refresh_from_db()
    return (notification.not_before - timezone.now()).total_seconds()


def test_an_alert_arrives_signed_as_the_specifications_library_expects(team, made, receiver):
    channel, secret = made
    alert = report(team)
    send_all()
    headers, body = receiver.heard[0]
    assert Oracle(secret).verify(body, headers) == json.loads(body)
    payload = json.loads(body)
    assert payload["type"] == "alert.opened"
    assert payload["data"]["alert"] == alert.pk
    assert payload["data"]["link"].endswith(f"/alerts/{alert.pk}/")
    assert headers["webhook-id"] == f"notification-{told(alert, channel).pk}"
    assert told(alert, channel).state == "delivered"


def test_while_a_secret_is_replaced_messages_carry_both_signatures(team, made, receiver):
    channel, old = made
    new = endpoints.rotate(channel, actor="user:ana")
    report(team)
    send_all()
    headers, body = receiver.heard[0]
    for secret in (old, new):
        assert Oracle(secret).verify(body, headers)
    Endpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    report(team, "raw.y")
    send_all()
    headers, body = receiver.heard[1]
    assert Oracle(new).verify(body, headers)
    assert len(headers["webhook-signature"].split()) == 1


def test_the_schedule_is_the_published_one_with_a_spread():
    published = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    for attempt, seconds in enumerate(published, start=1):
        for key in range(50):
            assert seconds <= patience.before_next("webhook", attempt, key=key).total_seconds() <= seconds * 1.1
    assert patience.before_next("webhook", 10, key=1) is None
    assert len({patience.spread(key, 1) for key in range(50)}) > 40


@pytest.mark.promise(19, faults="500")
def test_a_receiver_that_is_down_is_tried_again_with_the_same_bytes_and_id(team, made, receiver):
    channel, _ = made
    receiver.answers = [DOWN, DOWN]
    notification = told(report(team), channel)
    for wait in (5, 300):
        sending.send(notification.pk)
        assert seconds_left(notification) == pytest.approx(wait * 1.05, rel=0.1, abs=2)
        sending.send(notification.pk)  # not before its time
        let_pass(timedelta(hours=1))
    sending.send(notification.pk)
    notification.refresh_from_db()
    assert (notification.state, notification.attempts) == ("delivered", 3)
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    assert len({body for _, body in receiver.heard}) == 1
    answers = list(notification.tries.order_by("pk").values_list("delivered", "answer"))
    assert [done for done, _ in answers] == [False, False, True]
    assert answers[0][1].endswith("answered 500 broken")
    assert Endpoint.objects.get().failing_since is None


@pytest.mark.promise(19)
def test_after_ten_attempts_the_owner_is_told_by_e_mail(team, made, receiver, mailbox):
    channel, _ = made
    receiver.answers = [DOWN] * 10
    notification = told(report(team), channel)
    for _ in range(10):
        sending.send(notification.pk)
        let_pass(timedelta(days=2))
    notification.refresh_from_db()
    assert (notification.state, notification.attempts) == ("undelivered", 10)
    send_all()
    assert [(mail["To"], mail["Subject"]) for mail in mailbox.messages] == [
        ("ana@example.com", "[Critical] Webhook ours does not deliver")
    ]
    assert Channel.objects.get(pk=channel.pk).enabled


@pytest.mark.promise(19, faults="410")
def test_410_switches_it_off_at_once_and_gives_up_what_waits(team, made, receiver, mailbox):
    channel, _ = made
    receiver.answers = [Answer(status=410)]
    first, second = told(report(team), channel), told(report(team, "raw.y"), channel)
    sending.send(first.pk)
    for one in (first, second):
        one.refresh_from_db()
        assert one.state == "undelivered"
    channel.refresh_from_db()
    assert not channel.enabled
    assert "410" in Endpoint.objects.get().closed_because
    assert AuditEntry.objects.filter(action="channel.switched", actor="platform").exists()
    send_all()
    assert [mail["Subject"] for mail in mailbox.messages] == ["[Critical] Webhook ours was switched off"]
    report(team, "raw.z")
    assert not Notification.objects.filter(channel=channel, state="pending").exists()


@pytest.mark.promise(19)
def test_five_days_without_a_success_switch_it_off_and_switching_on_begins_anew(team, made, receiver, mailbox):
    channel, _ = made
    receiver.answers = [DOWN, DOWN]
    sending.send(told(report(team), channel).pk)
    Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=5))
    sending.send(told(report(team, "raw.y"), channel).pk)
    channel.refresh_from_db()
    assert not channel.enabled
    sending.switch(channel, enabled=True, actor="user:ana")
    endpoint = Endpoint.objects.get()
    assert (endpoint.failing_since, endpoint.closed_because) == (None, "")
    with pytest.raises(IllegalMove):
        sending.switch(channel, enabled=True, actor="user:ana")
    sending.send(told(report(team, "raw.z"), channel).pk)
    assert Alert.objects.get(rule="channel").state == "resolved"


@pytest.mark.promise(19, faults="3xx")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_and_not_followed(team, made, receiver, status):
    channel, _ = made
    receiver.answers = [Answer(status=status, headers={"Location": "http://169.254.169.254/latest"})]
    notification = told(report(team), channel)
    sending.send(notification.pk)
    notification.refresh_from_db()
    assert f"answered {status}" in notification.error
    assert len(receiver.paths) == 1


@pytest.mark.parametrize(("status", "least"), [(404, 0), (429, 600), (503, 600)])
def test_a_refusal_is_tried_again_and_not_before_it_may_be(team, made, receiver, status, least):
    channel, _ = made
    receiver.answers = [Answer(status=status, headers={"Retry-After": "600"} if least else {})]
    notification = told(report(team), channel)
    sending.send(notification.pk)
    assert least - 5 < seconds_left(notification) < least + 60
    assert (notification.state, notification.error.partition(" answered ")[2][:3]) == ("pending", str(status))


@pytest.mark.promise(19, faults="an answer that never ends")
@pytest.mark.parametrize("answer", [Answer(hangs=True), Answer(drips=True)])
def test_a_receiver_that_never_ends_its_answer_is_not_waited_for(team, made, receiver, monkeypatch, answer):
    monkeypatch.setattr(webhook, "SECONDS", 0.3)
    channel, _ = made
    receiver.answers = [answer]
    notification = told(report(team), channel)
    began = time.monotonic()
    sending.send(notification.pk)
    assert time.monotonic() - began < 10
    notification.refresh_from_db()
    assert notification.state == "pending"
    assert "did not" in notification.error


def test_what_the_receiver_asks_to_wait_is_waited(team, made, receiver):
    channel, _ = made
    receiver.answers = [Answer(status=503, headers={"Retry-After": "600"})]
    notification = told(report(team), channel)
    sending.send(notification.pk)
    assert seconds_left(notification) == pytest.approx(600, abs=20)


REFUSED = [
    "http://example.com/x",
    "https://example.com:22/x",
    "https://user:pw@example.com/x",
    "https://example.com/x#y",
    "https://example.com/x y",
    "https://example.com\\@127.0.0.1/x",
    "https://exa\u00admple.com/x",
    "https://127.0.0.1/x",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://127.1/x",
    "https://[::1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://169.254.169.254/latest",
    "https://100.64.0.1/x",
    "https://localhost/x",
    "https://[bad/x",
    "https://example.com:99999/x",
    "ftp://example.com/x",
    "//example.com/x",
    "https://example.com/" + "x" * 2000,
    "",
]


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_must_not_be_posted_to_is_refused_when_it_is_typed(team, url, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("it was looked up"))
    with pytest.raises(ChannelRefused):
        endpoints.add(team, url=url, name="", wanted=ALERTS, actor="user:ana")
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "2002:7f00:1::"]
)
def test_a_name_that_leads_into_the_house_is_looked_up_once_and_not_reached(team, monkeypatch, address):
    channel, _ = endpoints.add(team, url="https://rebinding.example/x", name="", wanted=ALERTS, actor="user:ana")
    asked = []

    def resolve(host, port, *_, **__):
        asked.append(host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(NotDelivered, match=r"could not be reached \(InvalidIPAddress\)"):
        sending.rehearse(channel, actor="user:ana")
    assert asked == ["rebinding.example"]  # once: there is no second answer to be rebound


def test_an_origin_inside_is_allowed_by_the_settings_only(team, made, receiver, settings):
    channel, _ = made
    settings.WEBHOOK_INSIDE = []
    with pytest.raises(NotDelivered) as refusal:
        sending.rehearse(channel, actor="user:ana")
    assert refusal.value.for_good
    assert not receiver.paths


def publish(team, dataset="mart.shops"):
    owned = factories.make_dataset(dataset, team=team)
    return DatasetPublished(
        run=1, pipeline="orders", dataset=owned.name, period="2013-01-05", version=1, number=1, rows=7
    )


def test_a_team_is_told_of_events_of_its_own_datasets_and_of_nobody_elses(team, receiver):
    wanted = Wanted(alerts=False, kinds=["dataset.published"])
    channel, secret = endpoints.add(team, url=receiver.url, name="", wanted=wanted, actor="user:ana")
    assert "1 outbound webhook was told" in happen(publish(team))
    happen(publish(factories.make_team("others"), "mart.theirs"))
    send_all()
    ((headers, body),) = receiver.heard
    payload = Oracle(secret).verify(body, headers)
    assert payload["type"] == "dataset.published"
    assert (payload["data"]["dataset"], payload["data"]["rows"]) == ("mart.shops", 7)
    assert not Channel.objects.filter(pk=channel.pk, last_ok_at=None).exists()
    report(team)
    assert Notification.objects.filter(channel=channel).count() == 1  # no alerts


def test_an_event_message_that_fails_warns_and_does_not_chase_itself(team, receiver, mailbox):
    wanted = Wanted(alerts=True, kinds=subscribing.KINDS)
    endpoints.add(team, url=receiver.url, name="ours", wanted=wanted, actor="user:ana", owner="ana@example.com")
    receiver.answers = [Answer(status=410)]
    happen(publish(team))
    for _ in range(4):
        send_all()
    assert not Notification.objects.filter(state="pending").exists()
    assert len(receiver.heard) == 1
    assert [mail["To"] for mail in mailbox.messages] == ["ana@example.com"]


def test_what_is_no_longer_wanted_is_not_told(team, receiver):
    wanted = Wanted(alerts=False, kinds=["dataset.published", "run.moved"])
    channel, _ = endpoints.add(team, url=receiver.url, name="", wanted=wanted, actor="user:ana")
    endpoints.change(channel, wanted=Wanted(alerts=False, kinds=["run.moved"]), actor="user:ana")
    assert endpoints.told_of(channel.endpoint) == ["run.moved"]
    happen(publish(team))
    assert not Notification.objects.exists()


def test_every_kind_on_offer_is_heard_by_whom_it_is_wanted(team, receiver):
    assert set(subscribing.KINDS) <= reactions.hear.hears
    good_news = RunMoved(run=1, pipeline="p", period="", state="succeeded")
    assert reactions.hear.ignores(good_news)
    endpoints.add(team, url=receiver.url, name="", wanted=Wanted(alerts=False, kinds=["run.moved"]), actor="user:ana")
    assert not reactions.hear.ignores(good_news)


def test_a_run_that_is_cancelled_is_told_to_a_program_that_wants_ended_runs_and_to_nobody_else(team, receiver):
    factories.make_pipeline("p", team=team)
    cancelled = RunMoved(run=1, pipeline="p", period="", state="cancelled", because="enough")
    assert happen(cancelled) == reactions.NOTHING
    endpoints.add(team, url=receiver.url, name="ours", wanted=Wanted(alerts=False, kinds=(RunMoved.kind,)), actor="a")
    assert happen(cancelled) == "ignored: nothing is wrong or mended by it; 1 outbound webhook was told"
    assert happen(RunMoved(run=1, pipeline="p", period="", state="running")) == reactions.NOTHING
    assert Notification.objects.get().event.body["state"] == "cancelled"
    assert not Alert.objects.exists()


def unable(team, made):
    """The alert that a webhook does not deliver."""
    problem = Problem(rule="channel", subject=f"channel/{made[0].pk}", title="x", what="x", severity="warn", team=team)
    return lifecycle.open_alert(problem, cause=factories.make_event())


def test_a_channel_that_is_switched_off_by_hand_closes_the_alert_that_it_does_not_deliver(team, made):
    alert = unable(team, made)
    sending.switch(made[0], enabled=False, actor="user:ana")
    alert.refresh_from_db()
    assert (alert.state, alert.entries.latest("id").text) == ("resolved", "it was switched off")


def test_a_test_that_goes_through_closes_the_alert_that_it_does_not_deliver(team, made, receiver):
    alert = unable(team, made)
    sending.rehearse(made[0], actor="user:ana")
    alert.refresh_from_db()
    assert (alert.state, alert.entries.latest("id").text) == ("resolved", "a test was delivered by it")


def test_a_message_can_be_sent_again_under_its_id(team, made, receiver):
    channel, _ = made
    notification = told(report(team), channel)
    with pytest.raises(IllegalMove):
        sending.again(notification, actor="user:ana")
    sending.send(notification.pk)
    sending.again(notification, actor="user:ana")
    sending.send(notification.pk)
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    assert (len(receiver.heard), Attempt.objects.count()) == (2, 2)


def test_messages_about_events_are_kept_for_a_month(team, receiver):
    wanted = Wanted(alerts=True, kinds=["dataset.published"])
    endpoints.add(team, url=receiver.url, name="", wanted=wanted, actor="user:ana")
    happen(publish(team))
    report(team)
    send_all()
    assert sending.forget_old(timezone.now() + timedelta(days=29)) == 0
    sending.forget_old(timezone.now() + timedelta(days=31))
    assert [one.about for one in Notification.objects.filter(channel__kind="webhook")] == ["opened"]


def test_neither_the_secret_nor_the_address_is_stored_or_told(team, made, receiver):
    _, secret = made
    receiver.answers = [DOWN]
    report(team)
    send_all()
    models = (Notification, Endpoint, Channel, Alert, Attempt, AuditEntry)
    stored = str([list(model.objects.values()) for model in models])
    assert secret not in stored
    assert "very-secret" not in stored
