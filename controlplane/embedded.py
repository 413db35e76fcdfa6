"""Embedded mode: worker threads in this process, woken by a queue; the same rows, the same claims, no other service."""

import logging
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from controlplane import sweep
from monitoring_app.alerts import sending
from monitoring_app.anomalies import judging as anomalies
from monitoring_app.anomalies import memory as learned
from monitoring_app.profiling import measuring
from pipelines_app import events, lake, wake
from pipelines_app.boundary import contained
from pipelines_app.engines.sandbox import memory
from pipelines_app.runs import execution

logger = logging.getLogger(__name__)

PUTTING_BACK_SECONDS = 5.0
SWITCH_SECONDS = 0.001  # how long a thread waits at most for one that computes: a step has many statements to wait for
REMEMBERED_SECONDS = 60.0  # for which what was learned of a dataset is kept at hand after a batch of it
HOUSEKEEPING_SECONDS = 60.0  # how often it is asked for; how often it is done is written beside the chore
RESTING_SECONDS = 30.0  # without work, after which a thread closes its connection: each keeps a megabyte
LOOKING_SECONDS = 1.0  # how often it is asked whether a drop folder is due

Work = tuple[str, int]
Bell = queue.SimpleQueue[Work | None]
# One for each kind of work: long steps must not keep events waiting, nor a slow mail server the steps.
_bells: dict[str, Bell] = {kind: queue.SimpleQueue() for kind in wake.KINDS}
_open = threading.Event()
_rung: set[Work] = set()  # and not taken yet: the sweep rings for the same work again and again
_lock = threading.Lock()


def ring(kind: str, pk: int, *, again: bool = False) -> None:
    """Wake a worker thread of this process; where none runs, the sweep of the one that does will find the work."""
    work = (wake.DELIVERY if kind == wake.START else kind, pk)  # here one thread has both in hand
    bell = wake.PROFILE if kind == wake.JUDGEMENT else work[0]
    with _lock:
        if not _open.is_set() or work in _rung:
            return
        _rung.add(work)
    _bells[bell].put(work)


def _taken(work: Work) -> None:
    """From here on ringing again means what has changed since."""
    with _lock:
        _rung.discard(work)


def _next(bell: Bell) -> Work | None:
    """Wait for work; None asks to end."""
    try:
        return bell.get(timeout=RESTING_SECONDS)
    except queue.Empty:
        connections.close_all()
        return bell.get()


def _do(work: Work, owner: str) -> None:
    kind, pk = work
    if kind == wake.DELIVERY:
        events.deliver(pk)
    elif kind == wake.STEP:
        while execution.execute_next(owner, rung=pk) and _open.is_set():
            pass  # one bell rings for many: see there
    elif kind == wake.NOTIFICATION:
        sending.send(pk)
    elif kind == wake.JUDGEMENT:
        anomalies.judge(pk)
    else:
        measuring.measure(pk)


def _housekeeping() -> None:
    sweep.keep_house()
    learned.forget_unused(time.monotonic() - REMEMBERED_SECONDS)
    memory.give_back()


class Workers:
    """The threads of embedded mode: one each for events, messages and profiles, workers for steps, and the sweep."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._name = f"{sweep.WORKER}{socket.gethostname()}:{os.getpid()}"

    def start(self) -> None:
        """Start them; what was left from before is picked up by the first sweep."""
        sys.setswitchinterval(SWITCH_SECONDS)
        with _lock:
            _rung.clear()
            _open.set()
        self._thread("events", self._work, _bells[wake.DELIVERY])
        for index in range(settings.WORKERS):
            self._thread(f"worker-{index + 1}", self._work, _bells[wake.STEP])
        self._thread("messenger", self._work, _bells[wake.NOTIFICATION])
        self._thread("profiler", self._work, _bells[wake.PROFILE])
        self._thread("sweep", self._sweep, None)
        self._thread("housekeeper", self._keep_house, None)
        self._thread("looker", self._look_outside, None)

    def stop(self, timeout: float = 20.0) -> None:
        """Let the threads finish what they have in hand; what takes longer is stopped and goes back in the queue."""
        self._stopping.set()
        _open.clear()
        for bell in _bells.values():
            for _ in range(settings.WORKERS):
                bell.put(None)
        self._join(timeout)
        lake.engine().close()
        self._join(PUTTING_BACK_SECONDS)

    def _join(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _thread(self, name: str, target, bell) -> None:  # type: ignore[no-untyped-def]
        thread = threading.Thread(target=target, args=(bell,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, bell: Bell) -> None:
        owner = f"{socket.gethostname()}:{os.getpid()}:{threading.current_thread().name}"
        while not self._stopping.is_set():
            work = _next(bell)
            if work is None:
                break
            _taken(work)
            with contained("the work could not be done; the sweep will ring again", work=work):
                _do(work, owner)
            close_old_connections()
        connections.close_all()

    def _sweep(self, _: object) -> None:
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

    def _keep_house(self, _: object) -> None:
        self._every(HOUSEKEEPING_SECONDS, _housekeeping)

    def _look_outside(self, _: object) -> None:
        self._every(LOOKING_SECONDS, sweep.look_outside)

    def _say_goodbye(self) -> None:
        """Who ends in order is not missed afterwards."""
        try:
            sweep.forget(self._name)
        except DatabaseError:
            logger.warning("the sign of life could not be taken back; the sweep will")
