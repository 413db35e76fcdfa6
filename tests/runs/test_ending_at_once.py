"""The end of a step and the cancelling of its run at the same moment: one waits for the other, none for ever."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from pipelines_app.models import Run, RunState, StepRun, StepState
from pipelines_app.quality.gates import Verdict
from pipelines_app.runs import leases, lifecycle, publishing
from pipelines_app.runs.publishing import Failure, Fenced
from tests import road
from tests.monitoring.test_races import somebody_waits_for_a_lock
from tests.runs.test_machine import staged

ENDS = {
    "publish": lambda claim: publishing.publish(staged(claim), Verdict(results=())),
    "refuse": lambda claim: publishing.refuse(claim, Failure(kind="source", message="not a CSV")),
    "fail": lambda claim: publishing.fail(claim, Failure(kind="sql", message="division by zero")),
}


@pytest.mark.promise(24, faults="a step that ends while its run is cancelled")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", sorted(ENDS))
def test_a_step_that_ends_while_its_run_is_cancelled_is_fenced_off(end: str) -> None:
    road.register_sample("flights-daily")
    road.send_flights("2013-01-05")
    road._deliver()
    claim = leases.claim(StepRun.objects.get(state=StepState.READY).pk, "one")
    held = threading.Event()

    def cancels() -> None:
        try:
            with transaction.atomic():
                run = Run.objects.select_for_update().get(pk=claim.step.run_id)
                held.set()
                deadline = time.monotonic() + 20
                while not somebody_waits_for_a_lock() and time.monotonic() < deadline:
                    threading.Event().wait(0.01)
                lifecycle.cancel(run, actor="user:ana", because="not today")
        finally:
            connection.close()

    def ends() -> None:
        assert held.wait(20)
        try:
            with pytest.raises(Fenced):
                ENDS[end](claim)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(cancels), pool.submit(ends)]:
            one.result(40)
    assert Run.objects.get().state == RunState.CANCELLED
    assert StepRun.objects.get(pk=claim.step.pk).state == StepState.CANCELLED
