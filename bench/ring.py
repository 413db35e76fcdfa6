"""A bare Celery application: one task that tells Redis how long it was on the way."""

import os
import time

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
