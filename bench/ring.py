"""A bare Celery application: one task that tells Redis how long it was on the way."""

import os
import time
from functools import cache

import psycopg
import redis
from celery import Celery

KEY = "bench:started"

app = Celery("bench", broker=os.environ.get("BENCH_BROKER", "redis://127.0.0.1:6379/1"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    task_serializer="json",
    accept_content=["json"],
)


@app.task(name="bench.started")
def started(sent: float) -> None:
    """Leave the seconds between the sender's clock and now, both of this machine."""
    taken = time.time() - sent
    with redis.Redis.from_url(app.conf.broker_url) as kept:
        kept.rpush(KEY, taken)


@app.task(name="bench.written")
def written(number: int) -> None:
    """One row, written and changed twice, each in a transaction of its own: what a step costs at the very least."""
    connection = _connection()
    connection.execute("INSERT INTO bench_step (id, state) VALUES (%s, 'ready')", [number])
    connection.execute("UPDATE bench_step SET state = 'running' WHERE id = %s", [number])
    connection.execute("UPDATE bench_step SET state = 'succeeded', done_at = clock_timestamp() WHERE id = %s", [number])


@cache
def _connection() -> psycopg.Connection:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
