"""A mail server and a Slack-like receiver on this machine, which keep what reaches them."""

import json
import socket
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def _free_port() -> int:
    """A port of this machine that nobody uses; the mail server cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mailbox:
    """A real SMTP server on a free port; `messages` holds what was delivered."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self._port = _free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one message."""
        parsed = message_from_bytes(cast(bytes, envelope.content), policy=policy.default)
        self.messages.append(parsed)
        return "250 Message accepted for delivery"

    def start(self) -> str:
        """Listen, and give the URL that settings take."""
        self._controller.start()
        return f"smtp://127.0.0.1:{self._port}"

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    def subjects(self) -> list[str]:
        """The subjects of what was delivered."""
        return [str(message["Subject"]) for message in self.messages]


class SlackLike:
    """An incoming-webhook receiver on a free port; `messages` holds the payloads."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        kept = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                kept.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def start(self) -> str:
        """Listen, and give the address that a channel takes."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/services/T000/B000/demo"

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
