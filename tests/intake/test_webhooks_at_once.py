"""Invariants 5, 6 and 8: fifty at once with one id are one arrival and one event, and all are answered the same."""

import json
import threading
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.db import connection, connections
from django.test import Client
from standardwebhooks import Webhook as Oracle

from pipelines_app import lake
from pipelines_app.intake import webhooks
from pipelines_app.models import Arrival, Dataset, Event, KeptMessage, WebhookCall
from tests import road

AT_ONCE = 50
BODY = json.dumps({"period": "2013-01-05", "records": [{"origin": "JFK", "hour": 5}]})


@pytest.fixture
def supplier(transactional_db, settings):
    settings.EVENT_CONSUMERS = {}
    road.register_sample("weather-hourly")
    return webhooks.create(Dataset.objects.get(name="raw.weather"))


def send(webhook, secret, body=BODY):
    now = datetime.now(tz=UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Oracle(secret).sign("msg_1", now, body),
    }
    return Client().post(f"/hooks/{webhook.public_id}", body, content_type="application/json", headers=headers)


def at_once(work):
    """Do the work in fifty threads that begin together; what each came to."""
    begin, came = threading.Barrier(AT_ONCE), []

    def run(number):
        begin.wait(60)
        try:
            came.append(work(number))
        finally:
            if connection.vendor == "postgresql":
                connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return came


def kept():
    """The bytes that are kept, wherever that is."""
    return [*KeptMessage.objects.all(), *(path for path in lake.root().rglob("*") if path.is_file())]


def test_fifty_at_once_with_one_id_are_one_arrival_and_one_answer(supplier, settings, tmp_path):
    settings.LAKE_ROOT = tmp_path
    answers = at_once(lambda _: send(*supplier))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}
    assert len({answer.json()["arrival"] for answer in answers}) == 1
    assert (Arrival.objects.count(), WebhookCall.objects.count(), len(kept())) == (1, 1, 1)
    assert Event.objects.filter(kind__startswith="arrival").count() == 1
    assert WebhookCall.objects.get().repeats == AT_ONCE - 1


def test_fifty_at_once_with_one_id_and_two_bodies_have_one_effect(supplier, settings, tmp_path):
    settings.LAKE_ROOT = tmp_path
    other = BODY.replace("JFK", "LGA")
    answers = at_once(lambda number: send(*supplier, body=other if number % 2 else BODY))
    codes = Counter(answer.status_code for answer in answers)
    assert (codes[201], codes[200], codes[422]) == (1, AT_ONCE // 2 - 1, AT_ONCE // 2)
    assert (Arrival.objects.count(), len(kept())) == (1, 1)
