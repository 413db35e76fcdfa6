"""A run that is cancelled ends with all its steps, and each of them has an event that says so."""

import pytest

from pipelines_app.models import Event, Run, StepState
from pipelines_app.runs import cancelling, leases
from tests import road
from tests.invariants import violations


@pytest.mark.promise(29, faults="cancel in the middle of a run")
@pytest.mark.django_db
def test_every_step_that_is_cancelled_with_its_run_has_an_event_of_its_own() -> None:
    road.register_sample("flights-daily")
    road.send_flights("2013-01-05")
    road._deliver()
    road._execute()
    run = Run.objects.get()
    assert leases.claim(run.steps.filter(state=StepState.READY).earliest("id").pk, "one")
    cancelling.cancel(run, actor="user:ana", because="not today")
    left = set(run.steps.filter(state=StepState.CANCELLED).values_list("dataset__name", flat=True))
    ended = Event.objects.filter(kind="step.ended", run=run.pk)
    assert {event.dataset for event in ended} == left
    assert len(left) > 1
    assert {(event.cause.kind, event.body["state"], event.body["because"]) for event in ended} == {
        ("run.moved", "cancelled", "not today")
    }
    road.drain()
    assert violations() == []
