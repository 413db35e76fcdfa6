"""Doing a run again: from what failed, from a step, from the start; what succeeded is used as it is."""

import pytest

from pipelines_app.errors import IllegalMove
from pipelines_app.models import Arrival, Current, DatasetVersion, Run, RunState, StepRun, StepState
from pipelines_app.runs import rerunning, taking
from pipelines_app.runs.rerunning import Asked
from tests import road

PIPELINE = """
pipeline: orders
team: shop
parameters:
  divisor: {type: integer, default: %s}
sources:
  raw.orders: {format: csv, period: day, columns: {id: BIGINT, price: BIGINT}}
steps:
  - dataset: staging.orders
    sql: SELECT id, price FROM raw.orders
    materialise: {kind: incremental, by: period}
  - dataset: staging.shares
    sql: SELECT id, CAST('x' || CAST(price AS VARCHAR) AS BIGINT) AS share FROM staging.orders WHERE $divisor = 0
    materialise: {kind: incremental, by: period}
  - dataset: mart.shares
    sql: SELECT count(*) AS orders FROM staging.shares
"""
DAY = "2013-02-01"


def broken_run(day=DAY) -> Run:
    """A run of which one step went well, one failed and one was skipped."""
    road.register_yaml(PIPELINE % 0)
    road.send("raw.orders", b"id,price\n1,7\n2,5\n", name="orders.csv", period=day)
    road.drain()
    return Run.objects.get(period=day)


def states(run: Run) -> dict[str, str]:
    return dict(run.steps.values_list("dataset__name", "state"))


@pytest.mark.django_db
def test_what_failed_is_done_again_with_the_latest_revision_and_what_succeeded_is_used_as_it_is() -> None:
    before = broken_run()
    assert states(before) == {
        "raw.orders": StepState.SUCCEEDED,
        "staging.orders": StepState.SUCCEEDED,
        "staging.shares": StepState.FAILED,
        "mart.shares": StepState.SKIPPED,
    }
    road.register_yaml(PIPELINE % 1)
    seen = rerunning.preview(before, Asked())
    assert (seen.revision, seen.steps, seen.held) == (2, ("staging.shares", "mart.shares"), {})
    assert [version.dataset.name for version in seen.reads] == ["staging.orders"]
    assert Run.objects.count() == 1
    again = rerunning.again(before, Asked(), actor="user:ana")
    road.drain()
    again.refresh_from_db()
    assert again.state == RunState.SUCCEEDED, again.reason
    assert states(again) == {"staging.shares": StepState.SUCCEEDED, "mart.shares": StepState.SUCCEEDED}
    assert again.again_of == before
    assert list(before.again.all()) == [again]
    assert DatasetVersion.objects.filter(dataset__name="staging.orders").count() == 1


@pytest.mark.django_db
def test_the_same_revision_is_done_again_even_where_a_newer_one_is_in_force() -> None:
    before = broken_run()
    road.register_yaml(PIPELINE % 1)
    again = rerunning.again(before, Asked(same_revision=True), actor="user:ana")
    road.drain()
    again.refresh_from_db()
    assert (again.revision_id, again.state) == (before.revision_id, RunState.FAILED)
    assert again.steps.get(dataset__name="staging.shares").state == StepState.FAILED


@pytest.mark.django_db
def test_a_run_done_again_reads_what_the_first_read_though_its_source_has_changed_since() -> None:
    before = broken_run()
    pinned = before.steps.get(dataset__name="staging.orders").version
    road.register_yaml((PIPELINE % 1).replace("SELECT id, price FROM", "SELECT 2 * id AS id, price FROM"))
    later = rerunning.again(before, Asked(), actor="user:ana")
    road.drain()
    assert [one.version for one in later.inputs.all()] == [pinned]


@pytest.mark.django_db
def test_older_data_are_not_published_over_newer() -> None:
    before = broken_run()
    road.register_yaml(PIPELINE % 1)
    road.send("raw.orders", b"id,price\n3,4\n", name="orders.csv", period=DAY)
    road.drain()
    newer = Run.objects.latest("id")
    assert newer.state == RunState.SUCCEEDED
    seen = rerunning.preview(before, Asked())
    assert seen.renewed == {"staging.orders", "staging.shares"} & {one.dataset.name for one in seen.reads}
    again = rerunning.again(before, Asked(), actor="user:ana")
    road.drain()
    read = again.inputs.get(version__dataset__name="staging.orders").version
    assert read.step_run.run == newer
    assert Current.objects.get(dataset__name="staging.shares").version.rows == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start_from", "steps"),
    [
        ("start", {"raw.orders", "staging.orders", "staging.shares", "mart.shares"}),
        ("staging.orders", {"staging.orders", "staging.shares", "mart.shares"}),
        ("mart.shares", {"mart.shares"}),
    ],
)
def test_a_run_is_done_again_from_any_of_its_steps(start_from, steps) -> None:
    before = broken_run()
    road.register_yaml(PIPELINE % 1)
    rerunning.again(before, Asked(), actor="user:ana")
    road.drain()
    done = Run.objects.latest("id")
    whole = before if start_from in {"start", "staging.orders"} else done
    again = rerunning.again(whole, Asked(start_from=start_from), actor="user:ana")
    road.drain()
    again.refresh_from_db()
    assert again.state == RunState.SUCCEEDED, again.reason
    assert set(states(again)) == steps
    assert not Arrival.objects.filter(state="pending").exists()
    assert not StepRun.objects.filter(state=StepState.FAILED).exclude(run=before).exists()


@pytest.mark.django_db
def test_what_cannot_be_done_again_says_why() -> None:
    before = broken_run()
    with pytest.raises(IllegalMove, match="has no step"):
        rerunning.again(before, Asked(start_from="mart.none"), actor="user:ana")
    road.register_yaml(PIPELINE % 1)
    again = rerunning.again(before, Asked(), actor="user:ana")
    with pytest.raises(IllegalMove, match="is not over yet"):
        rerunning.again(again, Asked(), actor="user:ana")
    road.drain()
    again.refresh_from_db()
    with pytest.raises(IllegalMove, match=f"No step of run {again.pk}"):
        rerunning.again(again, Asked(), actor="user:ana")


@pytest.mark.django_db
def test_a_run_that_waits_to_be_done_again_takes_in_no_other_event() -> None:
    before = broken_run()
    before.pipeline.paused_at = before.finished_at
    before.pipeline.save()
    again = rerunning.again(before, Asked(), actor="user:ana")
    assert again.state == RunState.QUEUED
    with pytest.raises(IllegalMove, match=f"by run {again.pk}"):
        rerunning.again(before, Asked(), actor="user:ben")
    road.send("raw.orders", b"id,price\n9,9\n", name="orders.csv", period=DAY)
    road.drain()
    assert Run.objects.filter(state=RunState.QUEUED).count() == 2
    assert taking._pending.all(pipeline=before.pipeline_id, period=DAY, key="") != []
