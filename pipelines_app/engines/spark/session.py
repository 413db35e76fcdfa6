"""One piece of work on Spark: a session of its own, watched from the outside, and gone afterwards."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pipelines_app.engines.base import Limits
from pipelines_app.engines.spark import connecting, faults
from pipelines_app.engines.spark.connecting import Line
from pipelines_app.errors import EngineError

LOOK_EVERY = 0.5
PATIENCE = 2.0  # between asking Spark to break off and hanging up


class Watchman:
    """Looks at a piece of work from another thread: what is over time or not wanted any more is broken off."""

    def __init__(self, line: Line, limits: Limits) -> None:
        self._line = line
        self._limits = limits
        self._until = time.monotonic() + limits.seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="spark-watchman", daemon=True)
        self.reason = ""

    @property
    def left(self) -> float:
        """Seconds until it is over time."""
        return max(0.1, self._until - time.monotonic())

    def __enter__(self) -> "Watchman":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(min(LOOK_EVERY, self.left)):
            self.reason = self._why_stop()
            if self.reason:
                self._stop()
                return

    def _why_stop(self) -> str:
        if time.monotonic() > self._until:
            return EngineError.DEADLINE
        beat = self._limits.heartbeat
        return EngineError.KILLED if beat is not None and not beat() else ""

    def _stop(self) -> None:
        """Ask Spark to break off whatever this session does; where that takes too long, cut the line."""
        threading.Thread(target=self._ask, name="spark-interrupts", daemon=True).start()
        if not self._over.wait(PATIENCE):
            self._line.cut()

    def _ask(self) -> None:
        """Again and again, for work that has only begun; a server that hangs does not answer, until the line is cut."""
        while not self._over.is_set():
            with suppress(*connecting.failures()):
                self._line.spark.interruptAll()
            self._over.wait(LOOK_EVERY)


class Session:
    """What one piece of work asks of Spark."""

    def __init__(self, spark: Any, watchman: Watchman, limits: Limits) -> None:
        self.spark = spark
        self.names: dict[str, str] = {}
        self._watchman = watchman
        self._limits = limits

    @property
    def rest(self) -> Limits:
        """What is left of the limits, for work of another engine on behalf of this one."""
        return Limits(
            seconds=self._watchman.left, memory_bytes=self._limits.memory_bytes, heartbeat=self._limits.heartbeat
        )

    def settle(self) -> None:
        """The first that is asked of the server."""
        try:
            connecting.settle(self.spark)
        except connecting.failures() as error:
            raise self._stopped() or faults.away(error) from error

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Errors of the client, in the product's words."""
        try:
            yield
        except connecting.failures() as error:
            raise self._stopped() or self._said(error) from error

    def _stopped(self) -> EngineError | None:
        reason = self._watchman.reason
        if reason == EngineError.KILLED:
            return EngineError("The work was stopped.", kind=EngineError.KILLED)
        if reason:
            said, todo = faults.WORDS[reason]
            return EngineError(said, kind=reason, todo=todo)
        return None

    def _said(self, error: BaseException) -> EngineError:
        ask = getattr(error, "getCondition", None)
        return faults.engine_error((ask() if ask else None) or "", str(error), self.names)


@contextmanager
def opened(url: str, limits: Limits) -> Iterator[Session]:
    """Open a session and end it whatever happens: with it go its views and whatever of it still runs."""
    line = connecting.reach(url)
    try:
        with Watchman(line, limits) as watchman:
            session = Session(line.spark, watchman, limits)
            session.settle()
            try:
                yield session
            finally:
                connecting.release(line.spark)
    finally:
        line.cut()
        line.spark.client.close()
