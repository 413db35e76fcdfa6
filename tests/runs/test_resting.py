"""Connections of threads that answer requests, closed while nobody asks."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from controlplane import resting
from pipelines_app.models import Team

pytestmark = pytest.mark.django_db(transaction=True)


def asked() -> int:
    with resting.in_use():
        return Team.objects.count()


def is_open() -> bool:
    return connection.connection is not None


def test_a_connection_that_nobody_used_for_a_while_is_closed_and_opened_again_by_the_next_request() -> None:
    with ThreadPoolExecutor(max_workers=1) as server:
        assert server.submit(asked).result() == 0
        assert resting.close_unused(time.monotonic() - 60) == 0
        assert server.submit(is_open).result()
        assert resting.close_unused(time.monotonic()) == 1
        assert not server.submit(is_open).result()
        assert server.submit(asked).result() == 0
        server.submit(connections.close_all).result()


def test_a_connection_in_use_is_left_alone() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def long() -> bool:
        with resting.in_use():
            Team.objects.count()
            begun.set()
            assert go_on.wait(30)
            return is_open()

    with ThreadPoolExecutor(max_workers=1) as server:
        answer = server.submit(long)
        assert begun.wait(30)
        assert resting.close_unused(time.monotonic()) == 0
        go_on.set()
        assert answer.result()
        server.submit(connections.close_all).result()
