"""The process that measures is killed in the middle of its work, and goes with whoever started it."""

import contextlib
import os
import signal
from pathlib import Path

import psutil
import pytest

from controlplane.sample.client import until
from tests.killing.installations import Embedded, embedded, flights, profilers
from tests.road import SCRIPT
from tests.servers.session import CHOICE

pytestmark = pytest.mark.skipif(os.environ[CHOICE] == "postgres", reason="embedded mode is tried with SQLite's tests")
MEASURED = "SELECT count(*) FROM monitoring_app_profile WHERE state = 'measured'"
ALL = "SELECT count(*) FROM monitoring_app_profile"
VERSIONS = 8


@pytest.mark.promise(25, faults="kill -9 of the process that measures; kill -9 of the one that started it")
def test_a_killed_profiler_is_begun_again_and_ends_with_its_parent(tmp_path: Path) -> None:
    with embedded(tmp_path) as site:
        supplier = site.supplier()
        supplier.begin(flights(SCRIPT.days()[:2]), lambda number: True)
        first = until(lambda: profiler(site), "a profiler", patience=30)
        until(lambda: site.count(ALL) == VERSIONS, "eight versions to be measured", patience=30)
        os.kill(first, signal.SIGKILL)
        supplier.finish(30)
        second = until(lambda: other_than(first, profiler(site)), "another profiler", patience=60)
        until(lambda: site.count(MEASURED) >= VERSIONS - 1, "all but what it had in hand to be measured", patience=60)
        site.kill()
        until(lambda: not psutil.pid_exists(second), "it to end with its parent", patience=10)


def profiler(site: Embedded) -> int | None:
    """The process that measures, if there is one."""
    assert site.server is not None
    with contextlib.suppress(psutil.NoSuchProcess):
        return next((one.pid for one in profilers(site.server.pid)), None)
    return None


def other_than(first: int, now: int | None) -> int | None:
    return now if now != first else None
