"""Production is broken part by part while files come in: nothing accepted is lost, nothing happens twice."""

import signal
import threading
from pathlib import Path

import psutil
import pytest
import redis
import requests

from controlplane.sample.client import until
from tests.killing.installations import (
    GRINDING,
    LEASE_SECONDS,
    MILL,
    PUBLISHED,
    SEEDS,
    Live,
    chance,
    flights,
    grist,
    mill,
)
from tests.killing.supplier import Supplier
from tests.road import SCRIPT

pytestmark = pytest.mark.postgres
DAYS = SCRIPT.days()
PER_DAY = 4
AHEAD = 3
NOW = "SELECT clock_timestamp()"
RETRIED = "SELECT max(at) FROM pipelines_app_event WHERE kind = 'step.retried' AND dataset = 'mart.mill_meal'"
TAKEN_AGAIN = "SELECT count(*) FROM pipelines_app_steprun WHERE owner <> '{owner}' AND epoch > 1 AND id = {step}"
HELD = """
SELECT step.id, step.owner FROM pipelines_app_steprun AS step
JOIN pipelines_app_dataset AS dataset ON dataset.id = step.dataset_id
WHERE step.state = 'running' AND dataset.name = 'mart.mill_meal'
"""


def stories() -> list[object]:
    chaotic = [pytest.param(seed, DAYS[15 + 10 * seed :][:10], marks=pytest.mark.chaos) for seed in (0, 1, 2, 3)]
    return [pytest.param(seed, DAYS[:10]) for seed in SEEDS] or [pytest.param(20130208, DAYS[:10]), *chaotic]


@pytest.mark.promise(1, 4, 29, faults="kill -9 of web, workers, beat and Redis; FLUSHALL")
@pytest.mark.parametrize(("seed", "days"), stories())
def test_days_are_published_once_while_workers_die_and_redis_forgets(
    seed: int, days: list[str], site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    dice = chance(seed)
    before = site.count(PUBLISHED)
    faults = [
        lambda: killed(site, "worker"),
        lambda: flushed(site),
        lambda: emptied(site),
        lambda: killed(site, "beat"),
        lambda: killed(site, "web"),
    ]
    dice.shuffle(faults)
    moments = sorted(dice.sample(range(1, PER_DAY * len(days) - 1), len(faults)))
    supplier.begin(flights(days), lambda number: number < AHEAD + (site.count(PUBLISHED) - before) / PER_DAY)
    for moment, fault in zip(moments, faults, strict=True):
        until(lambda moment=moment: site.count(PUBLISHED) - before >= moment, f"version {moment}", patience=90)
        fault()
    supplier.finish(90)
    until(lambda: site.count(PUBLISHED) - before >= PER_DAY * len(days), "all versions", patience=90)
    site.settle(60)
    assert site.count(PUBLISHED) - before == PER_DAY * len(days)
    site.judge(supplier, tmp_path)


def killed(site: Live, part: str) -> None:
    site.kill_group(part)
    site.production.start_part(part)


def flushed(site: Live) -> None:
    with redis.Redis.from_url(site.production.redis.url) as client:
        client.flushall()


def emptied(site: Live) -> None:
    site.production.redis.kill()
    site.production.redis.start()


@pytest.mark.promise(3, 12, faults="kill -9 of all workers in the middle of a query")
def test_a_step_whose_worker_is_killed_is_taken_up_again_within_three_leases(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    mill(supplier, "2014-01-01", 600)
    until(lambda: site.count(GRINDING) == 1, "the mill to grind", patience=30)
    site.kill_group("worker")
    killed_at = site.rows(NOW)[0][0]
    site.production.start_part("worker")
    until(lambda: "2014-01-01" in site.meals("2014-01"), "the meal", patience=60)
    site.settle(30)
    gap = (site.rows(RETRIED)[0][0] - killed_at).total_seconds()
    print(f"a killed worker's step was back in the queue after {gap:.1f} s")  # noqa: T201
    assert 0 < gap < 3 * LEASE_SECONDS
    site.judge(supplier, tmp_path)


@pytest.mark.promise(13, faults="kill -9 of Redis, and none for twenty files")
def test_while_redis_is_away_files_are_accepted_as_quickly_as_ever(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    site.production.redis.kill()
    hasty = site.supplier()
    days = [f"2014-02-{day:02}" for day in range(1, 21)]
    for day in days:
        mill(hasty, day, 10)
    away = site.ready()
    site.production.redis.start()
    supplier.answers += hasty.answers
    print(f"accepted without Redis: p95 {hasty.p95() * 1000:.0f} ms, refused {len(hasty.refusals)}")  # noqa: T201
    assert hasty.p95() < 0.5
    assert not hasty.refusals
    assert (away.status_code, away.json()["degraded"]) == (200, {"redis": "Redis does not answer"})
    until(lambda: site.meals("2014-02") == set(days), "the meals", patience=90)
    site.settle(30)
    site.judge(supplier, tmp_path)


@pytest.mark.promise(10, faults="SIGSTOP of all workers past the lease, then SIGCONT")
def test_a_paused_worker_that_wakes_after_its_lease_cannot_commit(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    mill(supplier, "2014-03-01", 600)
    step, owner = until(lambda: next(iter(site.rows(HELD)), None), "the mill to grind", patience=30)
    site.signal_group("worker", signal.SIGSTOP)
    second = site.second_worker()
    try:
        until(lambda: site.count(TAKEN_AGAIN.format(owner=owner, step=step)) == 1, "another to take it", patience=60)
        until(lambda: "2014-03-01" in site.meals("2014-03"), "the meal", patience=60)
    finally:
        site.signal_group("worker", signal.SIGCONT)
        code = second.stop()
    assert code == 0
    until(lambda: "fenced" in site.log("worker"), "the first worker to be told", patience=30)
    site.settle(30)
    site.judge(supplier, tmp_path)


@pytest.mark.promise(30, faults="SIGSTOP of the sweep; every worker busy")
def test_long_steps_on_every_worker_do_not_stop_the_sweep_and_a_dead_sweep_is_said(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    site.signal_group("beat", signal.SIGSTOP)
    try:
        told = until(lambda: silent(site), "a 503 that names the sweep", patience=60)
    finally:
        site.signal_group("beat", signal.SIGCONT)
    assert "the sweep last ran" in told
    until(site.answers, "the sweep to be back", patience=30)
    site.register(MILL.replace("mill", "windmill"))
    mill(supplier, "2014-04-01", 1000)
    supplier.send("raw.windmill_grist", "grist_2014-04-01.csv", grist(1000))
    until(lambda: site.count(BUSY) == 2, "both workers to be busy", patience=30)
    last = site.rows(SWEPT)[0][0]
    until(lambda: site.rows(SWEPT)[0][0] > last, "one more sweep", patience=30)
    assert site.count(BUSY) == 2
    until(lambda: "2014-04-01" in site.meals("2014-04"), "the meal", patience=120)
    site.settle(120)
    site.judge(supplier, tmp_path)


BUSY = "SELECT count(*) FROM pipelines_app_steprun WHERE state = 'running' AND started_at < now() - interval '1 second'"
SWEPT = "SELECT at FROM pipelines_app_pulse WHERE name = 'sweep'"


def silent(site: Live) -> str:
    """What /readyz says about a dead sweep, once it says it."""
    told = site.ready()
    return str(told.json()["faults"].get("sweep", "")) if told.status_code == 503 else ""


@pytest.mark.promise(1, 14, faults="kill -9 of PostgreSQL")
def test_without_postgres_the_web_says_503_and_everything_goes_on_when_it_is_back(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    worker, web = site.production.parts["worker"].pid, site.production.parts["web"].pid
    before = site.count(PUBLISHED)
    away = threading.Event()
    supplier.begin(flights(DAYS[10:15]), lambda number: number < 2 or away.is_set())
    until(lambda: site.count(PUBLISHED) > before, "the first version", patience=60)
    site.production.postgres.kill()
    away.set()
    refused = len(supplier.refusals)
    token = {"Authorization": f"Bearer {site.keys.token}"}
    page = requests.get(f"{site.url}/pipelines/", cookies={"sessionid": "somebody"}, timeout=10)
    problem = requests.get(f"{site.url}/api/v1/runs", headers=token, timeout=10)
    hook = requests.post(f"{site.url}/hooks/{site.keys.webhook}", data=b"{}", timeout=10)
    ready = site.ready()
    until(lambda: len(supplier.refusals) > refused, "the supplier to be refused", patience=30)
    site.production.postgres.start()
    assert [one.status_code for one in (page, problem, hook, ready)] == [503] * 4
    assert all(int(one.headers["Retry-After"]) > 0 for one in (page, problem, hook, ready))
    assert "Back in a moment" in page.text
    assert problem.json()["code"] == hook.json()["code"] == "database_away"
    assert ready.json()["faults"]["database"]
    supplier.finish(90)
    until(lambda: site.count(PUBLISHED) - before >= PER_DAY * 5, "the days", patience=90)
    site.settle(60)
    until(site.answers, "everything to be ready", patience=30)
    assert (site.production.parts["worker"].pid, site.production.parts["web"].pid) == (worker, web)
    assert all(psutil.pid_exists(pid) for pid in (worker, web))
    site.judge(supplier, tmp_path)
