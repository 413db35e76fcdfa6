"""The event log through the API: what happened, why, what came of it, and what is stuck."""

import pytest

from pipelines_app.models import Dataset, Delivery, DeliveryState, Event
from tests import factories
from tests.api.callers import Caller, refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["dataset.published", "step.started"])
def test_events_are_found_by_kind(published, ana, kind):
    told = ana.get("/events", kind=kind).json()["results"]
    assert {one["kind"] for one in told} == {kind}
    assert len(told) == Event.objects.filter(kind=kind).count()


def test_events_are_found_by_what_they_are_about(published, ana):
    published.refresh_from_db()
    for query, field in [({"dataset": "mart.shops"}, "dataset"), ({"pipeline": "orders"}, "pipeline")]:
        told = ana.get("/events", **query).json()["results"]
        assert {one[field] for one in told} == set(query.values())
    assert {one["run"] for one in ana.get("/events", run=published.run_id).json()["results"]} == {published.run_id}


def test_since_gives_only_what_is_new(published, ana):
    last = Event.objects.order_by("-id").first().pk
    assert ana.get("/events", since=last).json()["results"] == []
    assert [one["id"] for one in ana.get("/events", since=last - 1).json()["results"]] == [last]


def test_an_event_tells_the_chain_that_led_to_it_and_what_became_of_it(published, ana):
    event = Event.objects.filter(kind="dataset.published", dataset="mart.shops").get()
    told = ana.get(f"/events/{event.pk}").json()
    chain = [one["event"]["kind"] for one in told["causes"]]
    assert chain[-1] == "arrival.accepted"
    assert told["outcomes"][0]["state"] == "done"
    root = ana.get(f"/events/{told['causes'][-1]['event']['id']}").json()
    assert root["causes"] == []
    assert "run.moved" in {one["kind"] for one in root["effects"]}


def test_a_cause_the_caller_may_not_see_is_only_counted(published, eve):
    Dataset.objects.filter(name="raw.orders").update(restricted=True)
    event = Event.objects.filter(kind="dataset.published", dataset="mart.shops").get()
    told = eve.get(f"/events/{event.pk}").json()
    assert told["causes"][-1] == {"restricted": True}
    refused(eve.get(f"/events/{Event.objects.get(kind='arrival.accepted').pk}"), 404, "not_found")


@pytest.fixture
def stuck(published):
    delivery = Delivery.objects.filter(event__dataset="raw.orders").first()
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.STUCK, attempts=8, error="KeyError: 'x'")
    return delivery


def test_what_is_stuck_is_shown_to_admins_and_tried_again(stuck, ada):
    told = ada.get("/deliveries", state="stuck").json()["results"]
    assert [one["id"] for one in told] == [stuck.pk]
    assert ada.post(f"/deliveries/{stuck.pk}/release").json()["state"] == "pending"
    assert Event.objects.get(kind="delivery.released").actor == "token:ada/test"
    refused(ada.post(f"/deliveries/{stuck.pk}/release"), 409, "illegal_move")


def test_what_is_stuck_is_not_for_everybody(stuck, ana, vic):
    refused(ana.get("/deliveries"), 403, "not_allowed")
    refused(vic.post(f"/deliveries/{stuck.pk}/release"), 403, "not_allowed")


def test_an_admin_of_another_team_sees_none_of_it(stuck):
    other = Caller(factories.make_user(team=factories.make_team(), role="admin"))
    assert other.get("/deliveries").json()["results"] == []
    refused(other.post(f"/deliveries/{stuck.pk}/release"), 404, "not_found")


def test_a_superuser_sees_all_deliveries(stuck):
    root = Caller(factories.make_user(superuser=True))
    assert len(root.get("/deliveries").json()["results"]) == Delivery.objects.count()
