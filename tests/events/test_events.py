"""A fact is recorded with its deliveries; each consumer has its effect once, or the event is shown as stuck."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from pipelines_app import events
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import KINDS, DatasetPublished, Fact, PipelineRevised, RunRequested
from pipelines_app.models import Delivery, DeliveryState, Event, Team

pytestmark = pytest.mark.django_db
HEARD: list[int] = []


@events.hears(RunRequested)
def attentive(event: Event, fact: Fact) -> str:
    HEARD.append(event.pk)
    Team.objects.create(name=f"effect-of-{event.pk}")
    return "taken note of"


@events.hears(RunRequested)
def poisoned(event: Event, fact: Fact) -> str:
    Team.objects.create(name="half-an-effect")
    raise ValueError("cannot stomach this")


@pytest.fixture
def consumers(settings) -> None:
    HEARD.clear()
    settings.EVENT_CONSUMERS = {
        "good": f"{__name__}.attentive",
        "bad": f"{__name__}.poisoned",
    }
    settings.DELIVERY_ATTEMPTS = 3


def asked() -> Event:
    return events.record(RunRequested(pipeline="flights-daily", period="2013-01-01"), actor="user:ana")


@pytest.mark.usefixtures("consumers")
def test_a_consumer_is_told_only_of_the_kinds_it_hears() -> None:
    events.record(PipelineRevised(pipeline="flights-daily", revision=1), actor="user:ana")
    assert not Delivery.objects.exists()
    asked()
    assert set(Delivery.objects.values_list("consumer", flat=True)) == {"good", "bad"}


@pytest.mark.usefixtures("consumers")
def test_a_delivery_rung_three_times_has_one_effect() -> None:
    event = asked()
    delivery = Delivery.objects.get(consumer="good")
    for _ in range(3):
        events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert [event.pk] == HEARD
    assert (delivery.state, delivery.outcome, delivery.attempts) == (DeliveryState.DONE, "taken note of", 1)


@pytest.mark.promise(25, faults="a consumer that always fails")
@pytest.mark.usefixtures("consumers")
def test_a_poisoned_event_leaves_no_half_effect_backs_off_and_ends_stuck_and_shown() -> None:
    event = asked()
    delivery = Delivery.objects.get(consumer="bad")
    before = timezone.now()
    events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING
    assert delivery.not_before >= before + timedelta(seconds=1)
    assert delivery.error == "ValueError: cannot stomach this"
    for _ in range(2):
        events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.STUCK, 3)
    assert not Team.objects.filter(name="half-an-effect").exists()
    stuck = Event.objects.get(kind="delivery.stuck")
    assert (stuck.cause, stuck.body["consumer"]) == (event, "bad")


@pytest.mark.usefixtures("consumers")
def test_a_stuck_delivery_is_released_by_a_person_and_only_once() -> None:
    asked()
    delivery = Delivery.objects.get(consumer="bad")
    for _ in range(3):
        events.deliver(delivery.pk)
    events.release(delivery, actor="user:ana")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
    with pytest.raises(IllegalMove, match="not stuck"):
        events.release(delivery, actor="user:ana")


@pytest.mark.usefixtures("consumers")
def test_what_a_lost_bell_left_behind_is_due_and_what_backs_off_is_not() -> None:
    asked()
    bad = Delivery.objects.get(consumer="bad")
    events.deliver(bad.pk)
    due = list(events.due(timezone.now()))
    assert due == [Delivery.objects.get(consumer="good").pk]
    assert bad.pk in list(events.due(timezone.now() + timedelta(minutes=1)))


def test_an_event_has_a_cause_or_an_actor() -> None:
    with pytest.raises(DatabaseError, match="event_has_cause_or_actor"), transaction.atomic():
        events.record(RunRequested(pipeline="a", period=""))


def test_the_database_refuses_to_edit_history() -> None:
    event = asked()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(actor="somebody else")


def test_a_fact_comes_back_as_it_was_recorded() -> None:
    fact = DatasetPublished(
        run=7, pipeline="flights-daily", dataset="raw.flights", period="2013-01-01", version=3, number=2, rows=842
    )
    event = events.record(fact, actor="platform")
    stored = Event.objects.get(pk=event.pk)
    assert events.fact_of(stored) == fact
    assert (stored.run, stored.dataset, stored.period) == (7, "raw.flights", "2013-01-01")


def test_a_field_that_this_release_does_not_know_is_left_out() -> None:
    body = {"pipeline": "a", "period": "", "colour": "of a later release"}
    assert KINDS["run.requested"].read(body) == RunRequested(pipeline="a", period="")


def of_a_later_release(consumer: str = "good", **about: object) -> Delivery:
    event = Event.objects.create(kind="pipeline.sung", actor="user:ana", body={"song": "la"}, **about)
    return Delivery.objects.create(event=event, consumer=consumer)


@pytest.mark.usefixtures("consumers")
@pytest.mark.parametrize("consumer", ["good", "choir"])
def test_what_only_a_later_release_understands_waits_for_it_and_is_no_fault_of_the_event(consumer: str) -> None:
    delivery = of_a_later_release(consumer)
    before = timezone.now()
    for _ in range(5):
        events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
    assert delivery.error == f"this release knows no pipeline.sung for {consumer}: it is left to a later one"
    assert before + timedelta(seconds=4) <= delivery.not_before <= before + timedelta(minutes=2)


@pytest.mark.usefixtures("consumers")
def test_what_no_release_understood_for_a_day_is_shown_as_stuck() -> None:
    delivery = of_a_later_release(at=timezone.now() - timedelta(hours=25))
    for _ in range(3):
        events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.STUCK, 3)
