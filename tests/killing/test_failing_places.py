"""A process dies, or stands still, at each place where that could matter: what it was at is done once all the same."""

import contextlib
import itertools
import time
from pathlib import Path

import psutil
import pytest

from controlplane.sample.client import until
from tests.killing.installations import LEASE_SECONDS, Live, mill
from tests.killing.supplier import Supplier

pytestmark = pytest.mark.postgres
DAYS = (f"2015-{month:02}-{day:02}" for month, day in itertools.product(range(1, 13), range(1, 29)))
SMALL = 5
BUSY_MACHINE_SECONDS = 10  # alone, it takes about two leases; the tests share their cores with others
OVER = "SELECT count(*) FROM pipelines_app_run WHERE period = '{day}' AND state = 'succeeded'"
EPOCHS = """
SELECT max(step.epoch) FROM pipelines_app_steprun AS step JOIN pipelines_app_run AS run ON run.id = step.run_id
WHERE run.period = '{day}'
"""
CHAOTIC = ["before_delivery_commit", "after_claim", "after_stage_write", "after_commit", "in_recovery"]


@pytest.mark.promise(3, faults="kill -9 at each failpoint of a worker")
@pytest.mark.promise(12, faults="kill -9 between a claim and its first renewal")
@pytest.mark.parametrize("place", ["before_commit", *(pytest.param(one, marks=pytest.mark.chaos) for one in CHAOTIC)])
def test_a_run_whose_worker_dies_at_a_named_place_ends_well_within_three_leases(
    place: str, site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    armed = [site.arm(place), *([site.arm("after_claim")] if place == "in_recovery" else [])]
    day = next(DAYS)
    mill(supplier, day, SMALL)
    until(lambda: not any(one.exists() for one in armed), f"somebody to die {place}", patience=60)
    died = time.monotonic()
    until(lambda: site.count(OVER.format(day=day)) == 1, "the run to end", patience=60)
    took = time.monotonic() - died
    print(f"{place}: the run had ended {took:.1f} s after the kill")  # noqa: T201
    assert took < 3 * LEASE_SECONDS + BUSY_MACHINE_SECONDS
    site.settle(60)
    site.judge(supplier, tmp_path)


@pytest.mark.promise(10, faults="SIGSTOP past the lease, then SIGCONT, at each failpoint of a step")
@pytest.mark.parametrize(
    "place",
    ["before_commit", *(pytest.param(one, marks=pytest.mark.chaos) for one in ("after_claim", "after_stage_write"))],
)
def test_a_worker_that_stands_still_past_its_lease_cannot_commit_when_it_goes_on(
    place: str, site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    day = next(DAYS)
    armed = site.arm(place, "stop")
    mill(supplier, day, SMALL)
    try:
        until(lambda: not armed.exists() and still(site), f"a worker to stand still {place}", patience=60)
        until(lambda: site.count(OVER.format(day=day)) == 1, "another worker to do the step", patience=60)
        assert site.count(EPOCHS.format(day=day)) == 2
    finally:
        for one in still(site):
            one.resume()
    site.settle(60)
    site.judge(supplier, tmp_path)


def still(site: Live) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [*site.stopped("worker"), *site.stopped("beat")]
    return []


@pytest.mark.chaos
@pytest.mark.promise(2, faults="kill -9 of the web before and after the commit of an acceptance")
@pytest.mark.parametrize("place", ["after_receive", "before_accept", "after_accept"])
def test_a_file_whose_acceptance_dies_is_accepted_once_by_the_retry(
    place: str, site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    day = next(DAYS)
    armed = site.arm(place)
    mill(supplier, day, SMALL)
    assert not armed.exists()
    assert supplier.refusals
    until(lambda: site.count(OVER.format(day=day)) == 1, "the run to end", patience=60)
    site.settle(60)
    assert site.count(f"SELECT count(*) FROM pipelines_app_arrival WHERE period = '{day}'") == 1
    assert site.count(f"SELECT count(*) FROM pipelines_app_run WHERE period = '{day}'") == 1
    site.judge(supplier, tmp_path)
