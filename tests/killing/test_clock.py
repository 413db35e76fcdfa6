"""A worker whose clock is two hours wrong does what the others do: the database's clock judges."""

import shutil
import subprocess
from pathlib import Path

import pytest

from controlplane.sample.client import until
from tests.killing.installations import GRINDING, LEASE_SECONDS, PUBLISHED, Live, meals_from, mill
from tests.killing.supplier import Supplier

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]
SOURCE = Path(__file__).with_name("skew.c")
HOURS = 3600
DAYS = 5
LEASE_LEFT = "SELECT extract(epoch FROM max(lease_until) - clock_timestamp()) FROM pipelines_app_steprun"
SKEW = "SELECT max(abs(extract(epoch FROM clock_timestamp() - at))) FROM pipelines_app_pulse WHERE name LIKE 'worker:%'"
WAITS_LONG = "SELECT count(*) FROM pipelines_app_steprun WHERE not_before > clock_timestamp() + interval '1 minute'"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What makes the clock of a process wrong."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler on this machine")
    made = tmp_path_factory.mktemp("clock") / "skew.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"], check=True)
    return str(made)


@pytest.mark.promise(22, faults="the clock of every worker, or of the sweep, is two hours wrong; kill -9 in between")
@pytest.mark.parametrize(
    ("part", "hours", "first"),
    [("worker", 2, "2017-03-01"), ("worker", -2, "2017-04-01"), ("beat", 2, "2017-05-01"), ("beat", -2, "2017-06-01")],
)
def test_two_hours_of_skew_change_nothing(
    part: str, hours: int, first: str, library: str, site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    before, mealtime = site.count(PUBLISHED), first.replace("2017", "2016")
    wrong = {"LD_PRELOAD": library, "SKEW_SECONDS": str(hours * HOURS)}
    site.restart(part, **wrong)
    armed = site.arm("after_claim")  # the bell of the next attempt comes too early; the sweep's have to be heard
    try:
        supplier.begin(meals_from(first, DAYS), lambda number: True)
        mill(supplier, mealtime, 500)
        until(lambda: site.count(GRINDING) == 1, "the mill to grind", patience=60)
        left = float(site.rows(LEASE_LEFT)[0][0])
        site.kill_group("worker")
        site.start("worker", **(wrong if part == "worker" else {}))
        assert not armed.exists()
        supplier.finish(60)
        until(lambda: mealtime in site.meals(mealtime[:7]), "the meal", patience=90)
        until(lambda: site.count(PUBLISHED) - before >= 2 * DAYS + 2, "all versions", patience=90)
        site.settle(60)
        assert site.answers(), site.ready().text
        skew = float(site.rows(SKEW)[0][0])
    finally:
        site.restart(part)
    assert left <= LEASE_SECONDS
    assert abs(skew) < HOURS
    assert site.count(WAITS_LONG) == 0
    assert site.count(PUBLISHED) - before == 2 * DAYS + 2
    site.judge(supplier, tmp_path)
