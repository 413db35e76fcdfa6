"""One order of locks: nobody who follows it waits in a circle, and who meets somebody who does not begins anew."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, transaction
from psycopg.pq import TransactionStatus

from pipelines_app import events, locks
from pipelines_app.intake import opening, slots
from pipelines_app.models import (
    Backfill,
    Dataset,
    DatasetVersion,
    Delivery,
    DeliveryState,
    Environment,
    Pipeline,
    Run,
    RunState,
    Slot,
    StepRun,
    StepState,
    Team,
)
from pipelines_app.quality.gates import Verdict
from pipelines_app.runs import backfilling, cancelling, leases, publishing, rerunning
from pipelines_app.runs.rerunning import Asked
from tests import factories, road
from tests.monitoring.test_races import somebody_waits_for_a_lock
from tests.runs.test_machine import staged

ROOT = Path(__file__).resolve().parents[2]
# Claims skip what others hold; a group of messages takes its datasets in their order, with what it knows them by; the
# others lock one row and nothing else.
ALONE = {
    "locks.py",
    "leases.py",
    "events.py",
    "drafts.py",
    "cooling.py",
    "openlineage.py",
    "accepting.py",
    "gathering.py",
}
SALES = """
pipeline: %s
team: shop
sources:
  raw.%s: {format: csv, period: day, from: "%s_{period}.csv", columns: {id: BIGINT, price: BIGINT}}
steps:
  - dataset: staging.%s
    sql: SELECT id, price%s AS price FROM raw.%s
    materialise: {kind: incremental, by: period}
"""
READER = """
pipeline: %s
team: shop
steps:
  - dataset: mart.%s
    sql: SELECT count(*) AS n FROM staging.sales
    materialise: {kind: incremental, by: period}
"""


def sales(name: str = "sales", more: str = "") -> str:
    return SALES % (name, name, name, name, more, name)


def reader(name: str) -> str:
    return READER % (name, name)


def send(day: str, body: bytes = b"id,price\n1,7\n") -> None:
    road.send("raw.sales", body, name=f"sales_{day}.csv")


def test_rows_are_locked_by_the_helper_that_knows_the_order_alone() -> None:
    files = [*(ROOT / "pipelines_app").rglob("*.py"), *(ROOT / "monitoring_app").rglob("*.py")]
    locking = {file.name for file in files if "select_for_update" in file.read_text()}
    assert locking <= ALONE


class Recorder:
    """Every lock that is waited for, transaction by transaction, against the order; what is held may be changed."""

    LOCK = re.compile(r'FROM "(\w+)".* FOR (NO KEY )?UPDATE', re.DOTALL)
    UPDATE = re.compile(r'UPDATE "?(\w+)"? SET')
    # Updates of what is locked by its owner's row, or that no transaction takes with anything else.
    FREE = {"pipelines_app_steprun", "pipelines_app_run", "pipelines_app_delivery"}

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.held: dict[str, set[int]] = {}
        self.highest = -1

    def __call__(self, execute, sql, params, many, context):
        if connection.connection is None or connection.connection.info.transaction_status == TransactionStatus.IDLE:
            self.held, self.highest = {}, -1
        lock, update = self.LOCK.search(sql), self.UPDATE.match(sql)
        if lock and "SKIP LOCKED" not in sql:
            ids = {one for one in params or () if isinstance(one, int)}
            self.note(lock[1], ids, is_strong=not lock[2])
        elif update and update[1] not in self.FREE:
            self.note(update[1], set())
        return execute(sql, params, many, context)

    def note(self, table: str, ids: set[int], *, is_strong: bool = False) -> None:
        label = table.replace("_", ".", 2).replace(".", "_", 1)
        if label not in locks.ORDER:
            return
        place = locks.ORDER.index(label)
        again = label in self.held and ids <= self.held[label]
        queued = label == "pipelines_app.run" and "pipelines_app.pipeline" in self.held
        if is_strong and label != "pipelines_app.delivery":
            self.faults.append(f"{label} is held against those who only point to it")
        if place < self.highest and not again and not queued:
            self.faults.append(f"{label} after {locks.ORDER[self.highest]}")
        self.held.setdefault(label, set()).update(ids)
        self.highest = max(self.highest, place) if not queued else self.highest


@contextmanager
def recorded() -> Iterator[None]:
    recorder = Recorder()
    with connection.execute_wrapper(recorder):
        yield
    assert sorted(set(recorder.faults)) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_locks_rows_in_the_declared_order() -> None:
    Team.objects.create(name="shop", max_runs=2)
    with recorded():
        for text in (sales(), reader("one"), reader("two"), sales(more=" + 1")):
            road.register_yaml(text)
        Environment.objects.update(max_runs=3)
        for day in ("2013-02-01", "2013-02-02"):
            send(day)
        send("2013-02-03", b"id,price\nx,y\n")
        opened = slots.announce
        with transaction.atomic():
            slot = opened(
                Dataset.objects.get(name="raw.sales"), period="2013-02-09", due_at=slots_due(), actor="user:ana"
            )
        slots.pass_time(slots_due())
        road.drain()
        slots.waive(slot, reason="closed", actor="user:ana")
        opening.open_ahead(slots_due())
        pipeline = Pipeline.objects.get(name="one")
        backfill = backfilling.begin(pipeline, first="2013-02-01", last="2013-02-03", mode="all", actor="user:ana")
        backfilling.pause(backfill, actor="user:ana")
        backfilling.resume(backfill, actor="user:ana")
        road.drain()
        backfill = backfilling.begin(
            Pipeline.objects.get(name="sales"), first="2013-02-01", last="2013-02-03", mode="all", actor="user:ana"
        )
        road._execute()
        backfilling.cancel(backfill, actor="user:ana")
        road.drain()
        failed = Run.objects.filter(state=RunState.QUARANTINED).first()
        rerunning.again(failed, Asked(), actor="user:ana")
        for run in Run.objects.live():
            cancelling.cancel(run, actor="user:ana", because="enough")
        road.drain()
    assert not Delivery.objects.exclude(state=DeliveryState.DONE).exists()


def slots_due():
    return factories.timezone.now()


def meets(first: Callable[[], object], then: Callable[[], object], verb: Callable[[], object]) -> None:
    """Hold one row as somebody else, wait until the verb waits for it, then take the other: both come to their end."""
    held = threading.Event()

    def other() -> None:
        try:
            with transaction.atomic():
                first()
                held.set()
                deadline = time.monotonic() + 20
                while not somebody_waits_for_a_lock() and time.monotonic() < deadline:
                    threading.Event().wait(0.01)
                then()
        finally:
            connection.close()

    def ours() -> None:
        assert held.wait(20)
        try:
            verb()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(other), pool.submit(ours)]:
            one.result(40)


def taken(rows) -> Callable[[], object]:
    return lambda: list(rows.select_for_update(no_key=True))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_registration_and_a_publication_wait_for_each_other_one_way() -> None:
    road.register_yaml(sales())
    dataset, pipeline = Dataset.objects.filter(name="staging.sales"), Pipeline.objects.filter(name="sales")
    meets(taken(dataset), taken(pipeline), lambda: road.register_yaml(sales(more=" * 2")))
    assert Pipeline.objects.get().current.number == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_backfill_that_goes_on_and_one_that_is_fed_wait_for_each_other_one_way() -> None:
    road.register_yaml(sales())
    backfill = factories.make_backfill(Pipeline.objects.get(), "2013-02-01", state="paused")
    meets(
        taken(Pipeline.objects.all()),
        taken(Backfill.objects.all()),
        lambda: backfilling.resume(Backfill.objects.get(), actor="user:ana"),
    )
    backfill.refresh_from_db()
    assert backfill.state == "running"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_waiver_and_what_comes_in_wait_for_each_other_one_way() -> None:
    road.register_yaml(sales())
    dataset = Dataset.objects.get(name="raw.sales")
    slot = factories.make_slot(dataset, period="2013-02-01")

    def follow_a_revision() -> None:
        with transaction.atomic():
            slots.waive(slot, reason="not expected by revision 2", actor="clock")
            slots.announce(dataset, period="2013-02-02", due_at=slots_due(), actor="clock")

    meets(taken(Dataset.objects.filter(pk=dataset.pk)), taken(Slot.objects.filter(pk=slot.pk)), follow_a_revision)
    slot.refresh_from_db()
    assert slot.state == "waived"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_event_that_starts_pipelines_of_one_team_holds_all_of_them_before_their_teams_places() -> None:
    team = Team.objects.create(name="shop", max_runs=1)
    for text in (sales(), reader("one"), reader("two")):
        road.register_yaml(text)
    send("2013-02-01")
    road._deliver()
    for _ in range(2):
        road._execute()
    told = Delivery.objects.get(consumer="readiness", event__dataset="staging.sales", event__kind="dataset.published")
    last = Pipeline.objects.filter(name="two")
    meets(taken(last), taken(Team.objects.filter(pk=team.pk)), lambda: events.deliver(told.pk))
    told.refresh_from_db()
    assert (told.state, told.error) == (DeliveryState.DONE, "")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_publication_that_is_the_victim_of_a_deadlock_is_made_at_once_by_the_same_attempt() -> None:
    road.register_yaml(sales())
    send("2013-02-01")
    road._deliver()
    road._execute()
    claim = leases.claim(StepRun.objects.get(state=StepState.READY).pk, "one")
    done = staged(claim)

    def publishes() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '50ms'")  # it looks first, and is the victim
        publishing.publish(done, Verdict(results=()))

    dataset = Dataset.objects.filter(pk=claim.step.dataset_id)
    meets(taken(Pipeline.objects.all()), taken(dataset), publishes)
    step = StepRun.objects.get(pk=claim.step.pk)
    assert (step.state, step.attempt, Run.objects.get().state) == (StepState.SUCCEEDED, 1, RunState.SUCCEEDED)
    assert DatasetVersion.objects.filter(dataset=claim.step.dataset).count() == 1
