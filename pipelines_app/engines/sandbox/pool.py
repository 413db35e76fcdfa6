"""The warm children of this process: lent to one session at a time, replaced when they die."""

import atexit
import os
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from pipelines_app.engines.base import Limits
from pipelines_app.engines.sandbox.process import Child, Watch, Yard, clear
from pipelines_app.errors import EngineError

LINGER_SECONDS = 30.0
GRACE_SECONDS = 0.4
WAIT_SECONDS = 1.0
LEFT_BEHIND_SECONDS = 60.0

_pools: "weakref.WeakSet[Pool]" = weakref.WeakSet()


class Pool:
    """At most `size` children, of which `idle` stay when nothing is asked. Safe for threads, and to fork."""

    def __init__(self, yard: Yard, *, size: int = 4, idle: int = 1) -> None:
        self._yard = yard
        self._size = size
        self._idle = idle
        self._begin()
        clear(yard, older_than=time.time() - LEFT_BEHIND_SECONDS)
        _pools.add(self)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._resting: list[Child] = []
        self._lent: set[Child] = set()
        self._starting = 0
        self._closed = False
        self._reaper: threading.Timer | None = None
        # A child dies with the *thread* that started it, so one thread that stays starts them all.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine-starter")

    @contextmanager
    def lend(self, limits: Limits) -> Iterator[tuple[Child, Watch]]:
        """Lend a child; it comes back, or is killed if anything but EngineError went through it."""
        watch = Watch(
            deadline=time.monotonic() + limits.seconds + GRACE_SECONDS,
            memory_bytes=limits.memory_bytes,
            heartbeat=limits.heartbeat,
        )
        child = self._checkout(watch)
        sound = False
        try:
            yield child, watch
            sound = True
        except EngineError as error:
            sound = True
            if self._closed and error.kind == EngineError.KILLED:
                raise _stopped() from error
            raise
        finally:
            if not sound:
                child.kill()
            self._checkin(child)

    def warm(self) -> None:
        """Have one child ready before it is needed."""
        with self.lend(Limits(seconds=60.0)):
            pass

    def close(self) -> None:
        """Kill every child; work in progress ends as STOPPED. The pool cannot be used again."""
        with self._changed:
            self._closed = True
            resting, self._resting = self._resting, []
            for child in self._lent:
                child.stop()
            if self._reaper is not None:
                self._reaper.cancel()
            self._changed.notify_all()
        for child in resting:
            child.kill()
        self._starter.shutdown(wait=True)

    def forget(self) -> None:
        """After a fork: the children belong to the parent; begin with none."""
        for child in (*self._resting, *self._lent):
            child.disown()
        self._begin()

    def _checkout(self, watch: Watch) -> Child:
        while True:
            with self._changed:
                if self._closed:
                    raise _stopped()
                while self._resting:
                    child = self._resting.pop()
                    if child.is_alive:
                        self._lent.add(child)
                        return child
                    child.kill()
                if len(self._lent) + self._starting < self._size:
                    self._starting += 1
                    break
                self._changed.wait(min(WAIT_SECONDS, max(watch.remaining, 0)))
            if watch.remaining <= 0:
                raise EngineError("Every engine process is busy.", kind=EngineError.KILLED, todo="Try again later.")
            watch.beat()
        return self._start()

    def _start(self) -> Child:
        child = None
        try:
            child = self._starter.submit(Child, self._yard).result()
            return child
        finally:
            with self._changed:
                self._starting -= 1
                if child is not None:
                    self._lent.add(child)
                    if self._closed:
                        child.stop()
                self._changed.notify()

    def _checkin(self, child: Child) -> None:
        fit = child.is_alive
        with self._changed:
            self._lent.discard(child)
            keep = fit and not self._closed
            if keep:
                self._resting.append(child)
                self._reap_later()
            self._changed.notify()
        if not keep:
            child.kill()

    def _reap_later(self) -> None:
        if len(self._resting) > self._idle and self._reaper is None:
            self._reaper = threading.Timer(LINGER_SECONDS, self._reap)
            self._reaper.daemon = True
            self._reaper.start()

    def _reap(self) -> None:
        with self._changed:
            self._reaper = None
            surplus = self._resting[: max(len(self._resting) - self._idle, 0)]
            del self._resting[: len(surplus)]
        for child in surplus:
            child.kill()


def _stopped() -> EngineError:
    return EngineError("The engine was shut down with its worker.", kind=EngineError.STOPPED)


def close_all() -> None:
    """Close every pool of this process."""
    for pool in list(_pools):
        pool.close()


def _forget_all() -> None:
    for pool in list(_pools):
        pool.forget()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(close_all)
