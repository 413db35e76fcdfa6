"""The other two proofs: signatures as GitHub makes them, and tokens."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from pipelines_app.errors import ArrivalRefused, KeyReused, SignatureInvalid, TooMany
from pipelines_app.intake import proving, rehearsing, webhook_log, webhooks
from pipelines_app.intake.proving import Message
from pipelines_app.models import Arrival, Dataset, WebhookCall
from tests import road

pytestmark = pytest.mark.django_db
BODY = json.dumps({"period": "2013-01-05", "records": [{"origin": "JFK", "hour": 5}]}).encode()
OTHER = BODY.replace(b"JFK", b"LGA")


@pytest.fixture
def weather():
    road.register_sample("weather-hourly")
    return Dataset.objects.get(name="raw.weather")


def sent(headers, body=BODY):
    return Message(headers=headers, body=body, content_type="application/json")


def by_github(secret, body=BODY, delivery="72d3162e-cc78-11e3-81ab-4c9367dc0958"):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return sent({"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Delivery": delivery}, body)


def by_token(secret, body=BODY, key="load-1"):
    return sent({"Authorization": f"Bearer {secret}", "Idempotency-Key": key}, body)


MAKERS = {"github": by_github, "bearer": by_token}


def test_githubs_own_example_of_a_signature_holds():
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert proving.signatures.github("It's a Secret to Everybody", b"Hello, World!") == expected


@pytest.mark.parametrize("kind", MAKERS)
def test_a_message_is_taken_in_once_per_id_and_another_body_under_it_is_refused(weather, kind):
    webhook, secret = webhooks.create(weather, signature=kind)
    first, again = webhooks.receive(webhook, MAKERS[kind](secret), now=timezone.now())
    assert not again
    assert webhooks.receive(webhook, MAKERS[kind](secret), now=timezone.now()) == (first, True)
    with pytest.raises(KeyReused):
        webhooks.receive(webhook, MAKERS[kind](secret, OTHER), now=timezone.now())
    call = WebhookCall.objects.get()
    assert (call.repeats, Arrival.objects.count()) == (1, 1)


@pytest.mark.parametrize("kind", MAKERS)
def test_what_another_secret_proves_changes_nothing(weather, kind):
    webhook, _ = webhooks.create(weather, signature=kind)
    for secret in ("another", "", "é"):
        with pytest.raises(SignatureInvalid):
            webhooks.receive(webhook, MAKERS[kind](secret), now=timezone.now())
    with pytest.raises(SignatureInvalid):
        webhooks.receive(webhook, sent({}), now=timezone.now())
    assert not Arrival.objects.exists()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_secret_that_was_replaced_holds_for_a_day(weather, kind):
    webhook, old = webhooks.create(weather, signature=kind)
    new = webhooks.rotate(webhook)
    webhooks.receive(webhook, MAKERS[kind](old), now=timezone.now())
    webhooks.receive(webhook, MAKERS[kind](new), now=timezone.now())
    with pytest.raises(SignatureInvalid):
        webhooks.receive(webhook, MAKERS[kind](old), now=timezone.now() + timedelta(hours=25))


@pytest.mark.parametrize("kind", MAKERS)
def test_a_message_without_an_id_is_one_of_its_own(weather, kind):
    webhook, _ = webhooks.create(weather, signature=kind)
    for body in (BODY, OTHER):
        headers = {
            name: value for name, value in proving.prove(webhook, body, message_id="", now=now()).items() if value
        }
        assert webhooks.receive(webhook, sent(headers, body), now=now())[1] is False
    assert Arrival.objects.filter(state="pending").count() == 2


def now():
    return datetime.now(tz=UTC)


@pytest.mark.parametrize("kind", ["standard", *MAKERS])
def test_a_test_message_is_proved_as_its_webhook_asks(weather, kind):
    webhook, _ = webhooks.create(weather, signature=kind)
    name = rehearsing.rehearse(webhook, body=BODY, content_type="application/json", period="", now=now())
    assert name.startswith("test-")
    assert not Arrival.objects.exists()


def test_a_test_message_goes_the_way_of_every_message_it_counts_and_its_refusal_is_in_the_log(weather):
    webhook, _ = webhooks.create(weather, per_minute=2)
    at = now().replace(second=5)

    def test(body):
        return rehearsing.rehearse(webhook, body=body, content_type="application/json", period="", now=at)

    with pytest.raises(ArrivalRefused, match="not JSON"):
        test(b"{")
    assert test(BODY)
    with pytest.raises(TooMany):
        test(BODY)
    log = webhook_log.last(webhook)
    assert {(one.status, one.address) for one in log} == {(422, "a test"), (429, "a test")}
    assert not Arrival.objects.exists()


@pytest.mark.parametrize("kind", MAKERS)
def test_one_proof_does_not_stand_for_another(weather, kind):
    webhook, secret = webhooks.create(weather)
    with pytest.raises(SignatureInvalid):
        webhooks.receive(webhook, MAKERS[kind](secret), now=now())
