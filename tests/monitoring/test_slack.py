"""Slack's webhooks, through a receiver that answers as Slack does."""

import socket

import pytest

from monitoring_app.channels import slack as channel
from monitoring_app.channels.message import Message, NotDelivered
from monitoring_app.models import Channel
from pipelines_app import vault
from tests.monitoring.receivers import Answer

MESSAGE = Message(subject="[Critical] x is late", body="It has not come.", link="https://loop.example/a/", key="n-7")


def to(url):
    return Channel(kind="slack", name="#ops", secret=vault.seal(url))


def refusal_of(url):
    with pytest.raises(NotDelivered) as caught:
        channel.send(to(url), MESSAGE)
    return caught.value


def test_a_message_arrives_as_blocks(slack):
    assert channel.send(to(slack.url), MESSAGE).state == "delivered"
    (posted,) = slack.posted
    assert posted["text"] == MESSAGE.subject
    assert [block["type"] for block in posted["blocks"]] == ["header", "section", "section"]
    assert posted["blocks"][1]["text"]["text"] == MESSAGE.body


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, "no_service"), (410, "channel_is_archived"), (500, ""), (204, ""), (400, "invalid_blocks")],
)
def test_whatever_is_not_200_is_an_error_that_may_be_tried_again(slack, status, body):
    slack.answers = [Answer(status=status, body=body)]
    refusal = refusal_of(slack.url)
    assert str(refusal) == f"Slack answered {status} {body}".strip()
    assert not refusal.for_good


def test_a_rate_limit_says_how_long_to_wait_and_nobody_sleeps(slack):
    slack.answers = [Answer(status=429, headers={"Retry-After": "30"})]
    assert refusal_of(slack.url).retry_after == 30
    assert len(slack.paths) == 1


@pytest.mark.parametrize("to", ["/elsewhere", "http://169.254.169.254/latest", "http://10.0.0.1/"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(slack, status, to):
    slack.answers = [Answer(status=status, body="", headers={"Location": to})]
    assert f"answered {status}" in str(refusal_of(slack.url))
    assert len(slack.paths) == 1


def test_an_answer_that_never_comes_is_not_waited_for_long(slack, monkeypatch):
    monkeypatch.setattr(channel, "SECONDS", 0.2)
    slack.answers = [Answer(hangs=True)]
    assert "did not answer" in str(refusal_of(slack.url))


def test_an_error_never_shows_the_secret_address(settings, slack):
    slack.__exit__()
    assert "very-secret" not in str(refusal_of(slack.url))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com@127.0.0.1/x",
        "https://user:pw@hooks.slack.com/x",
        "https://hooks.slack.com.evil.example/x",
        "https://evil.example/hooks.slack.com",
        "https://hooks.slack.com\\@127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[2002:7f00:1::]/x",
        "https://[bad/x",
        "https://localhost/x",
        "https://xn--hooks-slack.com/x",
        "https://hooks.slack.com:99999/x",
        "file:///etc/passwd",
        "ftp://hooks.slack.com/x",
        "//hooks.slack.com/x",
        "",
    ],
)
def test_only_slack_itself_is_posted_to(url, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("it was looked up"))
    assert refusal_of(url).for_good


@pytest.mark.parametrize("url", ["https://hooks.slack.com/services/T/B/x", "https://hooks.slack.com:443/services/x"])
def test_slack_itself_is_allowed(url):
    assert channel.refused(url) == ""


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "100.64.0.1"]
)
def test_a_slack_host_that_resolves_into_the_house_is_not_reached(monkeypatch, address):
    asked = []

    def resolve(host, port, *_, **__):
        asked.append(host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    refusal = refusal_of("https://hooks.slack.com/services/x")
    assert str(refusal) == "Slack could not be reached (InvalidIPAddress)."
    assert asked == ["hooks.slack.com"]  # once: there is no second answer to be rebound


def test_the_address_for_trying_is_allowed_by_its_whole_text_only(slack):
    assert refusal_of(slack.url + "x").for_good
    assert not slack.paths


def test_a_secret_of_another_key_is_an_error_in_words(settings):
    sealed = to("https://hooks.slack.com/x")
    settings.VAULT_KEYS = ["YW5vdGhlci1rZXktb2YtdGhpcnR5LXR3by1ieXRlcyE="]
    with pytest.raises(NotDelivered, match="a key that is gone"):
        channel.send(sealed, MESSAGE)
