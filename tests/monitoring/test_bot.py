"""Slack through an app: one thread for each alert, through a receiver that answers as Slack's API does."""

import json

import pytest

from monitoring_app.alerts import lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import bot, keeping
from monitoring_app.channels.message import Message, NotDelivered
from monitoring_app.models import Channel
from pipelines_app import vault
from tests import factories
from tests.monitoring.receivers import Answer
from tests.monitoring.telling import send_all

TOKEN = "xoxb-1234567890-very-secret"
MESSAGE = Message(subject="x is late", body="It has not come.", link="https://loop.example/a/", key="n-7")


@pytest.fixture
def api(slack, settings):
    settings.SLACK_API = slack.url.partition("/services")[0] + "/api/"
    return slack


def said(**body):
    return Answer(body=json.dumps({"ok": True, "channel": "C0PSHERE", **body}))


def to():
    return Channel(kind="bot", name="#ops", address="C0PSHERE", secret=vault.seal(TOKEN))


@pytest.mark.django_db
def test_an_alert_is_a_thread_whose_first_message_says_when_it_is_over(api):
    team = factories.make_team("ops")
    keeping.add_bot(team, token=TOKEN, place="C0PSHERE", name="#ops", actor="user:ana")
    problem = Problem(rule="late", subject="raw.x", title="x is late", what="…", severity="warn", team=team)
    lifecycle.open_alert(problem, cause=factories.make_event())
    api.answers = [said(ts="17.001"), said(ts="17.002"), said(ts="17.001")]
    send_all()
    lifecycle.resolve("late", "raw.x", because="it came", cause=factories.make_event())
    send_all()
    assert api.paths == ["/api/chat.postMessage", "/api/chat.postMessage", "/api/chat.update"]
    first, reply, update = api.posted
    assert "thread_ts" not in first
    assert (reply["thread_ts"], update["ts"]) == ("17.001", "17.001")
    assert update["text"] == "[Resolved] x is late"
    assert api.heard[0][0]["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("answer", "words", "for_good"),
    [
        (Answer(body='{"ok": false, "error": "channel_not_found"}'), "Slack refused: channel_not_found", True),
        (Answer(body='{"ok": false, "error": "ratelimited"}'), "Slack refused: ratelimited", False),
        (Answer(body="[1]"), "it did not say why", False),
        (Answer(body="<html>"), "no JSON", False),
        (Answer(status=404, body="no"), "Slack answered 404", False),
        (Answer(status=500, body=""), "Slack answered 500", False),
        (Answer(status=302, body="", headers={"Location": "http://10.0.0.1/"}), "Slack answered 302", False),
    ],
)
def test_what_is_no_yes_is_an_error_in_words_without_the_token(api, answer, words, for_good):
    api.answers = [answer]
    with pytest.raises(NotDelivered) as caught:
        bot.send(to(), MESSAGE)
    assert words in str(caught.value)
    assert (caught.value.for_good, TOKEN in str(caught.value), len(api.paths)) == (for_good, False, 1)


def test_a_rate_limit_says_how_long_to_wait(api):
    api.answers = [Answer(status=429, headers={"Retry-After": "30"})]
    with pytest.raises(NotDelivered) as caught:
        bot.send(to(), MESSAGE)
    assert caught.value.retry_after == 30


@pytest.mark.parametrize(
    ("token", "place"), [("xoxp-1234567890", "C0PSHERE"), ("xoxb-12345 67890", "C0PSHERE"), (TOKEN, "#ops"), ("", "")]
)
def test_what_is_no_token_and_no_channel_is_refused(token, place):
    assert bot.refused(token, place)
