"""What is said, and what cannot be smuggled into it."""

from datetime import UTC, datetime

import pytest

from monitoring_app.alerts import messages
from monitoring_app.channels import slack
from monitoring_app.channels.message import Message
from monitoring_app.models import About, Alert

AT = datetime(2013, 2, 9, 14, 5, tzinfo=UTC)


def an_alert(**fields):
    values = {
        "pk": 7,
        "subject": "mart.daily_operations",
        "title": "mart.daily_operations does not keep share_cancelled",
        "what": "2013-02-08: share_cancelled is 0.51, must be <= 0.2",
        "todo": "Look at the rows.",
        "severity": "warn",
        "pipeline": "flights-daily",
        "run": 41,
        "first_at": AT,
        "last_at": AT,
        "cause": "",
    }
    return Alert(**{**values, **fields})


def write(about=About.OPENED, because="", **fields):
    return messages.write(an_alert(**fields), about, public_url="https://loop.example/", because=because)


def test_a_message_says_what_where_since_when_how_often_what_to_do_and_where_to_look():
    written = write(count=2)
    assert written.subject == "[Warning] mart.daily_operations does not keep share_cancelled"
    assert written.body == (
        "2013-02-08: share_cancelled is 0.51, must be <= 0.2\n\nWhat to do: Look at the rows.\n\n"
        "About: mart.daily_operations\nSince: 9 February 2013, 14:05 UTC\n"
        "Reported: 2 times, last 9 February 2013, 14:05 UTC\nPipeline: flights-daily, run 41"
    )
    assert written.link == "https://loop.example/alerts/7/"


@pytest.mark.parametrize(
    ("about", "mark"),
    [
        (About.OPENED, "[Warning]"),
        (About.WORSE, "[Worse: warning]"),
        (About.STILL_OPEN, "[Still open: warning]"),
        (About.RESOLVED, "[Resolved]"),
    ],
)
def test_a_subject_begins_with_what_happened(about, mark):
    assert write(about).subject.startswith(f"{mark} mart.")


def test_a_resolved_message_says_why_and_asks_for_nothing():
    body = write(About.RESOLVED, because="share_cancelled holds for 2013-02-10").body
    assert body.startswith("Resolved: share_cancelled holds for 2013-02-10")
    assert "What to do" not in body


@pytest.mark.parametrize(
    "title", ["a\nBcc: eve@example.com", "a\r\nBcc: eve", "a\x00b", "a\u202eb", "a\u2028b", "x" * 999]
)
def test_a_subject_is_one_short_line(title):
    subject = write(title=title).subject
    assert subject.isprintable()
    assert len(subject) <= messages.SUBJECT


def test_a_body_keeps_its_lines_and_no_other_control_character():
    assert messages.readable("a\nb\x1b[31m\rc\u202ed", 99) == "a\nb [31m c d"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59, "59 s"), (61, "1 min"), (7500, "2 h 5 min"), (90_000, "1 d 1 h")],
)
def test_lengths_of_time(seconds, said):
    assert messages.length(seconds) == said


def slack_texts(subject, body):
    message = Message(subject=subject, body=body, link="https://loop.example/alerts/7/", key="k")
    made = slack.payload(message)
    header, section, link = made["blocks"]
    return made["text"], header["text"], section["text"], link["text"]


def test_a_slack_message_calls_nobody_and_hides_no_link():
    hostile = "<!channel> <https://evil.example|click> & @channel @here @everyone <@U123>"
    text, header, section, link = slack_texts(hostile, hostile)
    for said in (text, header["text"], section["text"]):
        assert "<" not in said
        assert not any(mention in said for mention in ("@channel", "@here", "@everyone"))
    assert header["type"] == section["type"] == "plain_text"
    assert link["text"] == "<https://loop.example/alerts/7/|Open in Loopline>"


@pytest.mark.parametrize("body", ["x" * 9000, "&" * 9000, "<@here>" * 2000, "é\u202e🛫" * 3000])
def test_a_slack_message_stays_within_its_limits_and_cuts_no_mark_in_two(body):
    _, header, section, _ = slack_texts(body, body)
    assert 0 < len(header["text"]) <= slack.HEADER
    assert 0 < len(section["text"]) <= slack.SECTION
    assert header["text"].count("&") == sum(header["text"].count(mark) for mark in ("&amp;", "&lt;", "&gt;"))
