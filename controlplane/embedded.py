"""Embedded mode: worker threads in this process, woken by a queue; the same rows, the same claims, no other service."""

import logging
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from controlplane import bells, resting, sweep
from controlplane.bells import Bell, Work
from controlplane.profiler import Profiler
from monitoring_app.alerts import sending
from monitoring_app.anomalies import memory as learned
from pipelines_app import events, lake, wake
from pipelines_app.boundary import contained
from pipelines_app.engines.sandbox import memory
from pipelines_app.runs import execution

logger = logging.getLogger(__name__)

PUTTING_BACK_SECONDS = 5.0
SWITCH_SECONDS = 0.001  # how long a thread waits at most for one that computes: a step has many statements to wait for
REMEMBERED_SECONDS = 60.0  # for which what was learned of a dataset is kept at hand after a batch of it
HOUSEKEEPING_SECONDS = 60.0  # how often it is asked for; how often it is done is written beside the chore
RESTING_SECONDS = 30.0  # without work, after which a thread gives back what it keeps at hand
LOOKING_SECONDS = 1.0  # how often it is asked whether a drop folder is due


@dataclass(frozen=True, kw_only=True)
class Hand:
    """How a thread does its work, and what it gives back when there has been none for a while."""

    do: Callable[[Work, str], None]
    rest: Callable[[], None] = connections.close_all  # each keeps a megabyte


def _next(bell: Bell, hand: Hand) -> Work | None:
    """Wait for work; None asks to end."""
    try:
        return bell.get(timeout=RESTING_SECONDS)
    except queue.Empty:
        hand.rest()
        return bell.get()


def _do(work: Work, owner: str) -> None:
    kind, pk = work
    if kind == wake.DELIVERY:
        events.deliver(pk)
    elif kind == wake.STEP:
        while execution.execute_next(owner, rung=pk) and bells.are_heard():
            pass  # one bell rings for many: see there
    else:
        sending.send(pk)


def _housekeeping() -> None:
    sweep.keep_house()
    connections.close_all()
    now = time.monotonic()
    resting.close_unused(now - RESTING_SECONDS)
    learned.forget_unused(now - REMEMBERED_SECONDS)
    memory.give_back()


class Workers:
    """The threads of embedded mode: one each for events, messages and profiles, workers for steps, and the sweep."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._profiler = Profiler()
        self._name = f"{sweep.WORKER}{socket.gethostname()}:{os.getpid()}"

    def start(self) -> None:
        """Start them; what was left from before is picked up by the first sweep."""
        sys.setswitchinterval(SWITCH_SECONDS)
        bells.begin()
        hand = Hand(do=_do)
        self._thread("events", self._work, wake.DELIVERY, hand)
        for index in range(settings.WORKERS):
            self._thread(f"worker-{index + 1}", self._work, wake.STEP, hand)
        self._thread("messenger", self._work, wake.NOTIFICATION, hand)
        self._thread("profiler", self._work, wake.PROFILE, Hand(do=self._profiler.do, rest=self._profiler.end))
        self._thread("sweep", self._sweep)
        self._thread("housekeeper", self._keep_house)
        self._thread("looker", self._look_outside)

    def stop(self, timeout: float = 20.0) -> None:
        """Let the threads finish what they have in hand; what takes longer is stopped and goes back in the queue."""
        self._stopping.set()
        bells.end(settings.WORKERS)
        self._join(timeout)
        lake.engine().close()
        self._profiler.end()
        self._join(PUTTING_BACK_SECONDS)

    def _join(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _thread(self, name: str, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, kind: str, hand: Hand) -> None:
        owner = f"{socket.gethostname()}:{os.getpid()}:{threading.current_thread().name}"
        while not self._stopping.is_set():
            work = _next(bells.of(kind), hand)
            if work is None:
                break
            bells.taken(work)
            with contained("the work could not be done; the sweep will ring again", work=work):
                hand.do(work, owner)
            close_old_connections()
        hand.rest()

    def _sweep(self) -> None:
        while not self._stopping.is_set():
            wait: float = settings.SWEEP_SECONDS
            with contained("the sweep did not come to its end; it tries again"):  # and leaves no sign of life
                sweep.once()
                sweep.beat(self._name, timezone.now(), f"{settings.WORKERS} threads")
                wait = sweep.pause()
            close_old_connections()
            self._stopping.wait(wait)
        self._say_goodbye()
        connections.close_all()

    def _every(self, seconds: float, chores: Callable[[], None]) -> None:
        """Do long chores again and again: each kind in a thread of its own, so that no lease waits for them."""
        while not self._stopping.is_set():
            with contained("long chores were not done; they will be", chores=chores.__name__):
                chores()
            close_old_connections()
            self._stopping.wait(seconds)
        connections.close_all()

    def _keep_house(self) -> None:
        self._every(HOUSEKEEPING_SECONDS, _housekeeping)

    def _look_outside(self) -> None:
        self._every(LOOKING_SECONDS, sweep.look_outside)

    def _say_goodbye(self) -> None:
        """Who ends in order is not missed afterwards."""
        try:
            sweep.forget(self._name)
        except DatabaseError:
            logger.warning("the sign of life could not be taken back; the sweep will")
