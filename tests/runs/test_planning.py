"""Whoever queues a run and whoever ends one wait for each other: a run that could start is never left behind."""

import threading
import time

import pytest
from django.db import connections, transaction
from django.utils import timezone

from pipelines_app.models import Pipeline, Run, RunState, StepState
from pipelines_app.runs import cancelling, lifecycle, planning, queue
from tests import factories, road
from tests.monitoring.test_races import somebody_waits_for_a_lock

DAY = "2013-01-05"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_run_queued_while_another_ends_starts() -> None:
    road.register_sample("flights-daily")
    road.send_flights(DAY)
    road._deliver()
    pipeline = Pipeline.objects.get()
    run = Run.objects.get(state=RunState.RUNNING)
    event = factories.make_event()

    def put() -> None:
        queue.put(Pipeline.objects.get(), period="2013-01-06", cause=event)
        connections.close_all()

    other = threading.Thread(target=put)
    with transaction.atomic():
        planning.hold(pipeline)
        run.steps.update(state=StepState.CANCELLED, finished_at=timezone.now())
        lifecycle.move(run, RunState.CANCELLED, cause=run.cause)
        planning.start_next(pipeline)  # nothing is queued yet, as far as this transaction sees
        other.start()
        deadline = time.monotonic() + 20
        while not somebody_waits_for_a_lock():
            assert time.monotonic() < deadline, "queueing did not wait for the end of the run"
    other.join()
    assert not Run.objects.filter(state=RunState.QUEUED).exists()


@pytest.mark.django_db
def test_a_cancelled_run_lets_the_next_start_and_a_paused_pipeline_stays_still() -> None:
    road.register_sample("flights-daily")
    for day in (DAY, "2013-01-06"):
        road.send_flights(day)
    road._deliver()
    Pipeline.objects.update(paused_at=timezone.now())
    cancelling.cancel(Run.objects.get(state=RunState.RUNNING), actor="user:ana", because="wrong day")
    assert [run.state for run in Run.objects.order_by("id")] == [RunState.CANCELLED, RunState.QUEUED]
