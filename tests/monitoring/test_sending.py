"""Messages are sent at least once, tried again with patience, and never lost in silence."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring_app.alerts import lifecycle, sending, sweeping
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import email
from monitoring_app.channels.message import NotDelivered
from monitoring_app.models import Alert, Channel, Notification
from pipelines_app import vault
from pipelines_app.models import Event
from tests import factories
from tests.monitoring.receivers import Answer
from tests.monitoring.telling import send_all

pytestmark = pytest.mark.django_db
DOWN = Answer(status=500, body="")


@pytest.fixture
def team():
    return factories.make_team("ops")


@pytest.fixture
def by_email(team):
    return Channel.objects.create(team=team, kind="email", name="ops@example.com", address="ops@example.com")


@pytest.fixture
def by_slack(team, slack):
    return Channel.objects.create(team=team, kind="slack", name="#ops", secret=vault.seal(slack.url))


def report(team, subject="raw.x"):
    problem = Problem(rule="late", subject=subject, title=f"{subject} is late", what="…", severity="warn", team=team)
    return lifecycle.open_alert(problem, cause=factories.make_event())


def waited(minutes):
    """As if so many minutes had passed for every message that waits."""
    for notification in Notification.objects.filter(state="pending"):
        notification.not_before -= timedelta(minutes=minutes)
        notification.save(update_fields=["not_before"])


def minutes_left(notification):
    notification.refresh_from_db()
    return (notification.not_before - timezone.now()).total_seconds() / 60


def test_a_message_is_delivered_and_its_channel_remembers(team, by_email, mailbox):
    notification = report(team).notifications.get()
    sending.send(notification.pk)
    sending.send(notification.pk)
    notification.refresh_from_db()
    by_email.refresh_from_db()
    assert (notification.state, notification.attempts, len(mailbox.messages)) == ("delivered", 1, 1)
    assert by_email.last_ok_at is not None
    sent = Event.objects.get(kind="notification.sent")
    assert sent.cause.kind == "alert.opened"


def test_a_message_without_a_mail_server_is_kept_in_the_console(team, by_email, settings):
    settings.MAIL_URL = ""
    notification = report(team).notifications.get()
    sending.send(notification.pk)
    notification.refresh_from_db()
    by_email.refresh_from_db()
    assert (notification.state, by_email.last_ok_at) == ("kept", None)


@pytest.mark.promise(19, faults="a channel that is down")
def test_a_channel_that_is_down_is_tried_again_after_one_two_and_four_minutes(team, by_slack, slack):
    notification = report(team).notifications.get()
    for wait in (1, 2, 4):
        slack.answers = [DOWN]
        sending.send(notification.pk)
        assert minutes_left(notification) == pytest.approx(wait, abs=0.2)
        sending.send(notification.pk)
        assert len(slack.paths) == notification.attempts
        waited(wait)
    sending.send(notification.pk)
    notification.refresh_from_db()
    assert (notification.state, notification.attempts, len(slack.posted)) == ("delivered", 4, 1)


def test_a_rate_limit_is_waited_out(team, by_slack, slack):
    slack.answers = [Answer(status=429, headers={"Retry-After": "600"})]
    notification = report(team).notifications.get()
    sending.send(notification.pk)
    assert minutes_left(notification) == pytest.approx(10, abs=0.2)


@pytest.mark.promise(19, faults="a channel that stays down")
def test_after_eight_attempts_the_owner_is_told_by_another_channel(team, by_slack, by_email, slack, mailbox):
    slack.answers = [Answer(status=410, body="channel_is_archived")] * 8
    alert = report(team)
    for _ in range(8):
        send_all()
        waited(200)
    send_all()
    lost = alert.notifications.get(channel=by_slack)
    assert (lost.state, lost.attempts, lost.error) == ("undelivered", 8, "Slack answered 410 channel_is_archived")
    assert [mail["Subject"] for mail in mailbox.messages] == [
        "[Warning] raw.x is late",
        "[Critical] Slack #ops does not deliver",
    ]
    assert "Slack answered 410 channel_is_archived" in mailbox.messages[1].get_content()
    event = Event.objects.get(kind="notification.undelivered")
    assert event.body["error"] == "Slack answered 410 channel_is_archived"


@pytest.mark.promise(19)
def test_an_owner_without_another_channel_is_told_in_the_console(team, by_slack, settings):
    settings.SLACK_TEST_URL = ""  # so that the address is refused for good, at the first attempt
    report(team)
    send_all()
    told = Alert.objects.get(rule="channel").notifications.get()
    assert told.channel.kind == "console"
    send_all()
    told.refresh_from_db()
    assert told.state == "kept"


def test_a_channel_that_stays_down_is_one_alert_and_its_first_delivery_closes_it(
    team, by_slack, by_email, settings, slack
):
    settings.SLACK_TEST_URL = ""
    for subject in ("raw.a", "raw.b"):
        report(team, subject)
        send_all()
    alert = Alert.objects.get(rule="channel")
    assert alert.count == 2
    settings.SLACK_TEST_URL = slack.url
    report(team, "raw.c")
    send_all()
    alert.refresh_from_db()
    by_slack.refresh_from_db()
    assert (alert.state, by_slack.last_error) == ("resolved", "")


def test_two_channels_that_are_both_down_do_not_chase_each_other(team, by_slack, by_email, settings):
    settings.SLACK_TEST_URL = ""
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    report(team)
    for _ in range(20):
        send_all()
        waited(200)
    assert not Notification.objects.filter(state="pending").exists()
    assert Alert.objects.filter(rule="channel").count() == 2


@pytest.mark.promise(18, faults="a sender that dies between sending and noting")
def test_a_sender_that_dies_after_sending_leaves_a_message_that_is_sent_again(team, by_email, mailbox, monkeypatch):
    notification = report(team).notifications.get()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "_sent", lambda *_, **__: pytest.fail("the sender died"))
        with pytest.raises(pytest.fail.Exception):
            sending.send(notification.pk)
    sending.send(notification.pk)
    assert len(mailbox.messages) == 1  # its lease is not over
    waited(3)
    assert list(sending.due(timezone.now())) == [notification.pk]
    sending.send(notification.pk)
    notification.refresh_from_db()
    assert (notification.state, len(mailbox.messages)) == ("delivered", 2)
    assert len({mail["Message-ID"] for mail in mailbox.messages}) == 1  # so that readers see it once


def test_a_slow_sender_whose_lease_is_over_does_not_spoil_what_another_has_sent(team, by_email, mailbox):
    notification = report(team).notifications.get()
    slow = sending._claim(notification.pk)
    waited(3)
    sending.send(notification.pk)
    sending._failed(slow, NotDelivered("too late"))
    notification.refresh_from_db()
    assert notification.state == "delivered"


def test_the_sweep_rings_for_what_waits_and_not_for_what_is_backing_off(team, by_email, mailbox):
    notification = report(team).notifications.get()
    assert sweeping.sweep(timezone.now() + timedelta(seconds=1)) == 1
    sending._claim(notification.pk)
    assert sweeping.sweep(timezone.now() + timedelta(seconds=1)) == 0
    assert sweeping.sweep(timezone.now() + timedelta(minutes=3)) == 1


def test_a_test_message_says_what_became_of_it(team, by_slack, slack):
    assert sending.rehearse(by_slack, actor="user:ana").state == "delivered"
    slack.answers = [DOWN]
    with pytest.raises(NotDelivered):
        sending.rehearse(by_slack, actor="user:ana")
    by_slack.refresh_from_db()
    assert by_slack.last_error == "Slack answered 500"


def test_hostile_names_reach_people_as_words(team, by_email, by_slack, mailbox, slack):
    report(team, "raw.x\r\nBcc: eve@example.com <!channel>")
    send_all()
    (mail,) = mailbox.messages
    assert mail["Bcc"] is None
    assert "<!channel>" not in slack.posted[0]["text"]


def test_no_secret_is_stored_or_told(team, by_slack, slack):
    slack.answers = [DOWN]
    report(team)
    send_all()
    stored = [
        *Notification.objects.values(),
        *Event.objects.values(),
        *Channel.objects.values(),
        *Alert.objects.values(),
    ]
    assert "very-secret" not in str(stored)


def test_the_lease_outlives_every_answer_that_is_waited_for():
    assert timedelta(seconds=email.SECONDS) * 6 < sending.LEASE
