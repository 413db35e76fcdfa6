"""Start a server under guard, wait until it answers, stop it."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")
READY_SECONDS = 30
LOOK_EVERY = 0.02


class MissingServer(Exception):
    """Something the tests need is not on this machine; the message says how to get it."""


class ServerFailed(Exception):
    """A server did not start, or did not answer in time; the message ends with its own last words."""


def free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Guarded:
    """One command that cannot outlive the process that started it."""

    command: list[str]
    log: Path
    user: str = "-"
    ending: signal.Signals = signal.SIGTERM
    grace: float = 8
    folder: Path | None = None
    environment: dict[str, str] | None = None
    pid: int = field(default=0, init=False)
    guard: subprocess.Popen[str] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the command; its output goes to the log."""
        wishes = [str(os.getpid()), str(self.folder or "-"), self.user, self.ending.name, str(self.grace)]
        with self.log.open("a") as log:
            self.guard = subprocess.Popen(
                [sys.executable, "-I", str(GUARD), *wishes, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment,
                text=True,
                start_new_session=True,
            )
        self.pid = self._child()

    def _child(self) -> int:
        assert self.guard is not None
        assert self.guard.stdout is not None
        readable, _, _ = select.select([self.guard.stdout], [], [], READY_SECONDS)
        line = self.guard.stdout.readline().strip() if readable else ""
        if not line.isdigit():
            self.stop()
            raise ServerFailed(f"{self.command[0]} did not start.\n{self.last_words()}")
        return int(line)

    def wait_until(self, answers: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
        """Return as soon as the server answers; raise when it died or took too long."""
        deadline = time.monotonic() + seconds
        while not answers():
            if not self.lives():
                raise ServerFailed(f"{self.command[0]} ended before it answered.\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.command[0]} did not answer within {seconds:.0f} s.\n{self.last_words()}")
            time.sleep(LOOK_EVERY)

    def lives(self) -> bool:
        """Whether the command still runs."""
        return self.guard is not None and self.guard.poll() is None

    def stop(self) -> int:
        """End the command politely, and return its exit code once it is gone."""
        if self.guard is None:
            return 0
        self.guard.terminate()
        code = self.guard.wait()
        if self.guard.stdout is not None:
            self.guard.stdout.close()
        self.guard = None
        return code

    def kill(self) -> None:
        """Pull the plug: SIGKILL, as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def last_words(self, lines: int = 20) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
