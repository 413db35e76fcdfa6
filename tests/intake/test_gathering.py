"""Messages that come at the same time share a transaction; what is unusual about one of them is its own affair."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from pipelines_app import lake
from pipelines_app.intake import gathering, limiting, slots, webhooks
from pipelines_app.models import Arrival, Dataset, Delivery, Event, KeptMessage, Slot, WebhookCall
from tests import road
from tests.intake.test_webhooks import signed

AT_ONCE = 12
PATIENCE = 60


@pytest.fixture
def supplier(transactional_db):
    road.register_sample("weather-hourly")
    webhook, secret = webhooks.create(Dataset.objects.get(name="raw.weather"))
    return webhooks.find(webhook.public_id), secret


def body(number, period="2013-01-05"):
    return json.dumps({"period": period, "records": [{"origin": "JFK", "hour": number}]}).encode()


def coming(supplier, number, **about):
    """A message as far as the door takes it before it is taken in."""
    webhook, secret = supplier
    message = signed(secret, body(number, **about), message_id=f"msg_{number}")
    made = webhooks._coming(webhook, message, f"msg_{number}", "192.0.2.1")
    assert made is not None
    return made


def taken(group):
    found = gathering._take(group)
    return [one.call.message_id for one in group if one in found]


def post(supplier, number, message_id="", content=None):
    webhook, secret = supplier
    message = signed(secret, content or body(number), message_id=message_id or f"msg_{number}")
    return Client().post(
        f"/hooks/{webhook.public_id}", message.body, content_type=message.content_type, headers=message.headers
    )


def at_once(work, count=AT_ONCE):
    begin, came = threading.Barrier(count), {}

    def run(number):
        begin.wait(PATIENCE)
        try:
            came[number] = work(number)
        finally:
            if connection.vendor == "postgresql":
                connections.close_all()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not [thread for thread in threads if thread.is_alive()]
    return came


def assert_all_are_whole(count):
    """Each message is an arrival with its bytes, its call, its event and the hand-over of that."""
    arrivals = Arrival.objects.select_related("event").order_by("pk")
    assert len(arrivals) == WebhookCall.objects.count() == KeptMessage.objects.count() == count
    for arrival in arrivals:
        assert arrival.event is not None
        assert (arrival.event.kind, arrival.event.body["arrival"]) == ("arrival.accepted", arrival.pk)
        assert arrival.event.actor == arrival.sender
        assert lake.original(arrival.path).stat().st_size == arrival.bytes
        assert Delivery.objects.filter(event=arrival.event, consumer="readiness").count() == 1
    assert {call.arrival_id for call in WebhookCall.objects.all()} == {arrival.pk for arrival in arrivals}


@pytest.mark.promise(1, 2, faults="many signed messages at once")
def test_messages_at_once_are_taken_in_whole_and_once(supplier):
    assert post(supplier, 99).status_code == 201
    answers = at_once(lambda number: post(supplier, number))
    assert [answer.status_code for answer in answers.values()] == [201] * AT_ONCE
    assert len({answer.json()["arrival"] for answer in answers.values()}) == AT_ONCE
    assert_all_are_whole(AT_ONCE + 1)


def test_a_group_costs_no_more_statements_than_one_message(supplier, django_assert_num_queries):
    gathering._take([coming(supplier, 0)])
    with django_assert_num_queries({"sqlite": 10, "postgresql": 4}[connection.vendor]):
        assert len(gathering._take([coming(supplier, number) for number in range(1, 20)])) == 19
    assert_all_are_whole(20)


def test_of_a_group_only_what_meets_its_like_goes_alone(supplier):
    first = coming(supplier, 1)
    assert taken([first]) == ["msg_1"]
    same_id, same_content = coming(supplier, 1, period="2013-01-06"), coming(supplier, 1)
    same_content.call.message_id = "msg_other"
    two = coming(supplier, 2)
    two_again = coming(supplier, 2)
    two_again.call.message_id = "msg_2_again"
    group = [same_id, same_content, two, two_again, coming(supplier, 3)]
    assert taken(group) == ["msg_2", "msg_3"]
    assert_all_are_whole(3)


def test_what_a_slot_expects_goes_alone_and_fills_it(supplier):
    soon = timezone.now() + timedelta(hours=1)
    slots.announce(supplier[0].dataset, period="2013-01-05", due_at=soon, actor="user:ana")
    assert not taken([coming(supplier, 1)])
    assert post(supplier, 1).status_code == 201
    assert Slot.objects.get().state == "arrived"
    assert taken([coming(supplier, 2)]) == ["msg_2"]


@pytest.mark.parametrize("change", ["rotated", "switched off", "slowed down"])
def test_a_webhook_that_has_changed_since_it_was_read_is_read_again(supplier, change):
    webhook, _ = supplier
    assert post(supplier, 1).status_code == 201
    now = type(webhook).objects.get(pk=webhook.pk)
    if change == "rotated":
        now.secret = now.previous_secret or now.secret
        webhooks.rotate(now)
        type(webhook).objects.filter(pk=webhook.pk).update(previous_until=timezone.now())
    elif change == "switched off":
        webhooks.switch(now, enabled=False)
    else:
        type(webhook).objects.filter(pk=webhook.pk).update(per_minute=1, window_at=None)
        limiting._left.clear()  # what this process may still take by the limit before
    expected = {"rotated": 401, "switched off": 404, "slowed down": 201}
    assert post(supplier, 2).status_code == expected[change]
    if change == "slowed down":
        assert post(supplier, 3).status_code == 429


def test_a_new_secret_is_taken_at_once_where_the_old_one_is_remembered(supplier):
    webhook, _ = supplier
    assert post(supplier, 1).status_code == 201
    secret = webhooks.rotate(type(webhook).objects.get(pk=webhook.pk))
    assert post((webhook, secret), 2).status_code == 201


@pytest.mark.promise(2, faults="a group of messages breaks before it is committed")
def test_where_a_group_breaks_every_message_of_it_goes_alone(supplier, settings, tmp_path):
    assert post(supplier, 99).status_code == 201
    settings.FAILPOINTS = str(tmp_path)
    (tmp_path / "before_accept.1").write_text("fail")
    answers = at_once(lambda number: post(supplier, number))
    assert not list(tmp_path.glob("before_accept*"))
    assert [answer.status_code for answer in answers.values()] == [201] * AT_ONCE
    assert_all_are_whole(AT_ONCE + 1)


def test_a_bad_message_among_good_ones_is_refused_alone(supplier):
    assert post(supplier, 0).status_code == 201
    contents = {1: body(1, period="someday"), 2: b"no json", 3: body(33)}

    def send(number):
        return post(supplier, number, message_id="msg_0" if number == 3 else "", content=contents.get(number))

    answers = at_once(send)
    codes = {number: answer.status_code for number, answer in answers.items()}
    assert {number: code for number, code in codes.items() if code != 201} == {0: 200, 1: 422, 2: 422, 3: 422}
    assert Arrival.objects.count() == AT_ONCE - 3


def test_a_message_larger_than_small_is_a_file_in_the_lake(supplier):
    large = json.dumps({"period": "2013-01-05", "records": [{"origin": "J" * webhooks.SMALL_BYTES}]}).encode()
    answer = post(supplier, 1, content=large)
    assert answer.status_code == 201
    arrival = Arrival.objects.get()
    assert not KeptMessage.objects.exists()
    assert lake.path(arrival.path).stat().st_size == arrival.bytes > webhooks.SMALL_BYTES


def test_a_message_counts_once_against_its_minute_whatever_road_it_goes(supplier):
    webhook, _ = supplier
    type(webhook).objects.filter(pk=webhook.pk).update(per_minute=20)
    webhooks.find(webhook.public_id)
    codes = [post(supplier, number).status_code for number in (1, 1, 2, 2, *range(3, 40))]
    assert codes.count(201) + codes.count(200) in {18, 19, 20}
    assert codes[-1] == 429


def test_what_was_copied_out_of_the_database_is_made_anew_when_it_is_asked_for(supplier):
    post(supplier, 1)
    arrival = Arrival.objects.get()
    lake.original(arrival.path).write_bytes(b"")  # as after a power cut
    whole = b'{"origin":"JFK","hour":1}\n'
    assert lake.original(arrival.path).read_bytes() == whole
    lake.path(arrival.path).unlink()
    assert lake.originals([arrival.path])[arrival.path].read_bytes() == whole
    assert not list(lake.path(arrival.path).parent.glob("*.*"))


def test_events_of_messages_say_when_they_came(supplier):
    before = datetime.now(tz=UTC)
    post(supplier, 1)
    assert before <= Event.objects.get(kind="arrival.accepted").at <= datetime.now(tz=UTC)
