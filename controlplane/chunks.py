"""Chunked bodies for the embedded server: a chunk is read in pieces, however large its sender declares it."""

import re

from cheroot.server import ChunkedRFile, HTTPRequest
from cheroot.wsgi import Gateway_10

from controlplane import resting

PIECE = 1 << 16
LONGEST_LINE = 256
SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?\r?\n", re.DOTALL)


class BoundedChunks(ChunkedRFile):
    """A chunked body of which one piece is held at a time."""

    _left = 0

    def _fetch(self) -> None:
        """Put the next piece into the buffer; raises ValueError for what is no chunk, OSError where it is too much."""
        if self.closed:
            return
        if not self._left:
            self._left = self._next_size()
            if not self._left:
                self.closed = True
                return
        piece = self.rfile.read(min(self._left, PIECE))
        if not piece:
            raise OSError("the connection broke inside a chunk")
        self._left -= len(piece)
        self.bytes_read += len(piece)
        self.buffer += piece
        if not self._left and self.rfile.read(2) != b"\r\n":
            raise ValueError("a chunk is longer than it says")

    def _next_size(self) -> int:
        match = SIZE.fullmatch(self.rfile.readline(LONGEST_LINE))
        if match is None:
            raise ValueError("a chunk does not say its size")
        size = int(match.group(1), 16)
        if self.maxlen and self.bytes_read + size > self.maxlen:
            raise OSError("the body is larger than this server takes")
        return size


class Gateway(Gateway_10):
    """Hands requests to the application, chunked bodies in pieces."""

    def __init__(self, req: HTTPRequest) -> None:
        if isinstance(req.rfile, ChunkedRFile):
            req.rfile = BoundedChunks(req.conn.rfile, req.server.max_request_body_size)
        super().__init__(req)

    def respond(self) -> None:
        """Answer, with the database's connection of this thread in use."""
        with resting.in_use():
            super().respond()
