"""The children of a pool: bounded, watched, killed in time, replaced, and never shared by accident."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from pipelines_app.engines.base import Answer, Limits
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.errors import EngineError
from tests.engines.conftest import columns_of, sql

ROOT = Path(__file__).resolve().parents[2]
ENDLESS = sql("SELECT count(*) AS n FROM range(100000000000) AS a(x) WHERE x % 7 = 3")
STUBBORN = sql("SELECT list_sum(list_transform(range(400000000), LAMBDA x : x % 7)) AS n")
SMALL = Limits(seconds=30.0, memory_bytes=1 << 30)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(tmp_path, size=2)
    yield engine
    engine.close()
    assert children(tmp_path) == []
    assert list(tmp_path.glob("scratch/*")) == []


def children(lake: Path) -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        try:
            if str(lake) in child.cwd():
                found.append(child)
        except psutil.Error:
            continue
    return found


def at_work(lake: Path) -> list[psutil.Process]:
    """The copies of children, in which sessions are served."""
    return [copy for child in children(lake) for copy in child.children()]


def is_over(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


def works(engine: DuckDBEngine) -> bool:
    return engine.preview(sql("SELECT 42 AS a"), [], rows=1, limits=SMALL).rows == ((42,),)


def busy(lake: Path) -> bool:
    return any(child.cpu_times().user > 0.6 for child in at_work(lake))


@pytest.mark.parametrize("query", [ENDLESS, STUBBORN], ids=["endless", "deaf to interrupts"])
def test_work_is_stopped_within_a_second_of_its_deadline(engine, query):
    engine.warm()
    began = time.monotonic()
    with pytest.raises(EngineError) as caught:
        engine.preview(query, [], rows=1, limits=Limits(seconds=1.0, memory_bytes=8 << 30))
    assert caught.value.kind == EngineError.DEADLINE
    assert 0.9 < time.monotonic() - began < 2.0
    assert works(engine)


def test_a_heartbeat_that_says_no_has_the_work_killed(engine, tmp_path):
    beats = []

    def heartbeat() -> bool:
        beats.append(time.monotonic())
        return len(beats) < 2

    began = time.monotonic()
    with pytest.raises(EngineError) as caught:
        engine.preview(ENDLESS, [], rows=1, limits=Limits(seconds=60.0, heartbeat=heartbeat))
    assert caught.value.kind == EngineError.KILLED
    assert caught.value.is_worth_retrying
    assert time.monotonic() - began < 5
    assert children(tmp_path) == []
    assert works(engine)


def test_a_heartbeat_that_fails_has_the_work_killed_too(engine, tmp_path):
    def heartbeat() -> bool:
        raise ConnectionResetError("the database is away")

    with pytest.raises(EngineError) as caught:
        engine.preview(ENDLESS, [], rows=1, limits=Limits(seconds=60.0, heartbeat=heartbeat))
    assert caught.value.kind == EngineError.KILLED
    assert works(engine)


MUCH = {
    "one great text": "SELECT length(repeat('x', 4000000000)) AS n",
    "many texts at once": (
        "SELECT length(list_reduce(list_transform(range(1, 3000), LAMBDA x : repeat('x', 1000000)), "
        "LAMBDA a, b : a || b)) AS n"
    ),
    "a great list": "SELECT len(list(x)) AS n FROM range(1000000000) AS r(x)",
}


@pytest.mark.parametrize("text", MUCH.values(), ids=MUCH)
def test_memory_is_bounded_and_said_so(engine, tmp_path, text):
    with pytest.raises(EngineError) as caught:
        engine.preview(sql(text), [], rows=1, limits=Limits(seconds=60.0, memory_bytes=512 << 20))
    assert caught.value.kind == EngineError.MEMORY
    assert works(engine)


def test_a_child_killed_in_the_middle_is_reported_and_replaced(engine, tmp_path):
    with ThreadPoolExecutor(1) as threads:
        work = threads.submit(engine.preview, ENDLESS, [], rows=1, limits=Limits(seconds=60.0))
        until(lambda: busy(tmp_path))
        os.kill(children(tmp_path)[0].pid, signal.SIGKILL)
        with pytest.raises(EngineError) as caught:
            work.result(timeout=10)
    assert caught.value.kind == EngineError.KILLED
    assert works(engine)


def test_a_child_that_died_while_resting_is_not_lent(engine, tmp_path):
    engine.warm()
    resting = children(tmp_path)[0]
    resting.kill()
    until(lambda: resting.status() == psutil.STATUS_ZOMBIE)
    assert works(engine)


def test_a_copy_killed_in_the_middle_is_reported_and_its_child_replaced(engine, tmp_path):
    engine.warm()
    before = children(tmp_path)
    with ThreadPoolExecutor(1) as threads:
        work = threads.submit(engine.preview, ENDLESS, [], rows=1, limits=Limits(seconds=60.0))
        until(lambda: busy(tmp_path))
        at_work(tmp_path)[0].kill()
        with pytest.raises(EngineError) as caught:
            work.result(timeout=10)
    assert caught.value.kind == EngineError.KILLED
    assert f"exit {-signal.SIGKILL}" in caught.value.detail
    assert works(engine)
    assert children(tmp_path) != before


def test_children_are_reused(engine, tmp_path):
    engine.warm()
    before = children(tmp_path)
    for _ in range(3):
        assert works(engine)
    assert children(tmp_path) == before


def test_one_session_sees_nothing_of_another(engine, tmp_path):
    rows = columns_of(a="BIGINT")
    written = engine.materialise(sql("SELECT 1 AS a"), [], rows, tmp_path / "files" / "one", SMALL)
    with pytest.raises(EngineError):
        engine.preview(sql(f"SELECT * FROM read_parquet('{written.path}')"), [], rows=1, limits=SMALL)


def test_threads_share_a_pool_and_wait_their_turn(engine, tmp_path):
    def answer(number: int) -> Answer:
        query = sql(f"SELECT count(*) AS n, {number} AS k FROM range(2000000) WHERE range % 3 = 0")
        return engine.preview(query, [], rows=1, limits=SMALL)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(answer, range(24)))
    assert [a.rows for a in answers] == [((666667, number),) for number in range(24)]
    assert len(children(tmp_path)) <= 2


def test_nobody_waits_for_a_child_beyond_the_deadline(engine, tmp_path):
    with ThreadPoolExecutor(2) as threads:
        work = [threads.submit(engine.preview, ENDLESS, [], rows=1, limits=Limits(seconds=8.0)) for _ in range(2)]
        until(lambda: len(children(tmp_path)) == 2)
        began = time.monotonic()
        with pytest.raises(EngineError, match="busy") as caught:
            engine.preview(sql("SELECT 1 AS a"), [], rows=1, limits=Limits(seconds=1.0))
        assert caught.value.is_worth_retrying
        assert time.monotonic() - began < 3
        for one in work:
            with pytest.raises(EngineError, match="longer than it may"):
                one.result(timeout=20)


def test_closing_ends_work_in_progress(tmp_path):
    engine = DuckDBEngine(tmp_path)
    with ThreadPoolExecutor(1) as threads:
        work = threads.submit(engine.preview, ENDLESS, [], rows=1, limits=Limits(seconds=60.0))
        until(lambda: busy(tmp_path))
        engine.close()
        with pytest.raises(EngineError) as caught:
            work.result(timeout=10)
    assert caught.value.kind == EngineError.STOPPED
    assert children(tmp_path) == []
    with pytest.raises(EngineError, match="shut down with its worker"):
        works(engine)


def test_a_forked_process_begins_with_children_of_its_own(engine, tmp_path):
    engine.warm()
    before = children(tmp_path)
    forked = os.fork()
    if forked == 0:
        apart = works(engine) and children(tmp_path) != before and len(children(tmp_path)) == 1
        engine.close()
        os._exit(0 if apart else 1)
    _, status = os.waitpid(forked, 0)
    assert status == 0
    assert children(tmp_path) == before
    assert works(engine)


ORPHANED = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from sqlglot import parse_one
from pipelines_app.engines.base import Limits
from pipelines_app.engines.duckdb_engine import DuckDBEngine
engine = DuckDBEngine(Path(sys.argv[2]))
engine.warm()
query = parse_one(sys.argv[3], dialect="duckdb")
threading.Thread(target=lambda: engine.preview(query, [], rows=1, limits=Limits(seconds=60.0))).start()
print("ready", flush=True)
threading.Event().wait()
"""


def test_a_child_dies_with_its_parent_even_when_that_is_killed(tmp_path):
    command = [sys.executable, "-c", ORPHANED, str(ROOT), str(tmp_path), ENDLESS.sql("duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        try:
            (child,) = psutil.Process(parent.pid).children()
            until(child.children)
            (copy,) = child.children()
            until(lambda: copy.cpu_times().user > 0.6)
        finally:
            parent.kill()
    until(lambda: all(is_over(one) for one in (child, copy)), seconds=5.0)


def test_a_child_outlives_the_thread_that_asked_for_it(engine, tmp_path):
    asking = threading.Thread(target=engine.warm)
    asking.start()
    asking.join()
    assert works(engine)
    assert len(children(tmp_path)) == 1


def test_what_a_killed_parent_left_behind_is_cleared(tmp_path):
    left = tmp_path / "scratch" / "left-behind" / "work"
    left.mkdir(parents=True)
    (left / "big").write_bytes(b"x")
    os.utime(left.parent, (0, 0))
    engine = DuckDBEngine(tmp_path)
    try:
        assert not left.parent.exists()
    finally:
        engine.close()


def test_a_resting_child_is_small(engine, tmp_path):
    for _ in range(5):
        works(engine)
    (child,) = children(tmp_path)
    assert child.memory_info().rss < 110 << 20


def test_a_child_made_ready_for_the_usual_limits_keeps_to_others_where_they_are_asked(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path, usual=SMALL)
    asked = sql("SELECT current_setting('memory_limit') AS memory, current_setting('max_execution_time') AS time")
    try:
        usual = engine.preview(asked, [], rows=1, limits=SMALL).rows
        other = engine.preview(asked, [], rows=1, limits=Limits(seconds=40.0, memory_bytes=1 << 29)).rows
        left = engine.preview(sql("SELECT count(*) AS n FROM duckdb_tables()"), [], rows=1, limits=SMALL).rows
    finally:
        engine.close()
    assert [usual, other] == [(("768.0 MiB", 30_000),), (("384.0 MiB", 40_000),)]
    assert left == ((0,),)
