"""E-mail, through a real mail server."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from monitoring_app.channels import email
from monitoring_app.channels.message import Message, NotDelivered
from monitoring_app.models import Channel
from tests.monitoring.receivers import Silence
from tests.servers.process import free_port

MESSAGE = Message(
    subject="[Critical] x is late", body="It has not come.\nGrüße", link="https://loop.example/a/", key="n-7"
)


def to(address="ops@example.com"):
    return Channel(kind="email", name=address, address=address)


def test_a_message_arrives_whole(mailbox, settings):
    settings.PUBLIC_URL = "https://loop.example"
    assert email.send(to(), MESSAGE).state == "delivered"
    (mail,) = mailbox.messages
    assert (mail["Subject"], mail["To"]) == (MESSAGE.subject, "ops@example.com")
    assert mail["From"] == settings.DEFAULT_FROM_EMAIL
    assert mail.get_content().replace("\r\n", "\n") == f"{MESSAGE.body}\n\n{MESSAGE.link}\n"
    assert mail["Message-ID"] == "<n-7@loop.example>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_without_a_mail_server_the_message_is_kept(settings):
    settings.MAIL_URL = ""
    assert email.send(to(), MESSAGE).state == "kept"


@pytest.mark.parametrize("refusal", ["450 try again later", "550 no such user"])
def test_what_the_mail_server_says_is_told(mailbox, refusal):
    mailbox.refuse = refusal
    with pytest.raises(NotDelivered, match=refusal) as caught:
        email.send(to(), MESSAGE)
    assert not caught.value.for_good


def test_a_mail_server_that_is_away_is_an_error_in_words(settings):
    settings.MAIL_URL = f"smtp://ops:hunter2@127.0.0.1:{free_port()}"
    with pytest.raises(NotDelivered, match="did not answer: Connection refused") as caught:
        email.send(to(), MESSAGE)
    assert "hunter2" not in str(caught.value)


def test_a_mail_server_that_says_nothing_is_not_waited_for_long(settings, monkeypatch):
    monkeypatch.setattr(email, "SECONDS", 0.2)
    with Silence() as silence:
        settings.MAIL_URL = f"smtp://127.0.0.1:{silence.port}"
        with pytest.raises(NotDelivered, match="did not answer"):
            email.send(to(), MESSAGE)


@pytest.mark.parametrize(
    "address", ["a@example.com\nBcc: eve@example.com", "a b@exa mple.com", "nobody\r\n@example.com"]
)
def test_an_address_that_would_add_a_header_is_refused_for_good(mailbox, address):
    with pytest.raises(NotDelivered):
        email.send(to(address), MESSAGE)
    assert not mailbox.messages


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("smtp", "mail.example", 25, "", "")),
        ("smtp+starttls://ops:p%40ss@mail.example", ("smtp+starttls", "mail.example", 587, "ops", "p@ss")),
        ("smtps://ops:x@mail.example:2465", ("smtps", "mail.example", 2465, "ops", "x")),
    ],
)
def test_the_mail_server_is_read_from_one_address(url, expected):
    server = email.server(url)
    assert (server.scheme, server.host, server.port, server.user, server.password) == expected


@pytest.mark.parametrize("url", ["mail.example:25", "http://mail.example", "smtp://"])
def test_nonsense_fails_loudly(url):
    with pytest.raises(ImproperlyConfigured):
        email.server(url)
