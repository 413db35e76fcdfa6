"""The event log: filters, causes and effects, deliveries, and letting a stuck one go on."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from pipelines_app import events
from pipelines_app.facts import ArrivalAccepted, DatasetPublished, RunRequested, StepStaged
from pipelines_app.models import Delivery, DeliveryState, Event
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    """Ana, an admin of the team shop, signed in."""
    user = factories.make_user("ana", team=factories.make_team("shop"), role="admin")
    client.force_login(user)
    return user


def arrived(dataset="raw.orders"):
    fact = ArrivalAccepted(
        dataset=dataset, period="", arrival=1, name="orders.csv", bytes=10, sha256="0" * 64, door="api"
    )
    return events.record(fact, actor="user:ana")


def staged(cause, dataset="raw.orders"):
    fact = StepStaged(run=1, pipeline="orders", dataset=dataset, rows=1, rejected=0, bytes=1, seconds=1)
    return events.record(fact, cause=cause)


def published(cause, dataset="raw.orders"):
    fact = DatasetPublished(run=1, pipeline="orders", dataset=dataset, period="", version=1, number=1, rows=1)
    return events.record(fact, cause=cause)


def text(answer):
    return answer.content.decode()


def test_every_fact_is_listed_in_words_with_what_became_of_it(client, ana):
    event = arrived()
    event.deliveries.update(state=DeliveryState.DONE, outcome="orders: started run 7")
    page = text(client.get(reverse("console:events")))
    assert "orders.csv was uploaded through the API" in page
    assert "orders: started run 7" in page


def test_events_are_found_by_kind_dataset_pipeline_run_and_actor(client, ana):
    one = arrived()
    two = staged(one)

    def listed(**query):
        return {event.pk for event in client.get(reverse("console:events"), query).context["page"].rows}

    assert listed() == {one.pk, two.pk}
    assert listed(kind="step.staged") == listed(pipeline="orders") == listed(run="1") == {two.pk}
    assert listed(actor="user:ana") == {one.pk}
    assert listed(dataset="raw.none") == listed(run="x") == listed(run="9" * 30) == set()


def test_an_event_shows_what_led_to_it_and_what_came_of_it(client, ana):
    first = arrived()
    second = staged(first)
    third = published(second)
    middle = client.get(reverse("console:event", args=[second.pk]))
    assert [link.event.pk for link in middle.context["up"]] == [first.pk]
    assert [link.event.pk for link in middle.context["down"]] == [third.pk]
    assert "begun by" in text(client.get(reverse("console:event", args=[first.pk])))


def test_a_long_chain_is_climbed_to_its_beginning_in_few_queries(client, ana, django_assert_max_num_queries):
    first = last = arrived()
    for _ in range(30):
        last = staged(last)
    with django_assert_max_num_queries(14):
        page = client.get(reverse("console:event", args=[last.pk]))
    assert page.context["up"][0].event.pk == first.pk
    assert len(page.context["up"]) == 30


def test_what_one_may_not_see_is_a_gap_in_the_chain(client, ana):
    factories.make_dataset("raw.secret", restricted=True)
    last = published(staged(arrived("raw.secret"), "raw.secret"), "mart.open")
    page = text(client.get(reverse("console:event", args=[last.pk])))
    assert "Something that you may not see" in page
    assert "raw.secret" not in page
    assert "raw.secret" not in text(client.get(reverse("console:events")))
    assert client.get(reverse("console:event", args=[last.cause_id])).status_code == 404


def test_an_event_is_json_when_asked(client, ana):
    event = arrived()
    answer = client.get(reverse("console:event", args=[event.pk]), {"format": "json"})
    assert json.loads(answer.content)["body"]["name"] == "orders.csv"


def stuck_delivery(dataset):
    delivery = arrived(dataset).deliveries.first()
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.STUCK, attempts=8, error="ValueError: no")
    return Delivery.objects.get(pk=delivery.pk)


def test_an_admin_releases_a_stuck_event_and_others_cannot(client, ana):
    factories.make_dataset("raw.orders", team=ana.teams.get())
    factories.make_dataset("raw.others")
    own, other = stuck_delivery("raw.orders"), stuck_delivery("raw.others")
    page = text(client.get(reverse("console:events")))
    assert "2 events could not be handed on" in page
    assert page.count("</svg>Release<") == 1
    assert client.post(reverse("console:delivery-release", args=[other.pk])).status_code == 404
    client.post(reverse("console:delivery-release", args=[own.pk]))
    own.refresh_from_db()
    assert (own.state, own.attempts) == (DeliveryState.PENDING, 0)
    assert Event.objects.filter(kind="delivery.released", actor="user:ana").exists()
    again = client.post(reverse("console:delivery-release", args=[own.pk]), follow=True)
    assert "it is not stuck" in text(again)


@pytest.mark.parametrize("rows", [1, 30])
def test_the_log_takes_the_same_number_of_queries_for_any_number_of_events(
    client, ana, rows, django_assert_num_queries
):
    for _ in range(rows):
        arrived()
    with django_assert_num_queries(7):
        client.get(reverse("console:events"))


def test_the_log_goes_out_as_csv_without_formulas(client, ana):
    events.record(RunRequested(pipeline="=1+1", period=""), actor="user:ana")
    answer = client.get(reverse("console:events"), {"format": "csv"})
    assert b"'=1+1" in b"".join(answer.streaming_content)


def test_an_empty_log_says_whether_nothing_happened_or_nothing_matches(client, ana):
    assert "Nothing has happened yet" in text(client.get(reverse("console:events")))
    assert "No event matches" in text(client.get(reverse("console:events"), {"kind": "run.moved"}))


def test_events_are_found_by_period_and_by_time_and_their_pages_leave_nothing_out(client, ana):
    made = [arrived() for _ in range(55)]
    days = [timezone.now() - timedelta(days=3 * (number % 2)) for number in range(55)]
    Event.objects.bulk_create(
        [
            Event(kind=one.kind, at=at, actor="user:ana", body=one.body, dataset="raw.orders", period="2026-05")
            for one, at in zip(made, days, strict=True)
        ]
    )

    def page(**query):
        return client.get(reverse("console:events"), query).context["page"]

    old = f"{timezone.now() - timedelta(days=1):%Y-%m-%dT%H:%M}"
    assert len(page(period="2026-05").rows) == 50
    assert len(page(until=old).rows) == 27
    first = page(since=old)
    second = client.get(reverse("console:events") + first.older).context["page"]
    assert len(first.rows) + len(second.rows) == 55 + 28
    assert len({one.pk for one in (*first.rows, *second.rows)}) == 55 + 28
    moments = [one.at for one in (*first.rows, *second.rows)]
    assert moments == sorted(moments, reverse=True)
    assert len(page(since="31.2.", until="2026-02-31").rows) == 50  # what is no moment filters nothing
