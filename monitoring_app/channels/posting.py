"""The one way in which anything is posted out of the house: to an address that is resolved once, with a deadline.

requests-hardened resolves the name once, refuses addresses that are not public and connects to the one it looked at;
it follows no redirect. Its timeouts are for one read, and a receiver that sends a byte now and then could hold the
sender for ever: so the socket is cut at a deadline for the whole exchange.
"""

import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, Manager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from monitoring_app.channels.message import NotDelivered

READ = 200  # bytes of an answer that are looked at
WHOLE = 3  # the deadline of an exchange, in timeouts of one read


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What to post, to whom (as people call it), and how long to wait for one answer.

    `loopback` lets it reach this machine; `inside` any address: both only where the settings name the address.
    """

    url: str
    body: bytes
    to: str
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    loopback: bool = False
    inside: bool = False
    read: int = READ


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered: the code, the beginning of the body, and how long the other side asks us to wait."""

    status: int
    said: str
    retry_after: float

    def __str__(self) -> str:
        return f"{self.status} {self.said}".strip()


def post(letter: Letter) -> Answer:
    """Post it and say what was answered, whatever it was; raises NotDelivered if nothing was.

    The text of an error never holds the address, which may be a secret: only its kind is told.
    """
    with _Deadline(letter.seconds * WHOLE) as deadline:
        try:
            answer = _exchange(letter, deadline)
        except requests.Timeout as error:
            raise NotDelivered(f"{letter.to} did not answer within {letter.seconds:g} seconds.") from error
        except (requests.RequestException, OSError, ValueError) as error:
            if not deadline.passed:
                raise NotDelivered(f"{letter.to} could not be reached ({type(error).__name__}).") from error
    if deadline.passed:  # what was cut may look like a short answer
        raise NotDelivered(f"{letter.to} did not end its answer in time.")
    return answer


def _exchange(letter: Letter, deadline: "_Deadline") -> Answer:
    with _client(letter) as client:
        client.trust_env = False  # no .netrc, no proxy taken from the environment
        for adapter in client.adapters.values():
            deadline.watch(cast(HTTPAdapter, adapter))
        answer = client.post(letter.url, data=letter.body, headers=dict(letter.headers), stream=True)
        said = next(answer.iter_content(letter.read), b"").decode(errors="replace")
        return Answer(status=answer.status_code, said=_readable(said), retry_after=_retry_after(answer))


def _client(letter: Letter) -> requests.Session:
    session: requests.Session = Manager(
        Config(
            ip_filter_enable=not letter.inside,
            ip_filter_allow_loopback_ips=letter.loopback,
            never_redirect=True,
            default_timeout=(letter.seconds, letter.seconds),
        )
    ).get_session()
    return session


def _readable(said: str) -> str:
    return " ".join("".join(mark if mark.isprintable() else " " for mark in said).split())


def _retry_after(answer: requests.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() and len(text) < 10 else 0.0


class _Deadline:
    """Cuts every connection of one exchange when its time is over."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for one in self._sockets:
                one.close()
            self._sockets.clear()

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            for one in self._sockets:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:  # it has ended by itself
                    continue

    def _hold(self, made: socket.socket) -> socket.socket:
        with self._lock:
            self._sockets.append(made.dup())  # TLS takes the original away; the connection is the same
            if self.passed:
                made.shutdown(socket.SHUT_RDWR)
        return made

    def watch(self, adapter: HTTPAdapter) -> None:
        """See every connection that an adapter makes."""
        hold = self._hold

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return hold(super()._new_conn())

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return hold(super()._new_conn())

        plain: Any = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
        secure: Any = type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure})
        adapter.poolmanager.pool_classes_by_scheme = {"http": plain, "https": secure}
