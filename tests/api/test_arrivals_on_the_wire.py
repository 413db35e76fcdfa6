"""Files over a real socket, to the server that embedded mode uses: cut short, broken off, in chunks."""

import socket
import threading
import time

import pytest
from django.db import connection

from controlplane import serving
from pipelines_app.access import tokens
from pipelines_app.models import Arrival, Event, Role
from tests import factories
from tests.api.conftest import DAY, QUERY

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 10


@pytest.fixture
def port(monkeypatch):
    """A server of this process, on a port of its own, whose threads keep no connection to the database."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    server = serving.http_server("127.0.0.1", 0)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server.bind_addr[1]
    server.stop()
    thread.join()


@pytest.fixture
def bearer(orders, sales):
    return tokens.issue(factories.make_user("wire", team=sales, role=Role.EDITOR), name="wire")[1]


def head(bearer, *lines):
    first = f"POST /api/v1/datasets/raw.orders/arrivals{QUERY} HTTP/1.1"
    fields = ["Host: localhost", f"Authorization: Bearer {bearer}", "Content-Type: text/csv", "Connection: close"]
    return "\r\n".join([first, *fields, *lines, "", ""]).encode()


def said(port, request, *, end=False):
    """What the server answers to bytes; with `end`, the sender closes its side after them."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(request)
        if end:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return answer.decode()


def until_same(question, expected):
    """Wait for a condition that other threads bring about."""
    end = time.monotonic() + PATIENCE
    while question() != expected:
        assert time.monotonic() < end, question()
        threading.Event().wait(0.02)


def chunks(*bodies):
    return b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies)


def test_a_file_with_its_length_arrives(port, bearer):
    answer = said(port, head(bearer, f"Content-Length: {len(DAY)}") + DAY)
    assert answer.startswith("HTTP/1.1 201")


def test_a_file_in_chunks_arrives(port, bearer):
    answer = said(port, head(bearer, "Transfer-Encoding: chunked") + chunks(DAY[:10], DAY[10:]) + b"0\r\n\r\n")
    assert answer.startswith("HTTP/1.1 201")
    assert Arrival.objects.get().bytes == len(DAY)


@pytest.mark.promise(16, faults="a wrong length; a broken chunk")
@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("Content-Length: 1000000", DAY),
        ("Transfer-Encoding: chunked", chunks(DAY)),
        ("Transfer-Encoding: chunked", b"ffff\r\nshort"),
        ("Transfer-Encoding: chunked", chunks(DAY) + b"zz\r\n"),
    ],
)
def test_a_file_cut_short_leaves_nothing_and_comes_again(port, bearer, kept, field, body):
    before = kept()
    answer = said(port, head(bearer, field) + body, end=True)
    assert "application/problem+json" in answer
    assert answer.startswith("HTTP/1.1 422")
    assert kept() == before
    assert not Arrival.objects.exists()
    assert not Event.objects.filter(kind__startswith="arrival").exists()
    assert said(port, head(bearer, f"Content-Length: {len(DAY)}") + DAY).startswith("HTTP/1.1 201")


@pytest.mark.promise(16, faults="a reset in the middle of an upload")
def test_a_connection_that_breaks_leaves_nothing_in_the_lake(port, bearer, kept):
    before = kept()
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    line.sendall(head(bearer, "Content-Length: 5000000") + b"x" * 2_000_000)
    until_same(lambda: len(kept()) - len(before), 1)  # it is being received
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # the next close is a reset
    line.close()
    until_same(kept, before)
    assert not Arrival.objects.exists()


def test_no_length_at_all_is_411(port, bearer):
    answer = said(port, head(bearer), end=True)
    assert answer.startswith("HTTP/1.1 411") or answer.startswith("HTTP/1.1 422")
    assert not Arrival.objects.exists()
