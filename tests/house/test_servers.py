"""The servers of a test session: they answer, they stop, and they never outlive who started them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.servers.postgres import Postgres
from tests.servers.process import Guarded, ServerFailed
from tests.servers.redis import Redis

ROOT = Path(__file__).resolve().parents[2]


def within(seconds: float, claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_postgres_keeps_its_data_and_its_address_over_a_crash() -> None:
    folder = tempfile.TemporaryDirectory()  # pytest's own folders are closed to the user that the server runs as
    server = Postgres(Path(folder.name))
    server.start()
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        server.kill()
        assert not server.answers()
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    finally:
        server.stop()
        folder.cleanup()
    assert not server.answers()


def test_redis_answers_until_it_is_stopped(tmp_path: Path) -> None:
    server = Redis(tmp_path)
    server.start()
    assert server.answers()
    server.stop()
    assert not server.answers()


def test_a_server_is_gone_when_its_starter_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    program = (
        "import sys, time; from pathlib import Path; from tests.servers.redis import Redis\n"
        "server = Redis(Path(sys.argv[1])); server.start(); print(server.process.pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert starter.stdout is not None
    with starter.stdout:
        server = psutil.Process(int(starter.stdout.readline()))
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    assert within(5, lambda: not server.is_running())
    assert within(5, lambda: not folder.exists())


def test_a_server_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    server = Guarded(["sh", "-c", "echo no room; exit 3"], log=tmp_path / "log")
    server.start()
    with pytest.raises(ServerFailed, match="no room"):
        server.wait_until(lambda: False)
    assert server.stop() == 3


def test_a_command_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="no-such-program"):
        Guarded(["no-such-program"], log=tmp_path / "log").start()
