"""Steps with nothing to do end together, each under its own epoch and with its own events; others are left alone."""

import pytest

from pipelines_app.models import DatasetVersion, Event, Pipeline, Run, RunState, StepRun, StepState
from pipelines_app.runs import execution, leases, lifecycle, queue, reusing
from tests import factories, road
from tests.invariants import violations

pytestmark = pytest.mark.django_db
WIDE, LONG = 4, 3
HEAD = "pipeline: wide\nteam: sales\nsources:\n  raw.wide: {format: csv, columns: {id: BIGINT}}\nsteps:\n"
STEP = "  - {{dataset: mart.{name}, sql: SELECT id + 1 AS id FROM {above}}}\n"


@pytest.fixture
def made():
    """Four steps beside each other and three in a chain, everything made; one bell for a run with nothing to do."""
    factories.make_team("sales")
    steps = [STEP.format(name=f"wide_{number}", above="raw.wide") for number in range(WIDE)]
    above = "raw.wide"
    for number in range(LONG):
        steps.append(STEP.format(name=f"long_{number}", above=above))
        above = f"mart.long_{number}"
    road.register_yaml(HEAD + "".join(steps))
    road.send("raw.wide", b"id\n1\n")
    road.drain()
    queue.request(Pipeline.objects.get(), period="", actor="user:ana")
    road._deliver()


def states():
    run = Run.objects.latest("id")
    return {step.dataset.name.removeprefix("mart."): step.state for step in run.steps.select_related("dataset")}


def first():
    claim = leases.claim(StepRun.objects.filter(state=StepState.READY).earliest("id").pk, "worker")
    assert claim is not None
    return claim


def test_who_finds_one_step_with_nothing_to_do_ends_the_whole_run(made, django_assert_max_num_queries):
    claim = first()
    with django_assert_max_num_queries(16 + 8 * (WIDE + LONG)):
        execution._work(claim)
    run = Run.objects.latest("id")
    assert run.state == RunState.SUCCEEDED
    assert set(states().values()) == {StepState.REUSED}
    for step in run.steps.select_related("dataset"):
        assert (step.epoch, step.attempt, step.owner, step.lease_until) == (1, 1, "worker", None)
        assert step.started_at <= step.finished_at
        told = Event.objects.filter(run=run.pk, dataset=step.dataset.name).order_by("id")
        assert list(told.values_list("kind", flat=True)) == ["step.started", "step.reused"]
    assert not violations()


def test_a_step_with_something_to_do_stays_ready_and_is_done_as_ever(made):
    other = DatasetVersion.objects.filter(dataset__name="mart.wide_2")
    other.update(run_key="made from something else")
    execution._work(first())
    assert states()["wide_2"] == StepState.READY
    assert StepRun.objects.latest("id").run.state == RunState.RUNNING
    road.drain()
    assert states()["wide_2"] == StepState.SUCCEEDED
    assert set(states().values()) == {StepState.REUSED, StepState.SUCCEEDED}
    assert Run.objects.latest("id").state == RunState.SUCCEEDED


def test_no_more_than_a_few_end_together(made, monkeypatch):
    monkeypatch.setattr(reusing, "MOST", 3)
    execution._work(first())
    assert list(states().values()).count(StepState.REUSED) == 3
    road.drain()
    assert set(states().values()) == {StepState.REUSED}


def test_who_has_lost_the_claim_ends_none_of_them(made):
    claim = first()
    StepRun.objects.filter(pk=claim.step.pk).update(epoch=claim.epoch + 1)
    execution._work(claim)
    assert StepState.REUSED not in states().values()
    assert not Event.objects.filter(run=claim.step.run_id, kind="step.reused").exists()


def test_in_a_run_that_was_cancelled_nothing_is_ended(made):
    claim = first()
    lifecycle.cancel(Run.objects.latest("id"), actor="user:ana", because="no need")
    execution._work(claim)
    assert set(states().values()) == {StepState.CANCELLED}


def test_where_one_of_them_cannot_be_looked_at_the_first_ends_alone(made):
    gone = StepRun.objects.filter(run=Run.objects.latest("id"), dataset__name="mart.wide_3")
    gone.update(dataset=factories.make_dataset("mart.unknown").pk)
    execution._work(first())
    assert list(states().values()).count(StepState.REUSED) == 1
    assert states()["unknown"] == StepState.READY
