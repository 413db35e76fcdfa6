"""Stopping on purpose: a run that is cancelled, a worker that is told to end, a step that can never be done."""

import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from controlplane.sample.client import until
from tests.killing.installations import GRINDING, MILL, PUBLISHED, Live, busy_engine, grist, meals_from, mill
from tests.killing.supplier import Supplier

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]
CANCEL_SECONDS = 5
DAYS = 8
RUN = "SELECT id, state, reason FROM pipelines_app_run WHERE period = '{day}' ORDER BY id DESC"
STEP = """
SELECT step.state, step.attempt, step.error FROM pipelines_app_steprun AS step
JOIN pipelines_app_run AS run ON run.id = step.run_id JOIN pipelines_app_dataset AS dataset
ON dataset.id = step.dataset_id WHERE run.period = '{day}' AND dataset.name = '{dataset}'
"""
BAD_MILL = """
pipeline: bad-mill
team: ops-analytics
sources:
  raw.bad_grist: {format: csv, period: day, from: "bad_{period}.csv", columns: {n: INTEGER}}
steps:
  - dataset: mart.bad_meal
    materialise: {kind: incremental, by: period}
    sql: |
      SELECT length(list_reduce(list_transform(range(1, 3000), LAMBDA x : repeat('x', 4000000 + n)),
        LAMBDA a, b : a || b)) AS n
      FROM raw.bad_grist
"""


def engine_of(site: Live) -> psutil.Process | None:
    return busy_engine(site.production.parts["worker"].pid)


@pytest.mark.promise(24, faults="cancel in the middle of a query")
def test_a_cancelled_run_stays_cancelled_and_its_query_is_stopped_within_five_seconds(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    day = "2016-05-01"
    mill(supplier, day, 1000)
    until(lambda: site.count(GRINDING) == 1, "the mill to grind", patience=60)
    engine = until(lambda: engine_of(site), "a busy engine", patience=30)
    run = site.rows(RUN.format(day=day))[0][0]
    asked = time.monotonic()
    site.post(f"/runs/{run}/cancel").raise_for_status()
    until(lambda: not engine.is_running(), "the query to be stopped", patience=30)
    took = time.monotonic() - asked
    print(f"the query was stopped {took:.1f} s after the cancel")  # noqa: T201
    assert took < CANCEL_SECONDS
    site.settle(60)
    assert site.rows(RUN.format(day=day))[0][1] == "cancelled"
    assert site.post(f"/runs/{run}/cancel").status_code == 409
    site.judge(supplier, tmp_path)


@pytest.mark.promise(26, faults="SIGTERM of worker, beat and web while files come in and a query runs")
def test_a_warm_stop_of_every_part_under_load_loses_nothing(site: Live, supplier: Supplier, tmp_path: Path) -> None:
    before = site.count(PUBLISHED)
    mill(supplier, "2016-05-02", 500)
    supplier.begin(meals_from("2017-07-01", DAYS), lambda number: True)
    until(lambda: site.count(GRINDING) == 1, "the mill to grind", patience=60)
    for part in ("worker", "beat", "web"):
        site.restart(part)
    supplier.finish(120)
    until(lambda: site.count(PUBLISHED) - before >= 2 * DAYS + 2, "all versions", patience=120)
    site.settle(60)
    assert site.count(PUBLISHED) - before == 2 * DAYS + 2
    assert [state for state, *_ in site.rows(STEP.format(day="2016-05-02", dataset="mart.mill_meal"))] == ["succeeded"]
    site.judge(supplier, tmp_path)


@pytest.mark.promise(25, faults="a segmentation fault at every attempt of one step")
def test_a_step_that_always_crashes_is_given_up_and_the_others_go_on(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    site.register(MILL.replace("mill", "crasher"))
    before = site.count(PUBLISHED)
    supplier.send("raw.crasher_grist", "grist_2016-05-03.csv", grist(1500))
    over = threading.Event()
    crashing = threading.Thread(target=crash_until, args=(site, over), daemon=True)
    crashing.start()
    step = STEP.format(day="2016-05-03", dataset="mart.crasher_meal")
    until(lambda: site.rows(step) and site.rows(step)[0][0] == "failed", "the step to be given up", patience=120)
    over.set()
    crashing.join(10)
    for file in meals_from("2017-08-01", DAYS):
        supplier.send(*file)
    site.settle(90)
    state, attempts, error = site.rows(step)[0]
    assert (state, attempts) == ("failed", 3)
    assert error
    assert site.count(PUBLISHED) - before == 1 + 2 * DAYS
    site.judge(supplier, tmp_path)


def crash_until(site: Live, over: threading.Event) -> None:
    while not over.wait(0.05):
        if (engine := engine_of(site)) is not None:
            engine.send_signal(signal.SIGSEGV)


@pytest.mark.promise(25, faults="a step that needs more memory than there is, beside others")
def test_a_step_that_eats_memory_is_given_up_with_the_reason_and_starves_nobody(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    site.register(BAD_MILL)
    before = site.count(PUBLISHED)
    supplier.send("raw.bad_grist", "bad_2016-05-04.csv", b"n\n1\n2\n")
    for file in meals_from("2017-09-01", DAYS):
        supplier.send(*file)
    until(lambda: site.count(PUBLISHED) - before >= 1 + 2 * DAYS, "the others", patience=90)
    site.settle(180)
    state, attempts, error = site.rows(STEP.format(day="2016-05-04", dataset="mart.bad_meal"))[0]
    assert state == "failed"
    assert 1 <= attempts <= 3
    assert "memory" in error
    site.judge(supplier, tmp_path)
