"""A TCP proxy between a client and a server, on which the network fails as it is told to."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 1 << 16


class Cut(Exception):
    """One half of a connection is gone, and the other has to go with it."""


@dataclass
class Weather:
    """What the network does from now on; changed from any thread."""

    latency: float = 0.0  # seconds before each piece goes on
    black_hole: bool = False  # taken and never passed on, in both directions
    cut_answer: int | None = None  # after how many bytes of an answer the connection is reset
    cut_request: int | None = None  # the same for a request


@dataclass
class Proxy:
    """One listening port in front of another, in a thread of its own."""

    target: int
    weather: Weather = field(default_factory=Weather)
    port: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lines: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def start(self) -> None:
        """Listen, and return when the port is known."""
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """Listen no more and drop every connection."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def reset(self) -> None:
        """Drop every connection with a reset."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def _abort_all(self) -> None:
        for line in list(self._lines):
            line.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._abort_all()
        while tasks := asyncio.all_tasks(self._loop):
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._lines |= {writer, there_writer}
        both = [
            asyncio.ensure_future(self._pass(reader, there_writer, is_answer=False)),
            asyncio.ensure_future(self._pass(there_reader, writer, is_answer=True)),
        ]
        with suppress(Cut):
            await asyncio.gather(*both)
        for half in both:
            half.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        for line in (writer, there_writer):
            line.transport.abort()
            self._lines.discard(line)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        passed = 0
        with suppress(ConnectionError):
            while piece := await reader.read(CHUNK):
                await asyncio.sleep(self.weather.latency)
                if self.weather.black_hole:
                    continue
                limit = self.weather.cut_answer if is_answer else self.weather.cut_request
                if limit is not None and passed + len(piece) >= limit:
                    writer.write(piece[: limit - passed])
                    raise ConnectionResetError("cut here")
                passed += len(piece)
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            return
        raise Cut


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """A proxy in front of a port of this machine."""
    one = Proxy(target)
    one.start()
    try:
        yield one
    finally:
        one.stop()
