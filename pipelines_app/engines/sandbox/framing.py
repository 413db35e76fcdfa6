"""Messages between parent and child: four bytes of length, then JSON. Never pickle: the child is not trusted."""

import json
import socket
from typing import Any

Message = dict[str, Any]
LARGEST = 64 << 20
PREFIX = 4


class TooLong(ValueError):
    """A message is longer than either side accepts."""


def pack(message: Message) -> bytes:
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    return size_checked(len(body)).to_bytes(PREFIX, "big") + body


def unpack(body: bytes) -> Message:
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message


def size_checked(size: int) -> int:
    if size > LARGEST:
        raise TooLong(f"a message of {size:,} bytes; {LARGEST:,} is the most")
    return size


def receive(end: socket.socket) -> Message | None:
    """Wait for the next message; None when the other side is gone."""
    prefix = _exactly(end, PREFIX)
    if prefix is None:
        return None
    body = _exactly(end, size_checked(int.from_bytes(prefix, "big")))
    return None if body is None else unpack(body)


def _exactly(end: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = end.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)
