"""A consumer that breaks: its event is tried again, and counted against it only where it is the event's fault."""

import functools

import psycopg
import pytest
from django.db import OperationalError

from pipelines_app import events
from pipelines_app.models import Delivery, Disposition, Run
from tests import road
from tests.intake.test_waiting import DAY, reader, sources

pytestmark = pytest.mark.django_db


def breaking(error, cause=None):
    """All consumers as they are, but the one that feeds pipelines fails."""
    real = events.consumers()

    @functools.wraps(real["readiness"])
    def breaks(event, fact):
        raise error from cause

    return lambda: {**real, "readiness": breaks}


def test_a_consumer_that_breaks_leaves_the_event_failed_until_it_is_tried_again(settings, monkeypatch) -> None:
    settings.DELIVERY_ATTEMPTS = 1
    sources()
    reader("any", sql="SELECT k FROM raw.a")
    road.send("raw.a", b"k\n1\n", period=DAY)
    delivery = Delivery.objects.get(consumer="readiness", event__kind="arrival.accepted")
    with monkeypatch.context() as broken:
        broken.setattr(events, "consumers", breaking(KeyError("period")))
        events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.disposition, delivery.state) == (Disposition.FAILED, "stuck")
    events.release(delivery, actor="user:test")
    road.drain()
    delivery.refresh_from_db()
    assert (delivery.disposition, delivery.run) == (Disposition.CONSUMED, Run.objects.get(arrivals__gt=0).pk)


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (psycopg.errors.DeadlockDetected, False),
        (psycopg.errors.SerializationFailure, False),
        (psycopg.errors.AdminShutdown, False),
        (psycopg.errors.IdleInTransactionSessionTimeout, False),
        (psycopg.errors.DiskFull, True),
    ],
)
def test_what_passes_by_itself_is_no_fault_of_an_event(settings, monkeypatch, error, counted) -> None:
    settings.DELIVERY_ATTEMPTS = 1
    sources()
    road.send("raw.a", b"k\n1\n", period=DAY)
    delivery = Delivery.objects.get(consumer="readiness", event__kind="arrival.accepted")

    monkeypatch.setattr(events, "consumers", breaking(OperationalError("the database"), error("the database")))
    events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.state) == ((1, "stuck") if counted else (0, "pending"))
