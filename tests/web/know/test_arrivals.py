"""Arrivals and the ledger of what is expected."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pipelines_app.models import Arrival, Dataset, Event, Slot, SlotState
from tests import factories, road
from tests.web.know.conftest import DAY, taken


def page(client, path="/arrivals", **query):
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def slot(orders):
    due = timezone.now() - timedelta(hours=1)
    return factories.make_slot(Dataset.objects.get(name="raw.orders"), period="2013-01-09", due_at=due, state="late")


def test_what_came_in_is_listed_with_what_became_of_it(published, vic):
    shown = page(vic)
    assert "orders_2013-01-05.csv" in shown
    assert "consumed by run" in shown
    assert "Nothing fits these filters" in page(vic, state="failed")
    assert "Nothing fits these filters" in page(vic, dataset="raw.other")


def test_nothing_yet_is_told_to_those_who_may_bring_something_and_to_those_who_may_not(orders, ana, oto):
    assert "Upload a file, or send one through the API" in page(ana)
    assert "Editors of a team bring data" in page(oto)
    assert "Nothing is expected" in page(ana, show="expected")


def test_the_list_is_in_pages_and_as_a_csv(orders, vic, django_assert_num_queries):
    for day in range(1, 29):
        for month in (1, 2):
            road.send("raw.orders", DAY, name=f"orders_2013-{month:02}-{day:02}.csv")
    with django_assert_num_queries(7):
        first = page(vic)
    assert "50 rows" in first
    oldest = Arrival.objects.order_by("-pk")[49].pk
    assert f"?before={oldest}" in first
    assert "6 rows" in page(vic, before=oldest)
    text = b"".join(vic.get("/arrivals", {"format": "csv"}).streaming_content).decode()
    assert len(text.splitlines()) == 57


def test_the_ledger_shows_what_is_late_and_an_editor_waives_it_with_a_reason(slot, ana, vic):
    assert 'class="word">Late' in page(vic, show="expected")
    assert "/waive" not in page(vic, show="expected")
    assert f"/slots/{slot.pk}/waive" in page(ana, show="expected")
    assert ana.post(f"/slots/{slot.pk}/waive", {"reason": ""}).status_code == 302
    assert Slot.objects.get().state == SlotState.LATE
    ana.post(f"/slots/{slot.pk}/waive", {"reason": "a holiday"})
    waived = Slot.objects.get()
    assert (waived.state, waived.reason) == (SlotState.WAIVED, "a holiday")
    assert "a holiday" in page(vic, show="expected")
    assert Event.objects.get(kind="slot.waived").actor == "user:ana"


def test_what_is_not_expected_any_more_cannot_be_waived_and_says_so(slot, ana):
    for _ in range(2):
        answer = ana.post(f"/slots/{slot.pk}/waive", {"reason": "a holiday"})
    assert "is not expected any more: it is waived" in ana.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("person", ["vic", "oto"])
def test_who_may_not_edit_waives_and_replays_nothing(slot, published, request, person):
    client = request.getfixturevalue(person)
    assert client.post(f"/slots/{slot.pk}/waive", {"reason": "x"}).status_code == 404
    assert client.post(f"/arrivals/{published.pk}/replay").status_code == 404


def test_an_arrival_tells_its_story(published, vic):
    shown = page(vic, f"/arrivals/{published.pk}")
    assert f"run {published.run_id}" in shown
    assert "What happened" in shown
    assert "Orders: started run" in shown


def test_the_page_of_an_arrival_looks_again_until_its_run_is_over(orders, vic):
    sent = road.send("raw.orders", DAY, name="orders_2013-01-05.csv")
    address = f"/arrivals/{sent.pk}"
    assert 'data-live-every="2"' in page(vic, address)
    road.drain()
    part = vic.get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div id="arrival"')
    assert "data-live-every" not in part
    assert f"See run {Arrival.objects.get(pk=sent.pk).run_id}" in part


def test_rows_that_were_set_aside_stand_with_their_reasons(orders, vic):
    road.send("raw.orders", DAY + b"x,east,1\n", name="orders_2013-01-05.csv")
    road.drain()
    shown = page(vic, f"/arrivals/{Arrival.objects.get().pk}")
    assert "is not a whole number" in shown
    assert "x,east,1" in shown


def test_a_replay_brings_the_kept_bytes_in_again(published, ana):
    answer = ana.post(f"/arrivals/{published.pk}/replay")
    again = Arrival.objects.latest("pk")
    assert answer["Location"] == f"/arrivals/{again.pk}"
    assert again.replay_of == published
    assert "came in again" in page(ana, answer["Location"])


def test_the_original_is_for_members(published, vic, oto):
    answer = vic.get(f"/arrivals/{published.pk}/original")
    assert taken(answer) == DAY
    assert answer["Content-Disposition"] == 'attachment; filename="orders_2013-01-05.csv"'
    assert oto.get(f"/arrivals/{published.pk}/original").status_code == 404
    assert "Download the original" not in page(oto, f"/arrivals/{published.pk}")


def test_an_arrival_for_a_restricted_dataset_is_not_there_for_others(published, vic, oto):
    Dataset.objects.filter(name="raw.orders").update(restricted=True)
    assert oto.get(f"/arrivals/{published.pk}").status_code == 404
    assert "orders_2013-01-05.csv" not in page(oto)
    assert "orders_2013-01-05.csv" in page(vic)


def test_an_arrival_costs_a_fixed_number_of_queries(published, ana, django_assert_num_queries):
    with django_assert_num_queries(12):
        page(ana, f"/arrivals/{published.pk}")
