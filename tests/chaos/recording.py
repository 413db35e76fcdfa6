"""The pytest plugin behind `python -m tests.chaos`: runs the tests of some promises and notes how each went."""

import json
import os
from pathlib import Path

import pytest

RECORD, WANTED = "LOOPLINE_PROMISES_RECORD", "LOOPLINE_PROMISES"
NUMBERS = pytest.StashKey[list[int]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out every test that holds none of the promises asked for."""
    wanted = {int(number) for number in os.environ[WANTED].split()}
    for item in items:
        item.stash[NUMBERS] = sorted({number for mark in item.iter_markers("promise") for number in mark.args})
    left_out = [item for item in items if not wanted & set(item.stash[NUMBERS])]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if wanted & set(item.stash[NUMBERS])]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Note each test once, and its set-up or end where that failed."""
    report: pytest.TestReport = yield
    if report.when == "call" or not report.passed:
        note = {
            "promises": item.stash[NUMBERS],
            "test": item.nodeid,
            "outcome": report.outcome,
            "seconds": report.duration,
            "reason": report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else "",
        }
        with Path(os.environ[RECORD]).open("a") as record:
            record.write(json.dumps(note) + "\n")
    return report
