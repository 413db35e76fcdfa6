"""A webhook takes so many messages in a minute, however many processes and threads take them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from pipelines_app.errors import TooMany
from pipelines_app.intake import limiting
from pipelines_app.models import Webhook
from tests import factories

NOON = datetime(2026, 1, 5, 12, 0, 20, tzinfo=UTC)


@pytest.fixture
def source(db):
    return factories.make_dataset("raw.orders")


def webhook_of(source, per_minute, public_id):
    return Webhook.objects.create(public_id=public_id, dataset=source, secret="x", per_minute=per_minute)


def another_process():
    """What another process knows of portions: nothing."""
    limiting._left.clear()


def admitted(webhook, times, at=NOON):
    count = 0
    for _ in range(times):
        try:
            limiting.admit(webhook, now=at)
        except TooMany:
            continue
        count += 1
    return count


def test_no_more_than_the_limit_is_taken_in_a_minute_and_the_next_minute_is_new(source):
    webhook = webhook_of(source, 50, "limit-a")
    assert admitted(webhook, 60) == 50
    with pytest.raises(TooMany) as refusal:
        limiting.admit(webhook, now=NOON)
    assert refusal.value.retry_after == 40
    assert admitted(webhook, 60, NOON + timedelta(seconds=40)) == 50


def test_a_process_whose_clock_is_fast_does_not_close_the_door_for_the_others(source):
    webhook = webhook_of(source, 50, "limit-clock")
    assert admitted(webhook, 50, NOON + timedelta(hours=1)) == 50
    another_process()
    assert admitted(webhook, 60) == 50
    another_process()
    assert admitted(webhook, 1) == 0


def test_several_processes_together_take_no_more_than_the_limit(source):
    webhook = webhook_of(source, 50, "limit-b")
    taken = 0
    for _ in range(60):
        another_process()
        taken += admitted(webhook, 1)
    assert 0 < taken <= 50
    webhook.refresh_from_db()
    assert webhook.window_used == 50


def test_one_supplier_does_not_use_up_anothers_minute(source):
    busy, calm = webhook_of(source, 3, "limit-c"), webhook_of(source, 3, "limit-d")
    assert admitted(busy, 10) == 3
    assert admitted(calm, 1) == 1


def test_counting_costs_one_statement_in_twenty_messages(source, settings, django_assert_max_num_queries):
    settings.WEBHOOK_PER_MINUTE = 2000
    webhook = webhook_of(source, None, "limit-e")
    with django_assert_max_num_queries(3):
        assert admitted(webhook, 200) == 200


@pytest.mark.django_db(transaction=True)
def test_threads_at_once_take_no_more_than_the_limit():
    webhook = webhook_of(factories.make_dataset("raw.orders"), 10, "limit-f")

    def run(_):
        try:
            return admitted(webhook, 5)
        finally:
            if connection.vendor == "postgresql":
                connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(run, range(8))) == 10
