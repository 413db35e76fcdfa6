"""Events of one period merge while they wait; an event during a run has an effect of its own."""

import pytest

from pipelines_app.errors import IllegalMove
from pipelines_app.models import Arrival, ArrivalState, Event, Run, RunState, StepRun, StepState
from pipelines_app.runs import cancelling, lifecycle, queue
from tests import road

pytestmark = pytest.mark.django_db
DAY = "2013-01-05"


@pytest.fixture(autouse=True)
def flights() -> None:
    road.register_sample("flights-daily")


def shorter(by: int) -> bytes:
    return b"".join(road.SCRIPT.flights(DAY).splitlines(keepends=True)[:-by])


def test_files_of_a_period_that_come_during_its_run_merge_into_one_more_run() -> None:
    road.send_flights(DAY)
    road._deliver()
    for by in (1, 2, 3):
        road.send_flights(DAY, shorter(by))
    road._deliver()
    assert [run.state for run in Run.objects.order_by("id")] == [RunState.RUNNING, RunState.QUEUED]
    assert Run.objects.latest("id").causes.count() == 3
    road.drain()
    last = Run.objects.latest("id")
    assert last.state == RunState.SUCCEEDED
    assert last.steps.get(position=0).rows_out == shorter(3).count(b"\n") - 1
    states = list(Arrival.objects.order_by("id").values_list("state", flat=True))
    assert states == [
        ArrivalState.CONSUMED,
        ArrivalState.SUPERSEDED,
        ArrivalState.SUPERSEDED,
        ArrivalState.CONSUMED,
    ]


def test_events_of_different_periods_never_mix() -> None:
    for day in ("2013-01-05", "2013-01-06", "2013-01-07"):
        road.send_flights(day)
    road._deliver()
    assert Run.objects.count() == 3
    road.drain()
    assert {run.period: run.state for run in Run.objects.all()} == dict.fromkeys(
        ["2013-01-05", "2013-01-06", "2013-01-07"], RunState.SUCCEEDED
    )


def test_one_run_of_a_pipeline_at_a_time_oldest_first() -> None:
    for day in ("2013-01-07", "2013-01-05"):
        road.send_flights(day)
    road._deliver()
    assert Run.objects.filter(state=RunState.RUNNING).get().period == "2013-01-07"


def test_a_failed_run_is_run_again_with_the_file_it_had() -> None:
    road.send_flights(DAY)
    road._deliver()
    run = Run.objects.get()
    cancelling.cancel(run, actor="user:ana", because="wrong day")
    assert Arrival.objects.get().state == ArrivalState.FAILED
    again = queue.retry(run, actor="user:ana")
    road.drain()
    again.refresh_from_db()
    assert again.state == RunState.SUCCEEDED
    assert Arrival.objects.get().run == again


def test_an_older_file_does_not_come_back_over_a_newer_one() -> None:
    older = road.send_flights(DAY)
    road._deliver()
    run = Run.objects.get()
    cancelling.cancel(run, actor="user:ana", because="wrong file")
    newer = road.send_flights(DAY, shorter(1))
    road.drain()
    with pytest.raises(IllegalMove, match="something newer came"):
        queue.retry(run, actor="user:ana")
    older.refresh_from_db()
    newer.refresh_from_db()
    assert (older.state, newer.state) == (ArrivalState.SUPERSEDED, ArrivalState.CONSUMED)
    assert older.disposition == f"arrival {newer.pk} for the same period came after it"
    assert Run.objects.count() == 2


def test_a_run_is_run_again_once() -> None:
    road.send_flights(DAY)
    road._deliver()
    run = Run.objects.get()
    cancelling.cancel(run, actor="user:ana", because="wrong day")
    again = queue.retry(run, actor="user:ana")
    with pytest.raises(IllegalMove, match=f"by run {again.pk}"):
        queue.retry(run, actor="user:ana")


def test_the_files_of_a_queued_run_that_is_cancelled_are_settled_and_a_retry_brings_them_back() -> None:
    road.send_flights("2013-01-06")
    road.send_flights(DAY)
    road._deliver()
    waiting = Run.objects.get(state=RunState.QUEUED)
    cancelling.cancel(waiting, actor="user:ana", because="not yet")
    arrival = Arrival.objects.get(period=DAY)
    assert (arrival.state, arrival.run) == (ArrivalState.FAILED, waiting)
    assert "not yet" in arrival.disposition
    again = queue.retry(waiting, actor="user:ana")
    road.drain()
    arrival.refresh_from_db()
    assert (arrival.state, arrival.run) == (ArrivalState.CONSUMED, again)


def test_a_file_that_nobody_was_told_of_yet_is_not_cancelled_with_the_run_that_waits() -> None:
    road.send_flights("2013-01-06")
    road.send_flights(DAY)
    road._deliver()
    late = road.send_flights(DAY, shorter(1))
    cancelling.cancel(Run.objects.get(state=RunState.QUEUED), actor="user:ana", because="not yet")
    road.drain()
    late.refresh_from_db()
    assert late.state == ArrivalState.CONSUMED


def test_the_next_run_starts_when_the_one_that_runs_is_cancelled_and_each_move_is_said_once() -> None:
    road.send_flights("2013-01-06")
    road.send_flights(DAY)
    road._deliver()
    first = Run.objects.get(state=RunState.RUNNING)
    cancelling.cancel(first, actor="user:ana", because="wrong day")
    assert Run.objects.get(state=RunState.RUNNING).period == DAY
    said = Event.objects.filter(run=first.pk, kind="run.moved").order_by("id")
    assert [event.body["state"] for event in said] == ["queued", "running", "cancelled"]
    assert said.last().actor == "user:ana"


def test_what_succeeded_is_not_run_again() -> None:
    road.send_flights(DAY)
    road.drain()
    with pytest.raises(IllegalMove, match="nothing to run again"):
        queue.retry(Run.objects.get(), actor="user:ana")


def test_a_run_asked_for_by_hand_with_nothing_there_ends_at_once_and_says_so() -> None:
    pipeline = road.Revision.objects.get().pipeline
    run = queue.request(pipeline, period=DAY, actor="user:ana")
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED
    assert "has not all come" in run.reason
    assert not StepRun.objects.filter(state=StepState.READY).exists()


MOVES = [(before, after) for before in RunState.values for after in RunState.values]


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_the_table_of_moves_is_the_state_machine(before: str, after: str) -> None:
    pipeline = road.Revision.objects.get().pipeline
    run = queue.request(pipeline, period=DAY, actor="user:ana")
    Run.objects.filter(pk=run.pk).update(state=before)
    run.refresh_from_db()
    if after in lifecycle.MOVES[before]:
        lifecycle.move(run, after, cause=run.cause)
        assert Run.objects.get(pk=run.pk).state == after
    else:
        with pytest.raises(IllegalMove):
            lifecycle.move(run, after, cause=run.cause)
