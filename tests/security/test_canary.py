"""Secrets that were used are nowhere to be found: not in the database, on pages, in answers, mails, exports or logs."""

import json
import logging

import pytest
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client

from monitoring_app.models import Channel, ChannelKind, Notification
from pipelines_app import vault
from pipelines_app.access import tokens
from pipelines_app.intake import webhooks
from pipelines_app.models import Dataset, Role, Webhook, WebhookRefusal
from tests import factories, road
from tests.monitoring.receivers import Mailbox
from tests.security.crawling import crawl
from tests.security.world import DAY, OPEN, ORDERS

SLACK = "http://127.0.0.1:9/services/canary-slack-4711"
PASSWORD = "canary-password-4711"
MAIL_PASSWORD = "canary-mail-4711"
WRONG_PASSWORD = "canary-mistyped-4711"
LISTS = ("me", "teams", "pipelines", "datasets", "runs", "events", "deliveries", "alerts", "notifications", "slots")
CSVS = ("/events/?format=csv", "/audit?format=csv", "/runs/?format=csv", "/arrivals?format=csv")


def test_no_secret_is_anywhere_after_it_was_used(db, settings, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    settings.SLACK_TEST_URL = SLACK
    settings.MAIL_URL = f"smtp://mailer:{MAIL_PASSWORD}@127.0.0.1:9"
    client, token = Client(), _person()
    assert client.post("/sign-in", {"username": "ada", "password": WRONG_PASSWORD}).status_code == 422
    assert client.post("/sign-in", {"username": "ada", "password": PASSWORD}).status_code == 302
    webhook, signing = webhooks.create(Dataset.objects.get(name="raw.orders"))
    second = webhooks.rotate(webhook)
    places = {"mistyped": _use(token, webhook, signing)}
    road.drain()
    assert Notification.objects.exclude(error="").count() == 2  # both channels were tried
    for page in crawl(client, "/", *CSVS, *(f"/api/v1/{name}" for name in LISTS)):
        places[page.address] = page.text
    places["database"] = _database()
    places["log"] = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    places["streams"] = "".join(capfd.readouterr())
    assert len(places) > 60
    secrets = [SLACK, "canary", signing, signing.removeprefix("whsec_"), second, second[6:], token, token[12:]]
    assert not [f"{place}: {secret}" for place, text in places.items() for secret in secrets if secret in text]


def _person() -> str:
    """The team's pipeline, its channels and its admin; the secret of her token."""
    road.register_yaml(OPEN)
    team = road.team("people")
    ada = factories.make_user("ada", team=team, role=Role.ADMIN, superuser=True)
    ada.set_password(PASSWORD)
    ada.save()
    Channel.objects.create(team=team, kind=ChannelKind.SLACK, name="the room", secret=vault.seal(SLACK))
    Channel.objects.create(team=team, kind=ChannelKind.EMAIL, name="the list", address="list@example.org")
    return tokens.issue(ada, name="nightly")[1]


def _use(token: str, webhook: Webhook, signing: str) -> str:
    """Use them well and badly; what a mistyped token is answered."""
    bearer = Client(headers={"Authorization": f"Bearer {token}"})
    sending = f"/api/v1/datasets/raw.orders/arrivals?name=orders_{DAY}.csv"
    assert bearer.post(sending, ORDERS, content_type="text/csv").status_code == 201
    forged = {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": f"v1,{signing}"}
    there = f"/hooks/{webhook.public_id}"
    assert bearer.post(there, b"{}", content_type="text/csv", headers=forged).status_code == 401
    assert WebhookRefusal.objects.exists()
    return bearer.get("/api/v1/me", headers={"Authorization": f"Bearer {token}x"}).content.decode()


def _database() -> str:
    """Every value of every row of every table, sessions opened."""
    told = [json.dumps(SessionStore().decode(session.session_data)) for session in Session.objects.all()]
    for model in apps.get_models():
        told += [str(row) for row in model._base_manager.values()]
    return "\n".join(told)


def test_a_mail_and_an_alert_hold_nothing_but_what_they_are_about(db, settings):
    road.register_yaml(OPEN)
    team = road.team("people")
    Channel.objects.create(team=team, kind=ChannelKind.SLACK, name="the room", secret=vault.seal(SLACK), enabled=False)
    Channel.objects.create(team=team, kind=ChannelKind.EMAIL, name="the list", address="list@example.org")
    with Mailbox() as box:
        settings.MAIL_URL = box.url
        road.send("raw.orders", ORDERS, name=f"orders_{DAY}.csv")
        road.drain()
        mails = [mail.as_string() for mail in box.messages]
    assert mails
    assert not [mail for mail in mails if "canary" in mail]


@pytest.mark.parametrize("page", ["/tokens", "/webhooks/new"])
def test_a_secret_is_shown_once_and_never_kept_by_a_cache(db, client, page):
    road.register_yaml(OPEN)
    client.force_login(factories.make_user("ed", team=road.team("people"), role=Role.EDITOR))
    answer = client.post(page, {"name": "mine", "days": "30", "dataset": "raw.orders"})
    shown = answer.context["secret"]
    assert shown in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert not [visited.address for visited in crawl(client, "/") if shown in visited.text]
