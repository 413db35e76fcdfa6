"""Production's doorbell: Celery on Redis. A message carries an id; the truth is in the database."""

import logging
import os
import queue
import socket
import sys
import threading
from collections import defaultdict
from contextlib import suppress
from functools import cache
from typing import Any

from celery import Celery
from celery.signals import task_prerun, worker_process_shutdown, worker_ready
from django.conf import settings
from django.db import close_old_connections
from redis import Redis
from redis.exceptions import RedisError

from controlplane import envelopes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings.production")
logger = logging.getLogger(__name__)

# Long steps must not keep the sweep, events and messages waiting: beat does these too, and never a step. What starts
# steps is for those who do steps; where they are all busy, the sweep rings for it again in the quick queue.
STEPS, STARTS, QUICK, PROFILES = "steps", "starts", "quick", "profiles"
HOUSEKEEPING_SECONDS = 300.0  # how often it is asked for; how often it is done is written beside the chore
# What is asked for regularly leaves the queue in the end. A message's end is judged by the clock of whoever takes it,
# and clocks differ.
EXPIRES = 3 * 3600.0
SWITCH_SECONDS = 0.001  # how long a bell waits at most while its process is busy with the rest of the answer
MOST_WAITING = 1000  # bells in one queue: beyond that the sweep does not ring again for what it rang for before
MOST_PROFILES = 20  # who measures one version goes on with others: more bells would only be found to be done

app = Celery("loopline")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_transport="controlplane.transport:Transport",
    broker_connection_max_retries=None,  # a worker waits for Redis as long as it takes
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 120,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # A run that could begin waits for no later step of another, and for nothing that nobody waits for.
        "queue_order_strategy": "controlplane.transport:Turns",
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    task_publish_retry=False,
    # Celery would close every connection before each task and after it: a new process of PostgreSQL, which knows no
    # statement yet, cost more than all that a step asks of it. Django's own rules say how long one is kept.
    CELERY_DB_REUSE_MAX=sys.maxsize,
    task_routes={
        "pipelines_app.tasks.execute_step": {"queue": STEPS},
        "monitoring_app.tasks.measure_profile": {"queue": PROFILES},  # long, too, and nobody waits for it
        "monitoring_app.tasks.judge_batch": {"queue": PROFILES},
        "controlplane.beats.keep_house": {"queue": STEPS},  # long, too
        "controlplane.beats.look_outside": {"queue": STEPS},  # as slow as the store that it looks into
    },
    task_default_queue=QUICK,
    timezone="UTC",
    imports=["pipelines_app.tasks", "monitoring_app.tasks", "controlplane.beats"],
    beat_scheduler="controlplane.scheduler:Scheduler",
    beat_schedule={
        "sweep": {
            "task": "controlplane.beats.sweep_once",
            "schedule": float(settings.SWEEP_SECONDS),
            "options": {"expires": EXPIRES},
        },
        "housekeeping": {
            "task": "controlplane.beats.keep_house",
            "schedule": HOUSEKEEPING_SECONDS,
            "options": {"expires": EXPIRES},
        },
        "drops": {
            "task": "controlplane.beats.look_outside",
            "schedule": float(settings.DROP_SECONDS),
            "options": {"expires": EXPIRES},
        },
    },
    beat_schedule_filename=os.environ.get("LOOPLINE_BEAT_FILE", "/tmp/loopline-beat"),  # only a cache  # nosec B108
)

BELLS = {
    "delivery": ("pipelines_app.tasks.deliver_event", QUICK),
    "start": ("pipelines_app.tasks.deliver_event", STARTS),
    "step": ("pipelines_app.tasks.execute_step", STEPS),
    "notification": ("monitoring_app.tasks.send_notification", QUICK),
    "profile": ("monitoring_app.tasks.measure_profile", PROFILES),
    "judgement": ("monitoring_app.tasks.judge_batch", PROFILES),
}
AT_ONCE = 200  # bells that are sent together, where so many wait to be
_outbox: "queue.Queue[tuple[str, int, bool]]" = queue.Queue(maxsize=10_000)
_ringer_of: dict[int, threading.Thread] = {}
_lock = threading.Lock()


def ring(kind: str, pk: int, *, again: bool = False) -> None:
    """Hand the bell to a thread of this process, which sends it: no request ever waits for Redis."""
    _start_ringer()
    try:
        _outbox.put_nowait((kind, pk, again))
    except queue.Full:
        logger.warning("the outbox for bells is full; the sweep will ring again", extra={"kind": kind, "pk": pk})


def _start_ringer() -> None:
    pid = os.getpid()
    if pid in _ringer_of:
        return
    with _lock:
        if pid not in _ringer_of:
            sys.setswitchinterval(SWITCH_SECONDS)
            thread = threading.Thread(target=_send_for_ever, name="ringer", daemon=True)
            _ringer_of[pid] = thread
            thread.start()


def _send_for_ever() -> None:
    while True:
        bells = [_outbox.get()]
        with suppress(queue.Empty):
            while len(bells) < AT_ONCE:
                bells.append(_outbox.get_nowait())
        try:
            _send(bells)
        except RedisError:
            logger.warning("Redis did not take some bells; the sweep will ring again", extra={"bells": len(bells)})


def _send(bells: list[tuple[str, int, bool]]) -> None:
    """Put bells in their queues, with one message to Redis for each queue."""
    enclosed: dict[str, list[str]] = defaultdict(list)
    for kind, pk, again in bells:
        task, goes_to = BELLS[kind]
        if not ((again or kind == "profile") and _is_crowded(goes_to)):
            enclosed[goes_to].append(envelopes.enclosed(app, task, pk, goes_to))
    for goes_to, messages in enclosed.items():
        _redis().lpush(goes_to, *messages)


def _is_crowded(waiting_in: str) -> bool:
    """Whether so much waits for the workers that one more bell would only pile up."""
    most = MOST_PROFILES if waiting_in == PROFILES else MOST_WAITING
    return _redis().llen(waiting_in) >= most


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2)


@task_prerun.connect
def _look_at_connections(**_: Any) -> None:
    """Let go of a connection that is broken or old; what is kept is tried before it is used."""
    close_old_connections()


@worker_ready.connect
def _show_life(**_: Any) -> None:
    from_here = f"worker:{socket.gethostname()}:{os.getpid()}"
    thread = threading.Thread(target=_beat_for_ever, args=(from_here,), name="pulse", daemon=True)
    thread.start()


def _beat_for_ever(name: str) -> None:
    pulses = app.tasks["controlplane.beats.pulse"]
    waiting = threading.Event()
    while True:
        pulses.run(name)
        waiting.wait(10)


@worker_process_shutdown.connect
def _end_children(**_: Any) -> None:
    app.tasks["controlplane.beats.close_engine"].run()
