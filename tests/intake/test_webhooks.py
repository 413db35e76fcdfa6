"""Signed messages by the Standard Webhooks specification; the published library's own signatures are the oracle."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Oracle

from pipelines_app.access import signatures
from pipelines_app.errors import ArrivalRefused, KeyReused, SignatureInvalid
from pipelines_app.intake import webhooks
from pipelines_app.intake.proving import Message
from pipelines_app.models import Arrival, Dataset, Event, Webhook, WebhookCall
from tests import factories, road

pytestmark = pytest.mark.django_db
RECORDS = {"period": "2013-01-05", "records": [{"origin": "JFK", "hour": 5}, {"origin": "LGA", "hour": 6}]}


@pytest.fixture
def hook() -> tuple[Webhook, str]:
    road.register_sample("weather-hourly")
    webhook, secret = webhooks.create(Dataset.objects.get(name="raw.weather"))
    return webhooks.find(webhook.public_id), secret


def signed(
    secret: str, body: bytes, *, message_id: str = "msg_1", at: datetime | None = None, kind: str = ""
) -> Message:
    moment = at or datetime.now(tz=UTC)
    headers = {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(int(moment.timestamp())),
        "Webhook-Signature": signatures.standard(secret, message_id=message_id, at=moment, body=body),
    }
    return Message(headers=headers, body=body, content_type=kind or "application/json")


@pytest.mark.promise(8)
def test_our_signatures_are_those_of_the_specifications_library() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime(2024, 5, 1, 12, 0, 7, tzinfo=UTC)
    body = '{"test": 2432232314}'
    expected = Oracle(secret).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
    assert signatures.standard(secret, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=at, body=body.encode()) == expected


def test_records_become_an_arrival_of_json_lines(hook) -> None:
    webhook, secret = hook
    message = signed(secret, json.dumps(RECORDS).encode())
    arrival, again = webhooks.receive(webhook, message, now=timezone.now())
    assert not again
    assert arrival.period == "2013-01-05"
    assert road.receiving.lake.original(arrival.path).read_text().splitlines() == [
        '{"origin":"JFK","hour":5}',
        '{"origin":"LGA","hour":6}',
    ]


@pytest.mark.promise(8, faults="a message that comes twice")
def test_the_same_message_twice_is_one_arrival(hook) -> None:
    webhook, secret = hook
    message = signed(secret, json.dumps(RECORDS).encode())
    first, _ = webhooks.receive(webhook, message, now=timezone.now())
    second, again = webhooks.receive(webhook, message, now=timezone.now())
    assert again
    assert first == second
    assert Event.objects.filter(kind="arrival.accepted").count() == 1


def test_the_same_id_with_another_body_is_refused(hook) -> None:
    webhook, secret = hook
    webhooks.receive(webhook, signed(secret, json.dumps(RECORDS).encode()), now=timezone.now())
    other = json.dumps({**RECORDS, "period": "2013-01-06"}).encode()
    with pytest.raises(KeyReused):
        webhooks.receive(webhook, signed(secret, other), now=timezone.now())
    assert Arrival.objects.count() == 1


def test_two_secrets_live_while_one_is_rotated_and_the_old_one_ends(hook) -> None:
    webhook, old = hook
    new = webhooks.rotate(webhook)
    body = json.dumps(RECORDS).encode()
    for number, secret in enumerate((old, new)):
        webhooks.receive(webhook, signed(secret, body, message_id=f"msg_{number}"), now=timezone.now())
    later = timezone.now() + timedelta(days=2)
    with pytest.raises(SignatureInvalid):
        webhooks.receive(webhook, signed(old, body, message_id="msg_3", at=later), now=later)


def forged(secret: str, body: bytes) -> Message:
    return signed("whsec_" + "AAAA" * 10, body)


def stale(secret: str, body: bytes) -> Message:
    return signed(secret, body, at=datetime.now(tz=UTC) - timedelta(minutes=6))


def of_the_future(secret: str, body: bytes) -> Message:
    return signed(secret, body, at=datetime.now(tz=UTC) + timedelta(minutes=6))


def changed_on_the_way(secret: str, body: bytes) -> Message:
    message = signed(secret, body)
    return Message(headers=message.headers, body=body + b" ", content_type=message.content_type)


def unsigned(secret: str, body: bytes) -> Message:
    return Message(headers={}, body=body, content_type="application/json")


def nonsense_stamp(secret: str, body: bytes) -> Message:
    message = signed(secret, body)
    return Message(headers={**message.headers, "Webhook-Timestamp": "noon"}, body=body, content_type="")


def nonsense_signature(secret: str, body: bytes) -> Message:
    message = signed(secret, body)
    return Message(headers={**message.headers, "Webhook-Signature": "v1 ,, é v2,xx"}, body=body, content_type="")


@pytest.mark.parametrize(
    "spoil", [forged, stale, of_the_future, changed_on_the_way, unsigned, nonsense_stamp, nonsense_signature]
)
def test_a_message_that_is_not_the_suppliers_leaves_no_event_and_no_file(hook, spoil) -> None:
    webhook, secret = hook
    events = Event.objects.count()
    with pytest.raises(SignatureInvalid):
        webhooks.receive(webhook, spoil(secret, json.dumps(RECORDS).encode()), now=timezone.now())
    assert Event.objects.count() == events
    assert not Arrival.objects.exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not json", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"period": "2013-01-05", "records": [1, 2]}', "JSON object"),
        (b'{"period": "someday", "records": [{}]}', "no day"),
        (b'{"period": "2013-02-30", "records": [{}]}', "no day"),
        (b'{"period": "9999-12-31", "records": [{}]}', "no day"),
        (b'{"period": ["2013-01-05"], "records": [{}]}', "no day"),
        (b'{"records": [{"a": 1, "a": 2}], "period": "2013-01-05"}', "twice"),
        (b"[" * 100_000, "levels deep"),
        (b"[" * 65 + b"]" * 65, "levels deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a": NaN}', "NaN is not JSON"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_in_words(hook, body: bytes, said: str) -> None:
    webhook, secret = hook
    with pytest.raises(ArrivalRefused, match=said):
        webhooks.receive(webhook, signed(secret, body), now=timezone.now())
    assert not Arrival.objects.exists()


def test_the_same_id_for_another_period_is_refused(hook) -> None:
    webhook, secret = hook
    plain = signed(secret, b'{"origin": "JFK"}\n', kind="application/x-ndjson")
    for period, expected in (("2013-01-05", False), ("2013-01-05", True)):
        message = replace(plain, name="weather.jsonl", period=period)
        assert webhooks.receive(webhook, message, now=timezone.now())[1] is expected
    with pytest.raises(KeyReused):
        webhooks.receive(webhook, replace(plain, name="weather.jsonl", period="2013-01-06"), now=timezone.now())


def test_an_id_that_is_too_long_is_refused_rather_than_cut(hook) -> None:
    webhook, secret = hook
    body = json.dumps(RECORDS).encode()
    with pytest.raises(SignatureInvalid, match="201 characters"):
        webhooks.receive(webhook, signed(secret, body, message_id="x" * 201), now=timezone.now())


def test_a_file_body_is_kept_as_it_is(hook) -> None:
    webhook, secret = hook
    body = b'{"origin": "JFK"}\n'
    plain = signed(secret, body, kind="application/x-ndjson")
    message = Message(
        headers=plain.headers, body=body, content_type=plain.content_type, name="weather.jsonl", period="2013-01-05"
    )
    arrival, _ = webhooks.receive(webhook, message, now=timezone.now())
    assert (arrival.name, arrival.bytes) == ("weather.jsonl", len(body))


def test_ids_are_kept_for_a_month_and_the_last_fifty_of_a_webhook_for_ever(hook) -> None:
    webhook, _ = hook
    other, _ = webhooks.create(webhook.dataset)
    old = timezone.now() - webhooks.CALLS_LIVE - timedelta(hours=1)
    for number in range(60):
        for of, prefix in ((webhook, "a"), (other, "b")):
            if of is webhook or number < 3:
                arrival = factories.make_arrival(of.dataset)
                call = {"message_id": f"{prefix}{number}", "digest": "x", "arrival": arrival, "at": old}
                WebhookCall.objects.create(webhook=of, **call)
    assert webhooks.forget_old_calls(timezone.now() - timedelta(days=2)) == 0
    assert webhooks.forget_old_calls(timezone.now()) == 10
    assert set(WebhookCall.objects.filter(webhook=webhook).values_list("message_id", flat=True)) == {
        f"a{number}" for number in range(10, 60)
    }
    assert WebhookCall.objects.filter(webhook=other).count() == 3
