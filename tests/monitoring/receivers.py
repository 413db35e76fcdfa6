"""A mail server and a Slack-like receiver of this machine: what leaves the house ends here."""

import json
import socket
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

from tests.servers.process import free_port


class Mailbox:
    """Keeps every message it is given; `refuse` is what it answers instead of taking one."""

    def __init__(self):
        self.messages = []
        self.refuse = ""
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self._controller.port}"

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_):
        self._controller.stop()


@dataclass
class Answer:
    """One answer of the receiver; a hanging one is never given."""

    status: int = 200
    body: str = "ok"
    headers: dict = field(default_factory=dict)
    hangs: bool = False
    drips: bool = False


class SlackReceiver:
    """Keeps every body posted to it and answers as it is told, 200 when it is told nothing."""

    def __init__(self):
        self.posted = []
        self.paths = []
        self.heard = []  # headers and raw body of everything that came
        self.answers = []
        self.closed = threading.Event()
        self.cut = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/services/T0/B0/very-secret"

    def _handler(receiver):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = receiver.hear(self.path, dict(self.headers), body)
                if receiver.spoils(answer, self.wfile):
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body.encode())))
                self.end_headers()
                self.wfile.write(answer.body.encode())

            def do_GET(self):
                receiver.paths.append(f"GET {self.path}")
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                """Say nothing on the terminal."""

        return Handler

    def hear(self, path, headers, body):
        """Keep what came; the answer to it."""
        self.paths.append(path)
        self.heard.append((headers, body))
        answer = self.answers.pop(0) if self.answers else Answer()
        if 200 <= answer.status < 300 and not answer.hangs:
            self.posted.append(json.loads(body))
        return answer

    def spoils(self, answer, out):
        """Whether the answer is none that ends."""
        if answer.hangs:
            self.closed.wait(30)
        if answer.drips:
            self.drip(out)
        return answer.hangs or answer.drips

    def drip(self, out):
        """Begin an answer, and never end it."""
        try:
            out.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.closed.wait(0.05):
                out.write(b"x")
        except OSError:
            self.cut.set()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


class Silence:
    """A port that takes connections and never says a word."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        return self

    def __exit__(self, *_):
        self._socket.close()
