"""A step belongs to one worker at a time; who lost its lease cannot publish."""

import threading
from datetime import timedelta

import pytest
from django.db import InternalError, connection, connections
from django.db.models.functions import Now
from django.utils import timezone

from controlplane.settings import environment as env
from pipelines_app.models import Current, DatasetVersion, Event, Run, RunState, StepRun, StepState
from pipelines_app.quality import gates
from pipelines_app.runs import cancelling, execution, keeping, leases, lifecycle, publishing, recovery, staging
from pipelines_app.runs.publishing import Fenced
from tests import road

DAY = "2013-01-05"


def ready_step() -> StepRun:
    """The load of a day's flights, ready to be claimed."""
    road.register_sample("flights-daily")
    road.send_flights(DAY)
    road._deliver()
    return StepRun.objects.get(state=StepState.READY)


def let_the_lease_end(step: StepRun) -> None:
    StepRun.objects.filter(pk=step.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def finished_attempt(claim: leases.Claim) -> tuple[staging.Staged, gates.Verdict]:
    """Everything of an attempt but its publication."""
    work = staging.gather(claim)
    return execution.attempt(work, execution._limits(keeping.Keeper(claim), work.step), as_of=timezone.now())


@pytest.mark.django_db
def test_a_claimed_step_is_not_claimed_again() -> None:
    step = ready_step()
    first = leases.claim(step.pk, "one")
    assert first is not None
    assert first.epoch == 1
    assert leases.claim(step.pk, "two") is None


@pytest.mark.django_db
def test_a_step_that_backs_off_is_not_claimed() -> None:
    step = ready_step()
    StepRun.objects.filter(pk=step.pk).update(not_before=timezone.now() + timedelta(minutes=1))
    assert leases.claim(step.pk, "one") is None
    assert leases.ready() == []


@pytest.mark.django_db
def test_a_worker_that_wakes_after_its_lease_cannot_publish_and_its_files_point_nowhere() -> None:
    step = ready_step()
    slow = leases.claim(step.pk, "slow")
    assert slow is not None
    staged, verdict = finished_attempt(slow)
    let_the_lease_end(step)
    recovery.recover()
    assert leases.renew(slow) is False
    with pytest.raises(Fenced):
        publishing.publish(staged, verdict)
    assert not DatasetVersion.objects.exists()
    StepRun.objects.filter(pk=step.pk).update(not_before=Now())
    execution.execute(step.pk, "quick")
    road.drain()
    assert Run.objects.get().state == RunState.SUCCEEDED
    assert DatasetVersion.objects.filter(dataset__name="raw.flights").count() == 1
    assert StepRun.objects.get(pk=step.pk).epoch == 2


@pytest.mark.promise(25, faults="a worker that dies at every attempt")
@pytest.mark.django_db
def test_a_step_whose_worker_keeps_dying_fails_after_bounded_attempts_with_the_reason(settings) -> None:
    settings.STEP_ATTEMPTS = 2
    step = ready_step()
    for attempt in (1, 2):
        StepRun.objects.filter(pk=step.pk).update(not_before=Now())
        assert leases.claim(step.pk, f"worker-{attempt}")
        let_the_lease_end(step)
        recovery.recover()
    step.refresh_from_db()
    assert step.state == StepState.FAILED
    assert "no sign of life" in step.error
    assert Run.objects.get().state == RunState.FAILED
    assert Event.objects.filter(kind="step.retried").count() == 1


@pytest.mark.promise(24)
@pytest.mark.django_db
def test_cancel_is_final_even_for_an_attempt_that_is_done() -> None:
    step = ready_step()
    claim = leases.claim(step.pk, "one")
    assert claim is not None
    staged, verdict = finished_attempt(claim)
    lifecycle.cancel(Run.objects.get(), actor="user:ana", because="not today")
    assert leases.renew(claim) is False
    with pytest.raises(Fenced):
        publishing.publish(staged, verdict)
    assert Run.objects.get().state == RunState.CANCELLED
    assert not Current.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_at_once_one_gets_the_step() -> None:
    step = ready_step()
    won: list[str] = []
    start = threading.Barrier(8)

    def worker(name: str) -> None:
        start.wait()
        if leases.claim(step.pk, name):
            won.append(name)
        connections.close_all()

    threads = [threading.Thread(target=worker, args=(f"worker-{index}",)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert StepRun.objects.get(pk=step.pk).epoch == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_process_that_stands_still_in_a_transaction_does_not_keep_its_locks() -> None:
    step = ready_step()
    standing_still = connection.copy()
    with standing_still.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == (f"{env.lease():.0f}s",)
        cursor.execute("SET idle_in_transaction_session_timeout = '200ms'")
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM pipelines_app_pipeline WHERE id = %s FOR UPDATE", [step.run.pipeline_id])
    cancelling.cancel(Run.objects.get(), actor="user:ana", because="it had to wait for nobody")
    assert Run.objects.get().state == RunState.CANCELLED
    with pytest.raises(InternalError), standing_still.cursor() as cursor:
        cursor.execute("SELECT 1")
    standing_still.close()
