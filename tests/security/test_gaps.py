"""Small doors that stood ajar: unknown parameters, endless chunks, odd names and periods, parts that ended."""

import socket
import threading
from datetime import timedelta
from io import BytesIO

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from controlplane import serving, sweep
from controlplane.chunks import BoundedChunks
from controlplane.embedded import Workers
from monitoring_app.web import platform
from pipelines_app import lake
from pipelines_app.access import tokens
from pipelines_app.errors import PeriodInvalid
from pipelines_app.models import Arrival, Pipeline, Pulse, Role
from pipelines_app.runs import queue
from tests import factories, road
from tests.api.callers import Caller, refused
from tests.security.world import DAY, OPEN, ORDERS

MIB = 1 << 20


@pytest.fixture
def people(db):
    road.register_yaml(OPEN)
    return road.team("people")


@pytest.fixture
def editor(people):
    return Caller(factories.make_user("ed", team=people, role=Role.EDITOR))


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("/runs?stat=failed", "did you mean state?"),
        ("/datasets?team_name=people", "There is no parameter 'team_name'"),
        ("/teams?q=x", "'q'"),
        ("/pipelines/orders/revisions?limt=1", "did you mean limit?"),
        ("/datasets/mart.shops/versions?perod=x", "did you mean period?"),
        ("/datasets/mart.shops/rows?ofset=2", "'ofset'"),
        ("/alerts?stte=open", "did you mean state?"),
        ("/lineage?of=mart.shops&dept=2", "did you mean depth?"),
    ],
)
def test_an_unknown_parameter_is_refused_and_the_nearest_is_named(editor, address, hint):
    path, _, query = address.partition("?")
    problem = refused(editor.get(path, **dict(part.split("=") for part in query.split("&"))), 400, "unknown_parameter")
    assert hint in problem["detail"]
    assert problem["todo"]


@pytest.mark.parametrize("given", ["/etc/hush_../\u202eorders_2013-01-05.csv", "C:\\\\x\\orders_2013-01-05.csv\0"])
def test_a_name_is_plain_text_by_whatever_door_it_comes(people, given):
    arrival = road.send("raw.orders", ORDERS, name=given)
    assert (arrival.name, arrival.period) == (f"orders_{DAY}.csv", DAY)
    nameless = road.send("raw.orders", ORDERS + b"3,x,1\n", name="\u202e/\0", period=DAY)
    assert nameless.name == "file"


@pytest.mark.parametrize("period", ["yesterday", "2013-02-30", "2013-02"])
def test_a_period_that_is_none_is_refused_by_every_door(people, editor, client, period):
    with pytest.raises(PeriodInvalid, match=r"orders runs by day, and .* is not one"):
        queue.request(Pipeline.objects.get(name="orders"), period=period, actor="user:test")
    client.force_login(editor.user)
    answer = client.post("/pipelines/orders/run", {"period": period}, follow=True)
    assert "orders runs by day" in answer.content.decode()
    refused(editor.post("/pipelines/orders/run", {"period": period}), 422, "period_invalid")


@pytest.mark.django_db(transaction=True)
def test_a_chunk_is_never_held_whole_however_large_it_says_it_is(people, editor, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    server = serving.http_server("127.0.0.1", 0)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        secret = tokens.issue(editor.user, name="wire")[1]
        before = psutil.Process().memory_info().rss
        most, answer = 0, b""
        with socket.create_connection(server.bind_addr, timeout=30) as line:
            line.sendall(
                f"POST /api/v1/datasets/raw.orders/arrivals?name=orders_{DAY}.csv HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {secret}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
            )
            line.sendall(b"100000000\r\n")  # four GiB in one chunk
            for _ in range(96):
                line.sendall(b"x" * MIB)
                most = max(most, psutil.Process().memory_info().rss - before)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                answer += piece
    finally:
        server.stop()
        thread.join()
    assert answer.startswith(b"HTTP/1.1 422")
    assert not Arrival.objects.exists()
    assert most < 48 * MIB, f"{most / MIB:.0f} MiB more"


def test_a_size_line_without_end_and_a_size_that_is_none_are_refused(settings):
    for line in (b"f" * 10_000, b"-5\r\nhello", b"0x10\r\n", b"+1\r\n", b"1_0\r\n"):
        with pytest.raises(ValueError, match="does not say its size"):
            _body(line).read(10)
    settings.UPLOAD_MAX_BYTES = 0
    with pytest.raises(OSError, match="larger than this server takes"):
        _body(b"ffffff\r\n", most=1000).read(10)
    assert _body(b"5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\n").read(100) == b"helloabc"


def _body(sent, most=0):

    return BoundedChunks(BytesIO(sent), most)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_ends_in_order_is_not_missed(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    workers = Workers()
    workers.start()
    deadline = threading.Event()
    for _ in range(200):
        if Pulse.objects.filter(name__startswith="worker:").exists():
            break
        deadline.wait(0.05)
    assert Pulse.objects.filter(name__startswith="worker:").count() == 1
    workers.stop()
    lake.engine.cache_clear()  # the process's engine ended with them; the next test starts another
    assert not Pulse.objects.filter(name__startswith="worker:").exists()


def test_a_worker_silent_for_ten_minutes_is_forgotten_and_a_chore_is_no_part(db):
    now = timezone.now()
    sweep.beat("worker:gone:1", now - timedelta(minutes=11))
    sweep.beat("worker:slow:1", now - timedelta(minutes=9))
    sweep.beat("chore:housekeeping", now - timedelta(minutes=50))
    sweep.once(now)
    assert {beat.name for beat in platform.pulses(now)} == {"sweep", "worker:slow:1"}
