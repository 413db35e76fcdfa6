"""A lease is kept while the attempt goes on: by a thread of its own, and over a database that is away for a moment."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from pipelines_app.models import StepRun
from pipelines_app.runs import leases
from pipelines_app.runs.keeping import Keeper
from tests.runs.test_leases import ready_step

PATIENCE = 20.0


def until(condition) -> bool:
    """Whether it came true before patience ended."""
    end = time.monotonic() + PATIENCE
    waiting = threading.Event()
    while time.monotonic() < end:
        if condition():
            return True
        waiting.wait(0.02)
    return False


def no_answer(execute, sql, params, many, context):
    raise OperationalError("the database is away")


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_nobody_asks_and_no_longer_than_the_attempt() -> None:
    step = ready_step()
    claim = leases.claim(step.pk, "one")
    assert claim is not None
    first = StepRun.objects.get(pk=step.pk).lease_until
    with Keeper(claim) as keeper:
        assert until(lambda: StepRun.objects.get(pk=step.pk).lease_until > first)
        assert keeper.is_held()
    assert "lease-" not in "".join(thread.name for thread in threading.enumerate())


@pytest.mark.django_db(transaction=True)
def test_a_step_taken_away_is_noticed_by_the_keeper() -> None:
    step = ready_step()
    claim = leases.claim(step.pk, "one")
    assert claim is not None
    with Keeper(claim) as keeper:
        StepRun.objects.filter(pk=step.pk).update(epoch=claim.epoch + 1)
        assert until(lambda: not keeper.is_held())


@pytest.mark.django_db(transaction=True)
def test_one_renewal_that_fails_does_not_end_the_work(settings) -> None:
    settings.LEASE_SECONDS = 60
    step = ready_step()
    claim = leases.claim(step.pk, "one")
    assert claim is not None
    keeper = Keeper(claim)
    let_the_lease_shrink(step)
    with connection.execute_wrapper(no_answer):
        keeper._renew()
        assert keeper.is_held()
    keeper._renew()
    assert keeper.is_held()
    assert StepRun.objects.get(pk=step.pk).lease_until > timezone.now() + timedelta(seconds=30)


@pytest.mark.django_db
def test_work_ends_before_a_lease_that_cannot_be_renewed_does(settings) -> None:
    settings.LEASE_SECONDS = 0.3
    step = ready_step()
    claim = leases.claim(step.pk, "one")
    assert claim is not None
    keeper = Keeper(claim)
    with connection.execute_wrapper(no_answer):
        assert until(lambda: not keeper.is_held())
    assert time.monotonic() - claim.since >= 0.15


def let_the_lease_shrink(step: StepRun) -> None:
    StepRun.objects.filter(pk=step.pk).update(lease_until=timezone.now() + timedelta(seconds=1))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_cut_is_replaced() -> None:
    step = ready_step()
    claim = leases.claim(step.pk, "one")
    assert claim is not None
    keeper = Keeper(claim)
    pid = connection.connection.info.backend_pid
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    keeper._renew()
    assert keeper.is_held()
    first = StepRun.objects.get(pk=step.pk).lease_until
    keeper._renew()
    assert StepRun.objects.get(pk=step.pk).lease_until > first
