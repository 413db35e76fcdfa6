"""Embedded mode as one process: the console and the API over HTTP, and the threads that do the work."""

import logging
import os
import signal
import socket
import threading
from argparse import ArgumentTypeError
from types import FrameType

from cheroot.wsgi import Server
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from controlplane import chunks
from controlplane.embedded import Workers
from pipelines_app.engines.sandbox import memory

logger = logging.getLogger(__name__)
THREADS = 8
AROUND_A_FILE = 1 << 20  # what a form sends beside its file


def http_server(host: str, port: int) -> Server:
    """The server, not yet listening: bodies are bounded as a whole, and read in pieces."""
    server = Server(
        (host, port),
        get_wsgi_application(),
        numthreads=THREADS,
        max=32,
        server_name="loopline",
        shutdown_timeout=5,
        request_queue_size=128,
    )
    server.max_request_body_size = settings.UPLOAD_MAX_BYTES + AROUND_A_FILE
    server.gateway = chunks.Gateway
    return server


def add_address(parser: CommandParser) -> None:
    """The options that say where to listen."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=8000)


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 1 << 16):
        raise ArgumentTypeError(f"{text!r} is no port: give a number from 1 to 65535, or 0 for any that is free")
    return int(text)


def refuse_taken(command: str, host: str, port: int) -> None:
    """Refuse, in words, to listen where something else does already: before anything is prepared or said once."""
    try:
        socket.getaddrinfo(host, port)
        socket.create_server((host, port)).close()
    except socket.gaierror as error:
        raise CommandError(f"{host} is no address of this machine ({error.strerror}): leave --host away.") from error
    except OSError as error:
        raise CommandError(
            f"http://{host}:{port} cannot be listened at ({os.strerror(error.errno or 0)}): Loopline or something else "
            f"may run there. Stop it, or choose another port: .venv/bin/python manage.py {command} --port 8001"
        ) from error


def address(host: str, port: int) -> str:
    """Where it answers. Links and addresses for others lead there, unless LOOPLINE_URL says where."""
    url = f"http://{host}:{port}"
    if not settings.PUBLIC_URL_IS_GIVEN:
        settings.PUBLIC_URL = url.replace("//0.0.0.0:", "//127.0.0.1:")
    return url


class Serving:
    """One server and its workers, until a signal or `stop`."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._server = http_server(host, port)
        self._workers = Workers()
        self._stopped = threading.Event()

    def start(self) -> str:
        """Listen and work; gives the address, whose port is the system's choice where 0 was asked for."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._asked)
        memory.share_one_heap()
        get_resolver().check()  # loads every page and every address of the API
        memory.keep_for_good()
        self._server.prepare()
        threading.Thread(target=self._server.serve, name="http", daemon=True).start()
        url = address(self._host, int(self._server.bind_addr[1]))
        self._workers.start()
        return url

    def wait(self) -> None:
        """Block until somebody asks the process to stop, then stop in order."""
        while not self._stopped.wait(3600):
            pass
        self.stop()

    def _asked(self, number: int, frame: FrameType | None) -> None:
        self._stopped.set()

    def stop(self) -> None:
        """Take no more requests, finish what is in hand, end the engine's children."""
        self._server.stop()
        self._workers.stop(settings.STOP_SECONDS)
