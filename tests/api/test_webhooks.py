"""Webhooks both ways through the API: made, proved, closed, and what became of every message."""

import pytest

from monitoring_app.models import Endpoint, Notification
from pipelines_app import vault
from pipelines_app.models import AuditEntry, IdempotencyKey, Webhook
from tests import factories
from tests.api.callers import refused
from tests.monitoring.receivers import SlackReceiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings):
    with SlackReceiver() as server:
        settings.WEBHOOK_INSIDE = [server.url.partition("/services")[0]]
        yield server


def made(caller, **more):
    answer = caller.post("/webhooks", {"dataset": "raw.orders", **more})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_an_editor_makes_one_and_its_secret_is_given_out_once(orders, ana):
    webhook = made(ana, signature="github", per_minute=7)
    row = Webhook.objects.get()
    assert webhook["secret"] == vault.open_sealed(row.secret)
    assert (webhook["signature"], webhook["per_minute"]) == ("github", 7)
    for path in ("/webhooks", f"/webhooks/{row.pk}", f"/webhooks/{row.pk}/deliveries"):
        assert webhook["secret"] not in ana.get(path).content.decode()
    assert AuditEntry.objects.get(action="webhook.created").actor.startswith("token:ana")


def test_it_is_tried_rotated_closed_and_opened(orders, ana):
    webhook = made(ana)
    path = f"/webhooks/{webhook['id']}"
    tried = ana.post(f"{path}/test", {"body": "id,shop,amount\n1,a,2\n", "period": "2013-01-05"})
    assert tried.json()["name"].startswith("test-")
    refused(ana.post(f"{path}/test", {"body": "x"}), 422, "arrival_refused")
    assert ana.post(f"{path}/rotate").json()["secret"] != webhook["secret"]
    assert ana.post(f"{path}/disable").json()["disabled_at"]
    refused(ana.post(f"{path}/disable"), 409, "illegal_move")
    assert ana.post(f"{path}/enable").json()["disabled_at"] is None


def test_how_much_it_takes_is_changed_and_written_down(orders, ana, client):
    webhook = made(ana, signature="bearer")
    path, address = f"/webhooks/{webhook['id']}", webhook["address"].partition("/hooks/")[2]
    limited = ana.put(path, {"per_minute": 90, "max_bytes": 70_000}).json()
    assert (limited["per_minute"], limited["max_bytes"]) == (90, 70_000)
    entry = AuditEntry.objects.get(action="webhook.limited")
    assert entry.change == {
        "before": {"per_minute": None, "max_bytes": None},
        "after": {"per_minute": 90, "max_bytes": 70_000},
    }
    sent = {"authorization": f"Bearer {webhook['secret']}", "idempotency-key": "k1"}
    body = b"id,shop,amount\n" + b"1,a,2\n" * 12_000
    answer = client.post(f"/hooks/{address}?period=2013-01-05", body, content_type="text/csv", headers=sent)
    refused(answer, 413, "too_large")
    assert ana.get(f"{path}/deliveries").json()[0]["status"] == 413
    refused(ana.put(path, {"per_minute": 0, "max_bytes": None}), 422, "invalid")
    assert ana.put(path, {"per_minute": None, "max_bytes": None}).json()["per_minute"] == 6_000
    assert (
        client.post(f"/hooks/{address}?period=2013-01-05", body, content_type="text/csv", headers=sent).status_code
        == 201
    )


@pytest.mark.parametrize("wrong", [{"signature": "none"}, {"per_minute": 0}, {"colour": "red"}])
def test_what_cannot_be_is_refused(orders, ana, wrong):
    refused(ana.post("/webhooks", {"dataset": "raw.orders", **wrong}), 422, "invalid")
    refused(ana.post("/webhooks", {"dataset": "mart.shops"}), 422, "arrival_refused")


def test_the_last_messages_are_listed_with_their_answers(orders, ana, client):
    webhook = made(ana, signature="bearer")
    address = webhook["address"].partition("/hooks/")[2]
    sent = {"authorization": f"Bearer {webhook['secret']}", "idempotency-key": "k1"}
    for headers in (sent, sent, {"authorization": "Bearer x"}):
        client.post(
            f"/hooks/{address}?period=2013-01-05", b"id,shop,amount\n1,a,2\n", content_type="text/csv", headers=headers
        )
    log = ana.get(f"/webhooks/{webhook['id']}/deliveries").json()
    assert sorted((one["status"], one["repeats"], one["message_id"]) for one in log) == [(201, 1, "k1"), (401, 0, "")]


def test_over_the_limit_is_429_with_when_to_come_back(orders, ana, client):
    webhook = made(ana, signature="bearer", per_minute=1)
    address = webhook["address"].partition("/hooks/")[2]
    answers = [
        client.post(
            f"/hooks/{address}?period=2013-01-05",
            b"id,shop,amount\n1,a,2\n",
            content_type="text/csv",
            headers={"authorization": f"Bearer {webhook['secret']}", "idempotency-key": f"k{number}"},
        )
        for number in range(5)
    ]
    late = [answer for answer in answers if answer.status_code == 429]
    assert len(late) >= 3  # a minute may have ended meanwhile
    refused(late[0], 429, "too_many")
    assert 1 <= int(late[0].headers["Retry-After"]) <= 60
    assert ana.get(f"/webhooks/{webhook['id']}/deliveries").json()[0]["status"] in (201, 429)


def test_an_admin_has_alerts_and_events_posted_out(ada, ana, sales, receiver):
    body = {"team": "sales", "url": receiver.url, "kinds": ["dataset.published"]}
    refused(ana.post("/endpoints", body), 403, "not_allowed")
    endpoint = ada.post("/endpoints", body).json()
    path = f"/endpoints/{endpoint['id']}"
    assert endpoint["secret"] == vault.open_sealed(Endpoint.objects.get().secret)
    assert "very-secret" not in ana.get("/endpoints").content.decode()
    assert ana.get(path).json()["kinds"] == ["dataset.published"]
    assert ada.post(f"{path}/test").json() == {"state": "delivered", "answer": "200 ok"}
    assert ada.put(path, {"alerts": False, "kinds": []}).json()["kinds"] == []
    assert ada.post(f"{path}/rotate").json()["secret"] != endpoint["secret"]
    assert ada.post(f"{path}/disable").json()["enabled"] is False
    assert ada.post(f"{path}/enable").json()["enabled"] is True


def test_an_endpoint_asked_for_twice_under_a_key_is_made_once(ada, sales, receiver):
    body, key = {"team": "sales", "url": receiver.url}, {"Idempotency-Key": "k1"}
    first = ada.post("/endpoints", body, headers=key)
    again = ada.post("/endpoints", body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {name: value for name, value in first.json().items() if name != "secret"}
    assert Endpoint.objects.count() == 1
    assert first.json()["secret"] not in str(IdempotencyKey.objects.values())
    refused(ada.post("/endpoints", {**body, "name": "x"}, headers=key), 422, "idempotency_key_reused")
    refused(ada.post("/endpoints", body, headers={"Idempotency-Key": "k" * 256}), 422, "invalid")


def test_its_messages_are_listed_and_one_is_sent_again(ada, sales, receiver):
    endpoint = ada.post("/endpoints", {"team": "sales", "url": receiver.url}).json()
    message = Notification.objects.create(
        channel_id=endpoint["id"],
        event=factories.make_event(),
        about="event",
        subject="x",
        body="",
        link="",
        state="undelivered",
    )
    path = f"/endpoints/{endpoint['id']}/messages"
    assert [one["state"] for one in ada.get(path).json()["results"]] == ["undelivered"]
    assert ada.post(f"{path}/{message.pk}/again").json()["state"] == "pending"
    refused(ada.post(f"{path}/{message.pk}/again"), 409, "illegal_move")


@pytest.mark.parametrize("url", ["http://example.com", "https://10.0.0.1/x", "https://user:pw@example.com/"])
def test_an_address_that_may_not_be_posted_to_is_refused(ada, url):
    refused(ada.post("/endpoints", {"team": "sales", "url": url}), 422, "channel_refused")
