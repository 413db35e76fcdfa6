"""What waking somebody costs at best: the limits of the road."""

import queue
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

from bench.ring import KEY, app, started, written
from scripts.production import BIN, Production
from tests.servers.process import Guarded

SAMPLES = 100
EVERY_SECONDS = 0.05
PATIENCE_SECONDS = 30
SETTINGS = "PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL"


def sqlite_and_queue(samples: int = SAMPLES) -> list[float]:
    """Seconds from the begin of a transaction that writes a row to a thread, woken by a queue, that claimed it."""
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder:
        path = Path(folder) / "limit.sqlite3"
        with _opened(path) as connection:
            connection.execute("CREATE TABLE step (id INTEGER PRIMARY KEY, state TEXT)")
            connection.commit()
            return _rung(path, connection, samples)


def _rung(path: Path, connection: sqlite3.Connection, samples: int) -> list[float]:
    bell: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    claimed: queue.SimpleQueue[float] = queue.SimpleQueue()
    worker = threading.Thread(target=_claim, args=(path, bell, claimed))
    worker.start()
    taken = []
    for _ in range(samples):
        time.sleep(EVERY_SECONDS)
        begun = time.monotonic()
        written = connection.execute("INSERT INTO step (state) VALUES ('ready')")
        connection.commit()
        bell.put(written.lastrowid)
        taken.append(claimed.get() - begun)
    bell.put(None)
    worker.join()
    return taken


def _claim(path: Path, bell: "queue.SimpleQueue[int | None]", claimed: "queue.SimpleQueue[float]") -> None:
    with _opened(path) as connection:
        while (pk := bell.get()) is not None:
            connection.execute("UPDATE step SET state = 'running' WHERE id = ? AND state = 'ready'", [pk])
            connection.commit()
            claimed.put(time.monotonic())


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    for setting in SETTINGS:
        connection.execute(setting)
    return connection


def celery_and_redis(production: Production, samples: int = SAMPLES) -> list[float]:
    """Seconds from the publication of a message to the start of its task, in a bare worker beside the platform's."""
    with _bare_worker(production) as url, redis.Redis.from_url(url, socket_timeout=2 * PATIENCE_SECONDS) as kept:
        _once(kept)
        return [_once(kept) for _ in range(samples)]


def celery_and_rows(production: Production, tasks: int = 1000) -> float:
    """Tasks a second of a bare worker that inserts a row and updates it twice, from the first message on."""
    with (
        psycopg.connect(production.environment("migrate")["DATABASE_URL"], autocommit=True) as database,
        _bare_worker(production),
    ):
        database.execute(
            "CREATE TABLE IF NOT EXISTS bench_step (id bigint PRIMARY KEY, state text, done_at timestamptz)"
        )
        database.execute("TRUNCATE bench_step")
        written.delay(-1)
        _rows(database, 1)
        begun = time.monotonic()
        for number in range(tasks):
            written.delay(number)
        _rows(database, tasks + 1)
        return tasks / (time.monotonic() - begun)


def _rows(database: psycopg.Connection, count: int) -> None:
    end = time.monotonic() + 10 * PATIENCE_SECONDS
    while time.monotonic() < end:
        done = database.execute("SELECT count(*) FROM bench_step WHERE state = 'succeeded'").fetchone()
        if done is not None and done[0] >= count:
            return
        time.sleep(0.02)
    raise TimeoutError(f"A bare Celery worker did not write {count} rows.")


@contextmanager
def _bare_worker(production: Production) -> Iterator[str]:
    """A worker of two processes beside the platform's, on another database of the same Redis; gives its address."""
    url = production.redis.url.removesuffix("/0") + "/1"
    app.conf.update(broker_url=url)
    command = [
        *(str(BIN / "celery"), "-A", "bench.ring", "worker", "--concurrency", "2"),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    ]
    environment = production.environment("migrate") | {"BENCH_BROKER": url}
    worker = Guarded(command, log=production.folder / "bare.log", environment=environment, grace=20)
    worker.start()
    try:
        yield url
    finally:
        worker.stop()


def _once(kept: "redis.Redis") -> float:
    time.sleep(EVERY_SECONDS)
    started.delay(time.time())
    answer = kept.blpop([KEY], timeout=PATIENCE_SECONDS)
    if answer is None:
        raise TimeoutError(f"A bare Celery worker did not start a task within {PATIENCE_SECONDS} s.")
    return float(answer[1])
