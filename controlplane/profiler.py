"""Embedded mode's profiler as its parent sees it: a process of its own that measures and judges what is published.

It is begun by work and ended by quiet: what it takes is there only while it has something to do, it goes at a lower
priority, and who serves and starts runs keeps the interpreter to itself. All it knows is in the database: one that
ends in the middle of its work is begun again by the next bell, and the lease of what it had in hand runs out.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading

from django.conf import settings

from controlplane import bells
from controlplane.bells import Work
from pipelines_app.engines.sandbox import framing

# It dies with the thread that began it, before it has loaded anything; one that still loads hears no wire.
BOOT = """
import sys
from pipelines_app.engines.sandbox import wall
wall.die_with(int(sys.argv[1]))
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "profiler", sys.argv[2]])
"""
ENDING_SECONDS = 5.0  # for what is put back where it was


class Profiler:
    """One process at most, asked by one thread; `end` may be called by any."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: socket.socket | None = None
        self._lock = threading.Lock()

    def do(self, work: Work, owner: str) -> None:
        """Have one piece of work done, and ring here for what it rings for; raises OSError where the process ends."""
        wire = self._wire or self._begin()
        try:
            wire.sendall(framing.pack({"kind": work[0], "pk": work[1]}))
            while answer := framing.receive(wire):
                if "done" in answer:
                    return
                bells.ring(answer["kind"], answer["pk"])
        except OSError:
            self.end()
            raise
        self.end()
        raise ConnectionError("The profiler's process ended in the middle of its work.")

    def end(self) -> None:
        """Close the wire, which asks it to end at once, and wait until it has; without one nothing is done."""
        with self._lock:
            wire, process, self._wire, self._process = self._wire, self._process, None, None
        if wire is not None:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for an answer
            wire.close()
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDING_SECONDS)
            process.kill()
            process.wait()

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", BOOT, str(os.getpid()), str(theirs.fileno())],
                cwd=settings.ROOT,
                pass_fds=[theirs.fileno()],
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
                    "LOOPLINE_URL": settings.PUBLIC_URL,
                },
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # who is interrupted at a terminal ends it in order
            )
        with self._lock:
            self._wire, self._process = ours, process
        return ours
