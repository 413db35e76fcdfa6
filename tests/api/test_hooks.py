"""The door for suppliers: signed messages come in once; anything else changes nothing."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from standardwebhooks import Webhook as Oracle

from pipelines_app import lake
from pipelines_app.intake import webhooks
from pipelines_app.models import Arrival, Dataset, Event, Webhook, WebhookRefusal
from tests import road
from tests.api.callers import refused

pytestmark = pytest.mark.django_db
READINGS = """
pipeline: readings
team: sales
sources:
  raw.readings: {format: jsonl, period: day, columns: {sensor: VARCHAR, value: DOUBLE}}
"""
BODY = json.dumps({"period": "2013-01-05", "records": [{"sensor": "a", "value": 1.5}]})


class Supplier:
    """Signs by the published library, and sends."""

    def __init__(self, dataset):
        webhook, self.secret = webhooks.create(Dataset.objects.get(name=dataset))
        self.webhook = webhook
        self.address = f"/hooks/{webhook.public_id}"

    def signed(self, body, *, message_id="msg_1", at=None, secret=""):
        moment = at or datetime.now(tz=UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Oracle(secret or self.secret).sign(message_id, moment, body),
        }

    def send(self, body=BODY, *, headers=None, kind="application/json", query=""):
        client = Client(enforce_csrf_checks=True)
        given = self.signed(body) if headers is None else headers
        return client.post(self.address + query, body, content_type=kind, headers=given)


@pytest.fixture
def supplier(sales):
    road.register_yaml(READINGS)
    return Supplier("raw.readings")


@pytest.fixture
def nothing_came():
    """Asserts at the end that nothing was taken in and no event recorded."""
    yield
    assert not Arrival.objects.exists()
    assert not Event.objects.filter(kind__startswith="arrival").exists()


def test_a_signed_message_is_taken_in_without_a_token_or_a_form(supplier):
    answer = supplier.send()
    assert answer.status_code == 201
    arrival = Arrival.objects.get()
    assert answer.json() == {"arrival": arrival.pk, "state": "pending", "disposition": ""}
    assert lake.original(arrival.path).read_text() == '{"sensor":"a","value":1.5}\n'
    assert arrival.sender == f"webhook:{supplier.webhook.public_id}"


def test_the_same_message_again_is_200_and_one_arrival(supplier):
    headers = supplier.signed(BODY)
    first, again = supplier.send(headers=headers), supplier.send(headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["arrival"] == again.json()["arrival"]
    assert Event.objects.filter(kind="arrival.accepted").count() == 1


def test_the_same_id_with_another_body_is_422(supplier):
    supplier.send()
    other = BODY.replace("1.5", "2.5")
    refused(supplier.send(other, headers=supplier.signed(other)), 422, "idempotency_key_reused")
    assert Arrival.objects.count() == 1


@pytest.mark.usefixtures("nothing_came")
@pytest.mark.parametrize("lack", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_an_unsigned_message_is_401(supplier, lack):
    headers = supplier.signed(BODY)
    del headers[lack]
    refused(supplier.send(headers=headers), 401, "signature_invalid")


@pytest.mark.promise(8, faults="a forged signature")
@pytest.mark.usefixtures("nothing_came")
def test_a_forged_signature_is_401_and_noted_without_an_event(supplier):
    headers = supplier.signed(BODY, secret="whsec_" + "A" * 44)
    refused(supplier.send(headers=headers), 401, "signature_invalid")
    refusal = WebhookRefusal.objects.get()
    assert (refusal.status, refusal.address) == (401, "127.0.0.1")


@pytest.mark.usefixtures("nothing_came")
@pytest.mark.parametrize("change", ['"1.5"', "9", "1.5 "])
def test_a_signature_holds_for_the_very_bytes(supplier, change):
    refused(supplier.send(BODY.replace("1.5", change), headers=supplier.signed(BODY)), 401, "signature_invalid")


@pytest.mark.promise(8, faults="a stale timestamp")
@pytest.mark.usefixtures("nothing_came")
@pytest.mark.parametrize("minutes", [-6, 6, -600_000])
def test_a_stale_signature_is_401(supplier, minutes):
    headers = supplier.signed(BODY, at=datetime.now(tz=UTC) + timedelta(minutes=minutes))
    refused(supplier.send(headers=headers), 401, "signature_invalid")


@pytest.mark.promise(8, faults="a rotation of secrets")
def test_while_a_secret_is_replaced_both_are_good(supplier):
    old = supplier.secret
    supplier.secret = webhooks.rotate(webhooks.find(supplier.webhook.public_id))
    assert supplier.send(headers=supplier.signed(BODY, message_id="a", secret=old)).status_code == 201
    assert supplier.send(headers=supplier.signed(BODY, message_id="b")).status_code == 201


def test_one_of_several_signatures_is_enough(supplier):
    headers = supplier.signed(BODY)
    headers["webhook-signature"] = f"v1,AAAA v2,x {headers['webhook-signature']}"
    assert supplier.send(headers=headers).status_code == 201


@pytest.mark.usefixtures("nothing_came")
def test_ten_megabytes_are_413_fast(supplier):
    body = "x" * (10 << 20)
    headers = supplier.signed(body)
    began = time.monotonic()
    answer = supplier.send(body, headers=headers, kind="text/plain")
    assert time.monotonic() - began < 1
    refused(answer, 413, "too_large")


class Endless:
    """A chunked body as a server hands it on: its end is not known before it comes."""

    def __init__(self):
        self.taken = 0

    def read(self, size=-1):
        self.taken += size
        return b"x" * size

    readline = read


@pytest.mark.usefixtures("nothing_came")
def test_a_body_without_a_length_is_cut_off_at_the_limit(supplier, settings):
    stream = Endless()
    answer = Client().generic(
        "POST",
        supplier.address,
        **{
            "wsgi.input": stream,
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "CONTENT_LENGTH": "",
        },
    )
    refused(answer, 413, "too_large")
    assert stream.taken <= settings.WEBHOOK_MAX_BYTES + (1 << 20)


@pytest.mark.usefixtures("nothing_came")
@pytest.mark.parametrize(
    "body", ["{", '{"records": [1]}', '{"records": [{"a": 1, "a": 2}]}', '{"period": "x", "records": []}', "[" * 9999]
)
def test_records_that_are_none_are_422(supplier, body):
    refused(supplier.send(body), 422, "arrival_refused")
    assert WebhookRefusal.objects.get().status == 422


def test_a_file_body_keeps_its_bytes(sales, orders):
    supplier = Supplier("raw.orders")
    body = "id,shop,amount\n1,north,2.5\n"
    answer = supplier.send(body, kind="text/csv", query="?name=../orders_2013-01-05.csv")
    assert answer.status_code == 201
    arrival = Arrival.objects.get()
    assert (arrival.name, arrival.period) == ("orders_2013-01-05.csv", "2013-01-05")
    assert lake.original(arrival.path).read_text() == body


@pytest.mark.usefixtures("nothing_came")
def test_an_address_nobody_has_is_404(supplier):
    refused(Client().post("/hooks/nothing", BODY, content_type="application/json"), 404, "not_found")
    Webhook.objects.update(disabled_at=datetime.now(tz=UTC))
    refused(supplier.send(), 404, "not_found")


def test_a_webhook_is_only_posted_to(supplier):
    answer = Client().get(supplier.address)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"
