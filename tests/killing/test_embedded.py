"""Embedded mode is killed in the middle of its work, and the next start continues where it was."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from controlplane.sample.client import until
from tests.killing.installations import (
    GRINDING,
    MILL,
    PUBLISHED,
    SEEDS,
    STOP_SECONDS,
    Embedded,
    busy_engine,
    chance,
    embedded,
    grist,
)
from tests.road import SCRIPT
from tests.servers.session import CHOICE

pytestmark = pytest.mark.skipif(os.environ[CHOICE] == "postgres", reason="embedded mode is tried with SQLite's tests")
DAYS = SCRIPT.days()[:20]
PER_DAY = 4
AHEAD = 3
ENDING_SECONDS = 20  # five for requests, five for what is put back, the rest for a machine that has much else to do
EPOCH = """
SELECT max(step.epoch) FROM pipelines_app_steprun AS step JOIN pipelines_app_dataset AS dataset
ON dataset.id = step.dataset_id WHERE dataset.name = 'mart.mill_meal'
"""
FLIGHTS = [("raw.flights", f"flights_{day}.csv", SCRIPT.flights(day)) for day in DAYS]
ONCE = """
SELECT dataset.name, count(*), count(DISTINCT version.period)
FROM pipelines_app_datasetversion AS version JOIN pipelines_app_dataset AS dataset ON dataset.id = version.dataset_id
WHERE version.state = 'published' AND dataset.name IN ('raw.flights', 'staging.flights', 'mart.daily_operations')
GROUP BY dataset.name ORDER BY dataset.name
"""


def stories() -> list[object]:
    chaotic = [pytest.param(seed, marks=pytest.mark.chaos) for seed in (1, 2, 3, 4, 5, 6)]
    return [*SEEDS] or [20130208, *chaotic]


@pytest.mark.promise(1, 4, 26, 29, faults="kill -9 and SIGTERM of embedded mode")
@pytest.mark.parametrize("seed", stories())
def test_twenty_days_are_published_once_through_three_kills_and_a_stop(seed: int, tmp_path: Path) -> None:
    dice = chance(seed)
    moments = sorted(dice.sample(range(1, PER_DAY * len(DAYS) - 1), 4))
    polite = dice.choice(moments)
    with embedded(tmp_path) as site:
        supplier = site.supplier()
        supplier.begin(FLIGHTS, lambda number: number < AHEAD + site.count(PUBLISHED) / PER_DAY)
        for moment in moments:
            until(lambda moment=moment: site.count(PUBLISHED) >= moment, f"version {moment}", patience=60)
            if moment == polite:
                stopped(site)
            else:
                site.kill()
            site.start()
        supplier.finish(60)
        until(lambda: site.count(PUBLISHED) == PER_DAY * len(DAYS), "all versions", patience=60)
        site.settle(30)
        assert site.rows(ONCE) == [
            ("mart.daily_operations", 20, 20),
            ("raw.flights", 20, 20),
            ("staging.flights", 20, 20),
        ]
        site.judge(supplier, tmp_path)


def stopped(site: Embedded) -> None:
    begun = time.monotonic()
    code = site.stop()
    took = time.monotonic() - begun
    assert code == 0, site.log()[-3000:]
    assert "Nothing is lost" in site.log()
    assert took < STOP_SECONDS + ENDING_SECONDS


@pytest.mark.promise(25, faults="kill -9 of an engine process")
def test_an_engine_process_killed_in_the_middle_of_a_step_costs_an_attempt_and_nothing_else(tmp_path: Path) -> None:
    with embedded(tmp_path) as site:
        site.register(MILL)
        supplier = site.supplier()
        supplier.send("raw.mill_grist", "grist_2013-01-01.csv", grist(600))
        until(lambda: site.count(GRINDING) == 1, "the mill to grind", patience=30)
        os.kill(busiest_child(site).pid, signal.SIGKILL)
        until(lambda: site.count(PUBLISHED) == 2, "the meal", patience=60)
        site.settle(30)
        retried = site.rows("SELECT body FROM pipelines_app_event WHERE kind = 'step.retried'")
        assert ["ended in the middle of the work" in body for (body,) in retried] == [True]
        site.judge(supplier, tmp_path)


def busiest_child(site: Embedded) -> psutil.Process:
    """The engine's process that works on the step."""
    server = site.server
    assert server is not None
    return until(lambda: busy_engine(server.pid), "a busy child")


@pytest.mark.promise(26, faults="SIGTERM of embedded mode in the middle of a query")
def test_a_stop_during_a_long_step_puts_the_step_back_and_the_next_start_does_it(tmp_path: Path) -> None:
    with embedded(tmp_path) as site:
        site.register(MILL)
        supplier = site.supplier()
        supplier.send("raw.mill_grist", "grist_2013-01-01.csv", grist(700))
        until(lambda: site.count(GRINDING) == 1, "the mill to grind", patience=30)
        stopped(site)
        site.start()
        until(lambda: site.count(PUBLISHED) == 2, "the meal", patience=90)
        assert site.count(EPOCH) == 2
        site.settle(30)
        site.judge(supplier, tmp_path)
