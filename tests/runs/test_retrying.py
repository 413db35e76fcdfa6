"""Another attempt or none, and when: by what went wrong and by what the step allows."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from pipelines_app.compiler.definition import Effort, RetryOn
from pipelines_app.errors import EngineError
from pipelines_app.models import Event, Run, RunState, StepRun, StepState
from pipelines_app.runs import execution, retrying
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
