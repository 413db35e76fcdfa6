"""The profiler's own process: does what it is asked for through a wire, and ends when that is closed."""

import contextlib
import os
import queue
import socket
import threading

from django.db import close_old_connections, connections

from controlplane import bells
from monitoring_app.anomalies import judging
from monitoring_app.profiling import measuring
from pipelines_app import lake, wake
from pipelines_app.boundary import contained
from pipelines_app.engines.sandbox import framing

NICENESS = 5
Asked = queue.SimpleQueue[framing.Message | None]


def main(descriptor: int) -> None:
    """Work until nobody asks any more; what is under way then is stopped and goes back in the queue."""
    os.nice(NICENESS)
    wire = socket.socket(fileno=descriptor)
    bells.ring_elsewhere(lambda work: _say(wire, {"kind": work[0], "pk": work[1]}))
    asked: Asked = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(wire, asked), name="listener", daemon=True).start()
    while (question := asked.get()) is not None:
        with contained("the work could not be done; the sweep will ring again", work=question):
            _do(question["kind"], question["pk"])
        close_old_connections()
        _say(wire, {"done": True})
    connections.close_all()


def _do(kind: str, pk: int) -> None:
    if kind == wake.JUDGEMENT:
        judging.judge(pk)
    else:
        measuring.measure(pk)


def _say(wire: socket.socket, message: framing.Message) -> None:
    with contextlib.suppress(OSError):  # the parent is gone: the sweep of the next will find the work
        wire.sendall(framing.pack(message))


def _listen(wire: socket.socket, asked: Asked) -> None:
    """Hear the end of the parent even while a long query runs."""
    with contextlib.suppress(OSError):
        while (question := framing.receive(wire)) is not None:
            asked.put(question)
    lake.engine().close()
    asked.put(None)
