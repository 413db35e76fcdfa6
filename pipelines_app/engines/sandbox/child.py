"""The child process: wall first, then DuckDB, then a copy of itself for each session until the parent is gone.

A copy answers until its session ends, and ends with it: nothing of what it did is left for the next.
"""

import importlib
import os
import socket
import sys
from typing import Any

from pipelines_app.engines.sandbox import framing, wall

STAT = "/proc/self/stat"
CLOSE = "close"
LAST = 5  # who starts work, and notes how it ended, goes before who computes


def main() -> None:
    """Serve the socket whose descriptor is the last argument."""
    with socket.socket(fileno=int(sys.argv[-1])) as end:
        plan = framing.receive(end)
        if plan is None:
            return
        stat = os.open(STAT, os.O_RDONLY | os.O_CLOEXEC)
        os.nice(LAST)
        try:
            abi = wall.raise_wall(_plan(plan))
            # Only now: threads that DuckDB's library starts would stand outside a wall built later.
            desk_module: Any = importlib.import_module("pipelines_app.engines.sandbox.desk")
            desk = desk_module.Desk(plan["scratch"], stat, usual=plan["usual"])
        except OSError as error:
            end.sendall(framing.pack({"error": "Sandbox", "message": str(error)}))
            return
        end.sendall(framing.pack({"abi": abi}))
        while _session(end, desk):
            pass


def _plan(message: framing.Message) -> wall.Plan:
    told = {key: value for key, value in message.items() if key != "usual"}
    return wall.Plan(**{**told, "programs": tuple(message["programs"]), "readable": tuple(message["readable"])})


def _session(end: socket.socket, desk: Any) -> bool:
    """Have a copy of this process serve one session; says whether another may follow.

    It is made when the session begins, a millisecond's work: one that waits for it would take 11 MiB meanwhile.
    """
    if not end.recv(1, socket.MSG_PEEK):
        return False
    own = os.getpid()
    copy = os.fork()
    if copy == 0:
        wall.stand_apart(own)
        if _serve(end, desk):
            os._exit(0)  # what DuckDB holds goes with the process, sooner than it could be closed
        return False
    _, status = os.waitpid(copy, 0)
    if os.WIFSIGNALED(status):
        os.kill(own, os.WTERMSIG(status))  # the parent is to see how it ended
    return status == 0


def _serve(end: socket.socket, desk: Any) -> bool:
    """Answer until the session is closed; False if the parent is gone before."""
    while (question := framing.receive(end)) is not None:
        answer = desk.answer(question)
        try:
            packed = framing.pack(answer)
        except framing.TooLong as error:
            packed = framing.pack({"error": "TooLong", "message": str(error)})
        end.sendall(packed)
        if question["op"] == CLOSE:
            return True
    return False
