"""The child process: wall first, then DuckDB, then one answer per question until the parent is gone."""

import importlib
import os
import socket
import sys
from typing import Any

from pipelines_app.engines.sandbox import framing, wall

STATM = "/proc/self/statm"


def main() -> None:
    """Serve the socket whose descriptor is the last argument."""
    with socket.socket(fileno=int(sys.argv[-1])) as end:
        plan = framing.receive(end)
        if plan is None:
            return
        statm = os.open(STATM, os.O_RDONLY | os.O_CLOEXEC)
        try:
            abi = wall.raise_wall(_plan(plan))
        except OSError as error:
            end.sendall(framing.pack({"error": "Sandbox", "message": str(error)}))
            return
        # Only now: threads that DuckDB's library starts would stand outside a wall built later.
        desk_module: Any = importlib.import_module("pipelines_app.engines.sandbox.desk")
        desk = desk_module.Desk(plan["scratch"], statm)
        end.sendall(framing.pack({"abi": abi}))
        _serve(end, desk)


def _plan(message: framing.Message) -> wall.Plan:
    return wall.Plan(**{**message, "programs": tuple(message["programs"]), "readable": tuple(message["readable"])})


def _serve(end: socket.socket, desk: Any) -> None:
    while (question := framing.receive(end)) is not None:
        answer = desk.answer(question)
        try:
            packed = framing.pack(answer)
        except framing.TooLong as error:
            packed = framing.pack({"error": "TooLong", "message": str(error)})
        end.sendall(packed)
        desk.tidy()
