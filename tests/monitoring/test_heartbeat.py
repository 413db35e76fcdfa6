"""The way of messages is watched: what waits for too long, a mail server that does not answer, a sweep that is dead."""

import socket
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from controlplane import sweep
from monitoring_app.alerts import heartbeat, lifecycle, sending
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import email
from monitoring_app.models import Alert, Channel, Notification
from pipelines_app import vault
from tests import factories
from tests.monitoring.receivers import Silence
from tests.monitoring.telling import send_all
from tests.servers.process import free_port

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=11)


@pytest.fixture
def team(slack):
    """A team with an e-mail address and a Slack webhook."""
    team = factories.make_team("ops", email="ops@example.com")
    Channel.objects.create(team=team, kind="slack", name="ops", secret=vault.seal(slack.url))
    return team


def report(team):
    problem = Problem(rule="late", subject="raw.x", title="raw.x is late", what="…", severity="critical", team=team)
    return lifecycle.open_alert(problem, cause=factories.make_event())


def test_what_waits_for_too_long_is_told_by_another_channel_and_closed_by_a_delivery(team, mailbox, slack):
    mailbox.refuse = "450 later"
    report(team)
    for _ in range(2):
        Notification.objects.filter(state="pending").update(not_before=timezone.now())
        send_all()
    assert heartbeat.watch(timezone.now() + SOON) == 1
    alert = Alert.objects.get(rule="channel")
    assert "It was tried 2 times: The mail server refused: 450 later" in alert.what
    assert [one.channel.kind for one in alert.notifications.all()] == ["slack"]
    send_all()
    assert "does not deliver" in slack.posted[-1]["text"]
    assert heartbeat.watch(timezone.now() + SOON) == 0
    mailbox.refuse = ""
    Notification.objects.filter(state="pending").update(not_before=timezone.now())
    send_all()
    alert.refresh_from_db()
    assert alert.state == "resolved"


def test_a_message_that_nobody_sends_is_noticed_and_one_that_is_held_is_not(team):
    report(team)
    assert heartbeat.watch(timezone.now()) == 0
    Notification.objects.filter(channel__kind="slack").update(not_before=timezone.now() + timedelta(hours=1))
    assert heartbeat.watch(timezone.now() + SOON) == 1
    assert "Nobody has tried to send it" in Alert.objects.get(rule="channel").what


def test_a_mail_server_that_is_away_is_told_of_before_anybody_needs_it(client, settings, mailbox):
    good, settings.REDIS_URL = settings.MAIL_URL, ""
    sweep.beat("sweep", timezone.now())
    settings.MAIL_URL = f"smtp://127.0.0.1:{free_port()}"
    assert "Connection refused" in heartbeat.probe(timezone.now())
    heartbeat.probe(timezone.now())
    alert = Alert.objects.get(rule="mail_server")
    assert (alert.count, alert.state) == (1, "open")
    ready = client.get("/readyz")
    assert (ready.status_code, list(ready.json()["degraded"])) == (200, ["mail"])
    settings.MAIL_URL = good
    assert heartbeat.probe(timezone.now()) == ""
    alert.refresh_from_db()
    assert alert.state == "resolved"
    assert mailbox.messages == []
    assert client.get("/readyz").json() == {"status": "ok"}


def test_without_a_mail_server_there_is_none_to_ask(settings):
    settings.MAIL_URL = ""
    assert heartbeat.probe(timezone.now()) == ""


class Greeter:
    """A mail server that greets, and then never says a word again."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port, self._held = self._socket.getsockname()[1], []
        threading.Thread(target=self._greet, daemon=True).start()
        return self

    def _greet(self):
        try:
            while True:
                connection, _ = self._socket.accept()
                connection.sendall(b"220 hello\r\n")
                self._held.append(connection)
        except OSError:
            return

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self._held:
            one.close()


@pytest.mark.parametrize("server", [Silence, Greeter])
def test_a_mail_server_that_hangs_is_not_waited_for_long_neither_by_a_message_nor_when_it_is_asked(
    settings, monkeypatch, server
):
    monkeypatch.setattr(email, "SECONDS", 0.2)
    with server() as hangs:
        settings.MAIL_URL = f"smtp://127.0.0.1:{hangs.port}"
        assert "did not answer" in email.fault()
        alert = report(factories.make_team("ops", email="ops@example.com"))
        sending.send(alert.notifications.get().pk)
    waits = alert.notifications.get()
    assert (waits.state, waits.attempts) == ("pending", 1)
    assert "did not answer" in waits.error


@pytest.mark.promise(30, faults="a sweep that is silent, asked for by a machine")
def test_a_dead_sweep_turns_readiness_red(client, settings):
    settings.REDIS_URL = ""
    sweep.beat("sweep", timezone.now() - timedelta(minutes=5))
    answer = client.get("/readyz")
    assert (answer.status_code, list(answer.json()["faults"])) == (503, ["sweep"])
    sweep.beat("sweep", timezone.now())
    assert client.get("/readyz").status_code == 200
