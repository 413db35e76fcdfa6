"""Another attempt or none, and when: by what went wrong and by what the step allows."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from pipelines_app.compiler.definition import Effort, RetryOn
from pipelines_app.errors import EngineError
from pipelines_app.models import Event, Run, RunState, StepRun, StepState
from pipelines_app.runs import execution, leases, recovery, retrying
from tests import road

NOTHING = Effort(on=())


@pytest.mark.parametrize(
    ("kind", "attempt", "effort", "seconds"),
    [
        (EngineError.KILLED, 1, Effort(), 1),
        (EngineError.KILLED, 2, Effort(), 2),
        (EngineError.KILLED, 3, Effort(), None),
        (EngineError.MEMORY, 1, Effort(), 5),
        (EngineError.DISK, 2, Effort(), 30),
        (EngineError.DISK, 9, Effort(attempts=10), 300),
        (retrying.PLATFORM, 1, Effort(), 1),
        (EngineError.DEADLINE, 1, Effort(), None),
        (EngineError.DEADLINE, 1, Effort(on=(RetryOn.TIMEOUT,)), 5),
        (EngineError.MEMORY, 1, Effort(on=(RetryOn.TIMEOUT,)), None),
        (EngineError.MEMORY, 1, Effort(attempts=1), None),
        (EngineError.STATEMENT, 1, Effort(attempts=10, on=tuple(RetryOn)), None),
        (EngineError.SOURCE, 1, Effort(attempts=10, on=tuple(RetryOn)), None),
        (EngineError.KILLED, 1, NOTHING, None),
    ],
)
def test_the_kind_of_error_and_the_step_say_whether_and_when_there_is_another_attempt(
    kind, attempt, effort, seconds, settings
) -> None:
    settings.STEP_ATTEMPTS = 3
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retrying.wait_before_next(effort, kind, attempt) == expected


SLOW = """
pipeline: slow
team: shop
sources:
  raw.numbers: {format: csv, columns: {n: BIGINT}}
steps:
  - dataset: staging.slow
    sql: |
      SELECT count(*) AS n FROM range(1000000000000) AS r(i), raw.numbers WHERE (i * n) %% 7 = 3
    timeout: 1s
    retries: {attempts: 2, on: [%s]}
"""


@pytest.mark.django_db
@pytest.mark.parametrize(("on", "attempts"), [("timeout", 2), ("memory", 1)])
def test_a_step_is_stopped_at_its_timeout_and_tried_again_if_it_says_so(on, attempts) -> None:
    road.register_yaml(SLOW % on)
    road.send("raw.numbers", b"n\n3\n")
    road.drain()
    for _ in range(attempts - 1):
        step = StepRun.objects.get(dataset__name="staging.slow")
        assert (step.state, step.error) == (StepState.READY, "The step took longer than the 1s it may take.")
        StepRun.objects.filter(pk=step.pk).update(not_before=Now())
        execution.execute(step.pk, "test")
    step = StepRun.objects.get(dataset__name="staging.slow")
    assert (step.state, step.attempt, step.error_kind) == (StepState.FAILED, attempts, EngineError.DEADLINE)
    assert "longer timeout" in step.todo
    assert Run.objects.get().state == RunState.FAILED
    assert Event.objects.filter(kind="step.retried").count() == attempts - 1


def ready_step(retries: str = "{attempts: 2}") -> StepRun:
    road.register_yaml((SLOW % "engine").replace("{attempts: 2, on: [engine]}", retries))
    road.send("raw.numbers", b"n\n3\n")
    road._deliver()
    road._execute()
    return StepRun.objects.get(state=StepState.READY)


@pytest.mark.django_db
def test_a_step_whose_worker_is_stopped_in_order_goes_back_and_that_is_no_attempt() -> None:
    step = ready_step()
    for _ in range(3):
        claim = leases.claim(step.pk, "one")
        assert claim is not None
        execution._came_to_nothing(claim, EngineError("The engine was shut down.", kind=EngineError.STOPPED))
        step.refresh_from_db()
        assert (step.state, step.attempt, step.lease_until) == (StepState.READY, 0, None)
    assert leases.ready() == [step.pk]
    assert step.epoch == 3


@pytest.mark.django_db
@pytest.mark.parametrize(("retries", "attempts"), [("{attempts: 1}", 1), ("{attempts: 4, on: [timeout]}", 4)])
def test_a_step_whose_worker_is_lost_has_the_attempts_that_it_declares(retries: str, attempts: int) -> None:
    step = ready_step(retries)
    for attempt in range(1, attempts + 1):
        StepRun.objects.filter(pk=step.pk).update(not_before=Now())
        assert leases.claim(step.pk, "one")
        StepRun.objects.filter(pk=step.pk).update(lease_until=Now() - timedelta(seconds=1))
        recovery.recover()
        step.refresh_from_db()
        assert (step.state, step.attempt) == (StepState.FAILED if attempt == attempts else StepState.READY, attempt)
