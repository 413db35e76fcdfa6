"""Old events go, and nothing that is still needed goes with them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring_app.models import Alert
from pipelines_app import events
from pipelines_app.facts import DatasetPublished, RunMoved
from pipelines_app.intake import history
from pipelines_app.models import Delivery, DeliveryState, Event, Run
from pipelines_app.runs import queue
from tests import factories, road

pytestmark = pytest.mark.django_db
DAY = "2013-01-05"


@pytest.fixture
def much_later(settings):
    """A moment at which everything of today is too old."""
    return timezone.now() + timedelta(days=settings.EVENT_DAYS + 1)


def test_events_of_a_run_that_is_over_go_and_what_rows_point_to_stays(much_later) -> None:
    road.register_sample("flights-daily")
    road.send_flights(DAY)
    road.drain()
    before = Event.objects.count()
    assert history.forget(much_later - timedelta(days=2)) == 0
    assert history.forget(much_later) > 0
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert "step.started" not in kinds
    assert {"arrival.accepted", "dataset.published"} <= kinds  # the run's cause, and what moved the mapping
    assert Event.objects.count() < before
    assert Run.objects.get().cause.kind == "arrival.accepted"
    assert not Delivery.objects.exclude(event__in=Event.objects.all()).exists()


def test_what_a_run_that_goes_on_said_stays(much_later) -> None:
    road.register_sample("flights-daily")
    road.send_flights(DAY)
    road._deliver()
    said = Event.objects.filter(run=Run.objects.get().pk)
    before = said.count()
    history.forget(much_later)
    assert said.count() == before > 0


def test_what_was_not_handed_over_stays_until_it_is(much_later) -> None:
    fact = DatasetPublished(run=1, pipeline="a", dataset="mart.a", period="", version=1, number=1, rows=1)
    event = events.record(fact, actor="clock")
    history.forget(much_later)
    assert Event.objects.filter(pk=event.pk).exists()
    Delivery.objects.filter(event=event).update(state=DeliveryState.DONE, disposition="ignored")
    history.forget(much_later)
    assert not Event.objects.filter(pk=event.pk).exists()


def test_what_an_alert_tells_of_stays(much_later) -> None:
    pipeline = factories.make_pipeline("flights-daily")
    run = factories.make_run(pipeline, state="failed")
    fact = RunMoved(run=run.pk, pipeline=pipeline.name, period="", state="failed", because="division by zero")
    event = events.record(fact, actor="clock")
    road.drain()
    assert Alert.objects.get().event_id == event.pk
    history.forget(much_later)
    assert Event.objects.filter(pk=event.pk).exists()


def test_a_chain_is_let_go_from_its_end_and_a_run_can_still_be_asked_for(much_later) -> None:
    first = factories.make_event()
    last = events.record(RunMoved(run=1, pipeline="a", period="", state="running"), cause=first)
    assert history.forget(much_later) == 2
    assert not Event.objects.filter(pk__in=[first.pk, last.pk]).exists()
    road.register_sample("flights-daily")
    assert queue.request(road.Revision.objects.get().pipeline, period=DAY, actor="user:ana").pk


def test_of_a_long_log_each_hour_looks_at_its_own_part_and_a_day_at_all_of_it(much_later, monkeypatch) -> None:
    monkeypatch.setattr(history, "ALL_AT_ONCE", 10)
    old = [events.record(RunMoved(run=1, pipeline="a", period="", state="running"), actor="clock") for _ in range(60)]
    went = [history.forget(much_later.replace(hour=hour)) for hour in range(24)]
    assert sum(went) == len(old)
    assert max(went) == 3


def test_what_is_not_old_yet_is_no_part_of_what_is_looked_at(settings) -> None:
    now = timezone.now()
    for days in (500, 450, 401, 399, 1):
        Event.objects.create(kind="run.moved", actor="clock", body={}, at=now - timedelta(days=days))
    assert history.forget(now) == 3
    assert Event.objects.count() == 2
