"""What was refused is kept for the console, without its body, and a flood of it costs a handful of writes."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines_app.intake import refusals
from pipelines_app.intake.refusals import Refusal
from pipelines_app.models import Webhook, WebhookRefusal
from tests import factories

NOON = datetime(2026, 1, 5, 12, 0, 20, tzinfo=UTC)


@pytest.fixture
def webhook(db, request):
    dataset = factories.make_dataset("raw.orders")
    return Webhook.objects.create(public_id=request.node.name[-32:], dataset=dataset, secret="x")


def forged(address="10.0.0.7", code="signature_invalid"):
    return Refusal(status=401, code=code, reason="The signature does not fit.", address=address, bytes=12)


def test_like_refusals_are_one_row_with_their_number(webhook):
    for second in range(0, 60, 3):
        refusals.note(webhook, forged(), now=NOON + timedelta(seconds=second))
    row = WebhookRefusal.objects.get()
    assert (row.status, row.bytes, row.address) == (401, 12, "10.0.0.7")
    assert 15 < row.times <= 20  # what came since the last write is not written yet
    assert row.at > NOON


def test_a_flood_from_one_place_costs_one_write(webhook, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        for _ in range(1000):
            refusals.note(webhook, forged(), now=NOON)


def test_a_flood_from_everywhere_costs_a_bounded_number_of_writes(webhook, django_assert_max_num_queries):
    with django_assert_max_num_queries(4 * refusals.WRITES):
        for number in range(1000):
            refusals.note(webhook, forged(f"10.0.{number // 250}.{number % 250}"), now=NOON)
    assert WebhookRefusal.objects.count() == refusals.WRITES


def test_the_last_fifty_are_kept(webhook):
    for number in range(120):
        refusals.note(webhook, forged(f"10.0.0.{number}"), now=NOON + timedelta(minutes=number))
    assert WebhookRefusal.objects.count() == refusals.KEPT
    assert not WebhookRefusal.objects.filter(address="10.0.0.69").exists()


def test_what_the_process_remembers_is_bounded(webhook, monkeypatch):
    monkeypatch.setattr(refusals, "KNOWN_AT_ONCE", 20)
    for number in range(100):
        refusals.note(webhook, forged(f"10.0.0.{number}"), now=NOON)
    assert len(refusals._tally._waiting) <= 20
