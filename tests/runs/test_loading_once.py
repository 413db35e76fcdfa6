"""A source that adds every file holds the content of each once, however often it is brought in again."""

import json
from dataclasses import replace

import pytest
from django.utils import timezone

from pipelines_app.intake import accepting, webhooks
from pipelines_app.models import (
    Arrival,
    ArrivalState,
    Dataset,
    DatasetVersion,
    Part,
    Pipeline,
    Run,
    RunState,
    StepState,
)
from pipelines_app.runs import backfilling, planning, rerunning
from pipelines_app.runs.rerunning import Asked
from tests import road
from tests.intake.test_webhooks import signed

PIPELINE = """
pipeline: orders
team: shop
sources:
  raw.orders:
    format: csv
    period: day
    from: "orders_{period}.csv"
    mode: append
    columns: {id: BIGINT, price: BIGINT}
    %s
steps:
  - dataset: staging.orders
    sql: SELECT id, price FROM raw.orders
    materialise: {kind: incremental, by: period}
"""
WARNS = "checks: [{expression_is_true: {expression: price < 5, severity: warn}}]"
READS_THE_CLOCK = "checks: [{expression_is_true: {expression: current_date > DATE '2013-01-01', severity: warn}}]"
DAY = "2013-02-01"


def send(body: bytes, day: str = DAY) -> Arrival:
    return road.send("raw.orders", b"id,price\n" + body, name=f"orders_{day}.csv")


def rows() -> int:
    return sum(part.rows for part in Part.objects.live().filter(dataset__name="raw.orders"))


def became(arrival: Arrival) -> tuple[str, str]:
    arrival.refresh_from_db()
    return arrival.state, arrival.disposition


@pytest.mark.django_db
@pytest.mark.parametrize("checks", [WARNS, READS_THE_CLOCK, ""])
def test_a_file_that_is_replayed_is_not_in_its_source_twice(checks: str) -> None:
    road.register_yaml(PIPELINE % checks)
    first, _ = send(b"1,7\n"), send(b"2,7\n")
    road.drain()
    assert rows() == 2
    for _ in range(2):
        again = accepting.replay(first, actor="user:ana")
        road.drain()
        assert became(again) == (
            ArrivalState.DUPLICATE,
            f"the same content as arrival {first.pk}: one effect is enough",
        )
    assert rows() == 2
    assert Run.objects.latest("id").steps.get(dataset__name="raw.orders").state == StepState.REUSED
    assert set(Run.objects.values_list("state", flat=True)) <= {RunState.SUCCEEDED, RunState.WARNED}


@pytest.mark.django_db
def test_a_run_that_failed_and_is_done_again_twice_loads_its_file_once() -> None:
    road.register_yaml(PIPELINE % "checks: [{expression_is_true: {expression: price < 5}}]")
    send(b"1,7\n")
    road.drain()
    before = Run.objects.get()
    assert (before.state, rows()) == (RunState.QUARANTINED, 0)
    road.register_yaml(PIPELINE % WARNS)
    for _ in range(2):
        rerunning.again(before, Asked(), actor="user:ana")
        road.drain()
    assert rows() == 1
    assert DatasetVersion.objects.filter(dataset__name="raw.orders", state="published").count() == 1


@pytest.mark.django_db
def test_what_came_in_with_others_and_something_new_are_told_apart_in_one_load() -> None:
    road.register_yaml(PIPELINE % WARNS)
    known = send(b"1,7\n")
    road.drain()
    Pipeline.objects.update(paused_at=known.received_at)
    again, new = accepting.replay(known, actor="user:ana"), send(b"2,7\n")
    road.drain()
    Pipeline.objects.update(paused_at=None)
    planning.start_next(Pipeline.objects.get())
    road.drain()
    assert (became(again)[0], became(new)[0], rows()) == (ArrivalState.DUPLICATE, ArrivalState.CONSUMED, 2)


@pytest.mark.django_db
def test_a_backfill_brings_back_every_file_of_a_period_that_no_run_could_take_in_order() -> None:
    road.register_yaml(PIPELINE % "checks: [{expression_is_true: {expression: price < 5}}]")
    for body in (b"1,7\n", b"2,8\n", b"3,4\n"):
        send(body)
        road.drain()
    assert rows() == 1
    road.register_yaml(PIPELINE % WARNS)
    pipeline = Pipeline.objects.get()
    for _ in range(2):
        backfilling.begin(pipeline, first=DAY, last=DAY, mode="all", actor="user:ana")
        road.drain()
    back = Arrival.objects.exclude(replay_of=None).order_by("id")
    assert [one.replay_of.name for one in back] == [f"orders_{DAY}.csv"] * 2
    assert [one.replay_of_id for one in back] == sorted(one.replay_of_id for one in back)
    assert (rows(), {one.state for one in back}) == (3, {ArrivalState.CONSUMED})


MESSAGES = """
pipeline: tills
team: shop
sources:
  raw.tills: {format: jsonl, period: day, mode: append, columns: {item: VARCHAR}, payload: {records: /sold}}
"""


@pytest.mark.django_db
def test_two_messages_that_say_the_same_are_two_and_one_that_is_replayed_is_one() -> None:
    road.register_yaml(MESSAGES)
    webhook, secret = webhooks.create(Dataset.objects.get(name="raw.tills"))
    body = json.dumps({"sold": [{"item": "bread"}]}).encode()
    for number in ("first", "second", "second"):
        message = replace(signed(secret, body, message_id=number), period=DAY)
        webhooks.receive(webhook, message, now=timezone.now())
        road.drain()
    first, second = Arrival.objects.order_by("pk")
    assert {became(first)[0], became(second)[0]} == {ArrivalState.CONSUMED}
    assert sum(part.rows for part in Part.objects.live().filter(dataset__name="raw.tills")) == 2
    again = accepting.replay(second, actor="user:ana")
    road.drain()
    assert became(again)[0] == ArrivalState.DUPLICATE
    assert sum(part.rows for part in Part.objects.live().filter(dataset__name="raw.tills")) == 2
