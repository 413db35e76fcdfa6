"""Statements that are compiled once: asked again with other values, they say what a new query would."""

import pytest

from pipelines_app.models import Run, RunState, StepRun, StepState
from pipelines_app.prepared import Change, Given, Prepared, Several, add
from tests.factories import make_dataset, make_pipeline, make_run

pytestmark = pytest.mark.django_db

some = Prepared(lambda: Run.objects.filter(pk__in=Several("runs"), state=Given("state")).order_by("pk"))
ended = Change(
    lambda: Run.objects.filter(pk__in=Several("runs"), state=Given("state")),
    state=Given("to"),
    reason=Given("because"),
    finished_at=Given("moment"),
)


def test_several_values_are_asked_for_however_many_there_are() -> None:
    runs = [make_run(make_pipeline(), state=RunState.QUEUED).pk for _ in range(3)]
    for count in (1, 3, 2):
        assert [run.pk for run in some.all(runs=runs[:count], state=RunState.QUEUED)] == runs[:count]
    assert some.first(runs=runs, state=RunState.FAILED) is None


def test_a_change_says_how_many_rows_it_changed_and_writes_what_it_was_given() -> None:
    runs = [make_run(make_pipeline(), state=RunState.RUNNING) for _ in range(2)]
    given = {"runs": [run.pk for run in runs], "to": RunState.FAILED, "because": "100 % of it's gone"}
    moment = runs[0].created_at
    assert ended.make(**given, state=RunState.RUNNING, moment=moment) == 2
    assert ended.make(**given, state=RunState.RUNNING, moment=moment) == 0
    assert set(Run.objects.values_list("state", "reason", "finished_at")) == {("failed", "100 % of it's gone", moment)}


def test_added_rows_have_their_ids_in_order_and_the_defaults_of_the_database() -> None:
    run = make_run(make_pipeline(), state=RunState.RUNNING)
    steps = [StepRun(run=run, position=number, dataset=make_dataset(), kind="load") for number in range(3)]
    add(steps)
    kept = list(StepRun.objects.order_by("position"))
    assert [step.pk for step in kept] == [step.pk for step in steps]
    assert all(step.not_before is not None and step.state == StepState.WAITING for step in kept)
    add([])
