"""What waits is taken in runs of bounded size, oldest first, one after the other; each file knows which run took it."""

import pytest

from pipelines_app.models import Arrival, ArrivalState, Delivery, Event, Pipeline, Run, RunState
from pipelines_app.runs import cancelling, pausing, taking
from tests import road
from tests.invariants import violations

PIPELINE = """
pipeline: orders
team: shop
sources:
  raw.orders: {format: csv, mode: append, columns: {id: BIGINT}}
steps:
  - dataset: staging.orders
    sql: SELECT id FROM raw.orders
"""


@pytest.fixture
def orders(settings) -> Pipeline:
    settings.RUN_MOST_FILES = 2
    road.register_yaml(PIPELINE)
    return Pipeline.objects.get()


def send(number: int) -> list[Arrival]:
    return [road.send("raw.orders", f"id\n{id}\n".encode(), name=f"orders-{id}.csv") for id in range(number)]


def taken() -> list[list[str]]:
    """By run, the files that it took, in the order of the runs that took any."""
    runs = Run.objects.exclude(arrivals=None).distinct().order_by("started_at")
    return [list(run.arrivals.order_by("id").values_list("name", flat=True)) for run in runs]


def names(*numbers: int) -> list[str]:
    return [f"orders-{number}.csv" for number in numbers]


@pytest.mark.parametrize(
    ("sizes", "first"),
    [([1], 1), ([], 0), ([1, 1, 1], 2), ([9, 1], 1), ([4, 4], 2), ([4, 5], 1), ([20, 1], 1)],
    ids=str,
)
def test_a_run_takes_the_oldest_up_to_a_number_and_a_size_and_one_at_least(sizes, first, settings) -> None:
    settings.RUN_MOST_FILES, settings.RUN_MOST_BYTES = 2, 8
    waiting = [Arrival(pk=number, bytes=size) for number, size in enumerate(sizes)]
    assert taking.divided(waiting) == (waiting[:first], waiting[first:])


@pytest.mark.django_db
def test_what_waited_for_a_paused_pipeline_is_taken_run_by_run_in_order(orders) -> None:
    pausing.pause(orders, actor="user:ana")
    send(5)
    road.drain()
    waiting = Run.objects.get()
    assert waiting.causes.count() == 5
    pausing.resume(orders, actor="user:ana")
    road.drain()
    assert taken() == [names(0, 1), names(2, 3), names(4)]
    assert Run.objects.exclude(arrivals=None).latest("started_at") == waiting
    assert set(Arrival.objects.values_list("state", flat=True)) == {ArrivalState.CONSUMED}
    for arrival in Arrival.objects.select_related("run"):
        told = Event.objects.get(kind="arrival.accepted", body__arrival=arrival.pk)
        delivery = Delivery.objects.get(event=told, consumer="readiness")
        assert (delivery.run, list(told.runs_caused.all())) == (arrival.run_id, [arrival.run])
    assert violations() == []


@pytest.mark.django_db
def test_what_came_before_the_first_run_could_start_is_taken_run_by_run_in_order(orders) -> None:
    send(5)
    road.drain()
    assert taken() == [names(0, 1), names(2, 3), names(4)]
    assert violations() == []


@pytest.mark.django_db
def test_a_run_that_is_cancelled_gives_up_what_it_took_and_the_rest_goes_on(orders) -> None:
    send(5)
    road._deliver()
    first = Run.objects.get(state=RunState.RUNNING)
    cancelling.cancel(first, actor="user:ana", because="not these")
    road.drain()
    assert taken() == [names(0, 1), names(2, 3), names(4)]
    states = list(Arrival.objects.order_by("id").values_list("state", flat=True))
    assert states == [ArrivalState.FAILED] * 2 + [ArrivalState.CONSUMED] * 3
