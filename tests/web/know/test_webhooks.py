"""Webhooks: secrets shown once, tests that change nothing, commands that work as they stand."""

import os
import re
import shutil
import subprocess
import sys
from html import unescape

import pytest
from django.utils import timezone

from pipelines_app import vault
from pipelines_app.intake import refusals, webhooks
from pipelines_app.intake.refusals import Refusal
from pipelines_app.models import Arrival, AuditEntry, Dataset, Event, Webhook, WebhookCall
from tests import road

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
    shown = ana.get(f"/webhooks/{hook[0].pk}").content.decode()
    assert "The signature does not fit &lt;b&gt;" in shown
    assert "10.0.0.7" in shown


def snippet(client, webhook, name):
    shown = client.get(f"/webhooks/{webhook.pk}").content.decode()
    return unescape(re.search(rf'<code id="snippet-{name}">(.*?)</code>', shown, re.S)[1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["python", "curl"])
def test_a_command_works_as_it_stands(hook, ana, live_server, settings, tmp_path, name):
    settings.PUBLIC_URL = live_server.url
    tools = ["curl", "openssl", "od", "base64", "bash"]
    if name == "curl" and not all(shutil.which(tool) for tool in tools):
        pytest.skip(f"needs {', '.join(tools)}")
    webhook, secret = hook
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
