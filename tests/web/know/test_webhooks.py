"""Webhooks: secrets shown once, tests that change nothing, commands that work as they stand."""

import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from pipelines_app import vault
from pipelines_app.intake import proving, refusals, webhooks
from pipelines_app.intake.refusals import Refusal
from pipelines_app.models import Arrival, AuditEntry, Dataset, Event, Webhook, WebhookCall, WebhookRefusal
from tests import factories, road

READINGS = """
pipeline: readings
team: sales
sources:
  raw.readings:
    format: jsonl
    period: day
    columns: {sensor: VARCHAR, value: DOUBLE, at: TIMESTAMP}
"""


@pytest.fixture
def hook(orders):
    """A webhook for records, and its secret."""
    road.register_yaml(READINGS)
    return webhooks.create(Dataset.objects.get(name="raw.readings"))


def secret_in(answer):
    return re.search(r"whsec_[A-Za-z0-9+/=]+", unescape(answer.content.decode()))[0]


def test_a_secret_is_on_one_page_and_nowhere_else(orders, ana):
    made = ana.post("/webhooks/new", {"dataset": "raw.orders"})
    secret, hook = secret_in(made), Webhook.objects.get()
    assert vault.open_sealed(hook.secret) == secret
    assert "no-store" in made["Cache-Control"]
    for path in (f"/webhooks/{hook.pk}", "/webhooks", "/datasets/raw.orders?tab=use", "/audit"):
        assert secret not in ana.get(path).content.decode()
    assert secret not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.filter(action="webhook.created", actor="user:ana").exists()


def test_a_new_secret_leaves_the_old_one_for_a_day(hook, ana):
    webhook, old = hook
    new = secret_in(ana.post(f"/webhooks/{webhook.pk}/rotate"))
    webhook.refresh_from_db()
    assert vault.open_sealed(webhook.secret) == new != old
    assert "The secret before holds until" in ana.get(f"/webhooks/{webhook.pk}").content.decode()


def test_a_test_message_goes_the_whole_way_and_leaves_nothing(hook, ana, settings, tmp_path):
    settings.LAKE_ROOT = tmp_path
    webhook, _ = hook
    before = Event.objects.count()
    body = '{"period": "2013-02-08", "records": [{"sensor": "a", "value": 1, "at": "2013-02-08T05:00:00"}]}'
    answer = ana.post(f"/webhooks/{webhook.pk}", {"body": body, "period": "2013-02-08"})
    assert "then taken back: nothing is stored" in ana.get(answer["Location"]).content.decode()
    assert (Arrival.objects.count(), WebhookCall.objects.count(), Event.objects.count()) == (0, 0, before)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("body", "why"),
    [("not json", "The body is not JSON"), ("[1]", "Every record has to be a JSON object"), ("{}", "gives no day")],
)
def test_a_test_message_that_would_be_refused_says_why(hook, ana, body, why):
    answer = ana.post(f"/webhooks/{hook[0].pk}", {"body": body})
    assert answer.status_code == 422
    assert why in answer.content.decode()


@pytest.mark.parametrize("person", ["vic", "oto"])
def test_who_may_not_edit_the_source_sees_and_changes_nothing(hook, request, person):
    client, (webhook, _) = request.getfixturevalue(person), hook
    assert client.get(f"/webhooks/{webhook.pk}").status_code == 404
    assert client.post(f"/webhooks/{webhook.pk}/rotate").status_code == 404
    assert client.post(f"/webhooks/{webhook.pk}/disable", {"confirm": webhook.public_id}).status_code == 404
    assert client.post("/webhooks/new", {"dataset": "raw.orders"}).status_code == 404
    assert webhook.public_id not in client.get("/webhooks").content.decode()
    assert Webhook.objects.filter(disabled_at=None).count() == 1


def test_closing_an_address_takes_its_name_typed(hook, ana):
    webhook, _ = hook
    ana.post(f"/webhooks/{webhook.pk}/disable", {"confirm": "yes"})
    assert Webhook.objects.get().disabled_at is None
    ana.post(f"/webhooks/{webhook.pk}/disable", {"confirm": webhook.public_id})
    assert Webhook.objects.get().disabled_at is not None


def test_refusals_are_listed_with_their_reasons(hook, ana):
    refusal = Refusal(status=401, code="x", reason="The signature does not fit <b>", address="10.0.0.7", bytes=9)
    refusals.note(hook[0], refusal, now=timezone.now())
    refusals.note(hook[0], refusal, now=timezone.now() + timedelta(minutes=1))
    shown = ana.get(f"/webhooks/{hook[0].pk}").content.decode()
    assert "The signature does not fit &lt;b&gt;" in shown
    assert "2 or more" in shown
    assert "10.0.0.7" in shown


def test_what_was_taken_is_listed_with_its_repeats_and_can_be_replayed(hook, ana):
    webhook, _ = hook
    body = b'{"period": "2013-02-08", "records": [{"sensor": "a", "value": 1, "at": "2013-02-08T05:00:00"}]}'
    headers = proving.prove(webhook, body, message_id="m-<1>", now=timezone.now())
    for _ in range(3):
        Client().post(f"/hooks/{webhook.public_id}", body, content_type="application/json", headers=headers)
    shown = ana.get(f"/webhooks/{webhook.pk}").content.decode()
    assert "m-&lt;1&gt;" in shown
    assert "and 200 2 times" in shown
    assert f"/arrivals/{Arrival.objects.get().pk}/replay" in shown


@pytest.mark.parametrize("messages", [0, 60])
def test_the_page_takes_the_same_number_of_queries_however_much_came(hook, ana, messages, django_assert_num_queries):
    webhook, _ = hook
    for number in range(messages):
        arrival = factories.make_arrival(webhook.dataset)
        WebhookCall.objects.create(webhook=webhook, message_id=f"m{number}", digest="x", arrival=arrival)
        WebhookRefusal.objects.create(webhook=webhook, status=401, reason="no")
    ana.get(f"/webhooks/{webhook.pk}")
    with django_assert_num_queries(6):
        shown = ana.get(f"/webhooks/{webhook.pk}").content.decode()
    assert shown.count('<span class="badge ') == min(messages, 50)


@pytest.mark.parametrize("more", [0, 10])
def test_the_list_takes_the_same_number_of_queries_for_any_number(hook, ana, more, django_assert_num_queries):
    for _ in range(more):
        webhooks.create(hook[0].dataset)
    ana.get("/webhooks")
    with django_assert_num_queries(5):
        ana.get("/webhooks")


@pytest.mark.parametrize(("signature", "shown"), [("github", "GitHub-style"), ("bearer", "Bearer token")])
def test_a_webhook_is_made_with_another_proof_and_a_limit(orders, ana, signature, shown):
    made = ana.post("/webhooks/new", {"dataset": "raw.orders", "signature": signature, "per_minute": "7"})
    hook = Webhook.objects.get()
    assert (hook.signature, hook.per_minute) == (signature, 7)
    assert vault.open_sealed(hook.secret) in made.content.decode()
    assert shown in made.content.decode()


@pytest.mark.parametrize("wrong", [{"signature": "none"}, {"per_minute": "0"}, {"per_minute": "many"}])
def test_a_webhook_that_cannot_be_is_refused_on_the_form(orders, ana, wrong):
    answer = ana.post("/webhooks/new", {"dataset": "raw.orders", **wrong})
    assert answer.status_code == 422
    assert not Webhook.objects.exists()


def test_a_closed_address_is_opened_again_and_both_are_audited(hook, ana):
    webhook, _ = hook
    ana.post(f"/webhooks/{webhook.pk}/disable", {"confirm": webhook.public_id})
    assert "answered 404 since" in ana.get(f"/webhooks/{webhook.pk}").content.decode()
    ana.post(f"/webhooks/{webhook.pk}/enable")
    assert Webhook.objects.get().disabled_at is None
    done = AuditEntry.objects.filter(action__startswith="webhook.").order_by("pk")
    assert list(done.values_list("action", flat=True)) == ["webhook.disabled", "webhook.enabled"]
    again = ana.get(ana.post(f"/webhooks/{webhook.pk}/enable")["Location"]).content.decode()
    assert "The address is open already." in again


def snippet(client, webhook, name):
    shown = client.get(f"/webhooks/{webhook.pk}").content.decode()
    return unescape(re.search(rf'<code id="snippet-{name}">(.*?)</code>', shown, re.S)[1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("signature", ["standard", "github", "bearer"])
@pytest.mark.parametrize("name", ["python", "curl"])
def test_a_command_works_as_it_stands(hook, ana, live_server, settings, tmp_path, name, signature):
    settings.PUBLIC_URL = live_server.url
    tools = ["curl", "openssl", "od", "base64", "bash"]
    if name == "curl" and not all(shutil.which(tool) for tool in tools):
        pytest.skip(f"needs {', '.join(tools)}")
    webhook, secret = webhooks.create(hook[0].dataset, signature=signature)
    program = [sys.executable, "-c"] if name == "python" else ["bash", "-c"]
    subprocess.run(
        [*program, snippet(ana, webhook, name)],
        env={**os.environ, "WEBHOOK_SECRET": secret, "no_proxy": "*"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert Arrival.objects.get().dataset.name == "raw.readings"
