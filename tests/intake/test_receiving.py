"""Bytes from outside are whole, counted and hashed, or they are gone."""

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest
from django.db import connections

from pipelines_app import idempotency, lake
from pipelines_app.errors import ArrivalRefused, ChecksumMismatch, DiskFull, KeyReused, TooLarge
from pipelines_app.idempotency import Keyed, Reply
from pipelines_app.intake import housekeeping, receiving
from pipelines_app.models import Arrival, ArrivalState, IdempotencyKey, Part
from tests import factories, road


def files() -> set[str]:
    return {path.name for path in (lake.root() / "arrivals").rglob("*") if path.is_file()}


def test_what_comes_is_kept_whole_with_its_checksum() -> None:
    received = receiving.receive([b"ab", b"c"], max_bytes=10, length=3, sha256=hashlib.sha256(b"abc").hexdigest())
    assert lake.path(received.place).read_bytes() == b"abc"
    assert (received.bytes, received.sha256) == (3, hashlib.sha256(b"abc").hexdigest())


def cut():
    yield b"half"
    raise ConnectionResetError(errno.ECONNRESET, "gone")


REFUSED = [
    ("too large", {"chunks": [b"x" * 6, b"x" * 6], "max_bytes": 10}, TooLarge),
    ("cut short", {"chunks": [b"abc"], "max_bytes": 10, "length": 4}, ArrivalRefused),
    ("another checksum", {"chunks": [b"abc"], "max_bytes": 10, "sha256": "0" * 64}, ChecksumMismatch),
    ("connection broken", {"chunks": cut(), "max_bytes": 10}, ArrivalRefused),
]


@pytest.mark.parametrize(("asked", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused_leaves_nothing(asked, error) -> None:
    before = files()
    with pytest.raises(error):
        receiving.receive(**asked)
    assert files() == before


def test_a_full_disk_says_so_and_leaves_nothing(settings) -> None:
    with pytest.raises(DiskFull, match="no room"):
        raise receiving._named(OSError(errno.ENOSPC, "No space left on device"))


@pytest.mark.django_db
def test_housekeeping_removes_what_nothing_points_to_and_nothing_else() -> None:
    road.register_sample("flights-daily")
    road.send_flights("2013-01-05")
    road.drain()
    orphan = receiving.receive([b"nobody"], max_bytes=10)
    housekeeping.sweep_files(older_than=-1)
    assert not lake.path(orphan.place).exists()
    assert lake.path(Arrival.objects.get().path).exists()
    assert all(lake.path(part.path).exists() for part in Part.objects.all())


def test_a_file_that_goes_while_the_folder_is_read_is_passed_over(tmp_path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).write_bytes(b"x")
    found = housekeeping._stale(tmp_path, -1)
    assert next(found).exists()
    for path in tmp_path.iterdir():
        path.unlink()
    assert list(found) == []


def test_the_name_of_what_came_is_on_disk_as_surely_as_its_bytes(monkeypatch) -> None:
    kept, fsync = [], os.fsync

    def watched(descriptor: int) -> None:
        kept.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    monkeypatch.setattr(receiving, "_known_folders", set())
    path = lake.path(receiving.receive([b"abc"], max_bytes=10).place).resolve()
    assert kept == [path, path.parent, path.parent.parent]


def work() -> Reply:
    arrival = road.send_flights("2013-01-05")
    return Reply(status=201, answer={"id": arrival.pk})


@pytest.mark.django_db
def test_the_same_key_gives_the_same_answer_and_one_effect() -> None:
    road.register_sample("flights-daily")
    keyed = Keyed(scope="ana", key="k1", digest="d")
    first = idempotency.once(keyed, work)
    second = idempotency.once(keyed, work)
    assert (first.status, second.status) == (201, 200)
    assert first.answer == second.answer
    assert second.again
    assert Arrival.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_for_something_else_is_refused_and_another_callers_key_is_its_own() -> None:
    road.register_sample("flights-daily")
    idempotency.once(Keyed(scope="ana", key="k1", digest="d"), work)
    with pytest.raises(KeyReused):
        idempotency.once(Keyed(scope="ana", key="k1", digest="other"), work)
    idempotency.once(Keyed(scope="ben", key="k1", digest="other"), work)
    assert list(Arrival.objects.order_by("id").values_list("state", flat=True)) == [
        ArrivalState.PENDING,
        ArrivalState.DUPLICATE,
    ]


@pytest.mark.promise(5, faults="50 requests at once")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fifty_threads_with_one_key_have_one_effect() -> None:
    road.register_sample("flights-daily")
    answers: list[dict[str, object]] = []
    start = threading.Barrier(50)

    def send() -> None:
        start.wait()
        answers.append(idempotency.once(Keyed(scope="ana", key="k1", digest="d"), work).answer)
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["id"] for answer in answers}) == 1
    assert len(answers) == 50
    assert Arrival.objects.count() == 1
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db
def test_a_lake_of_any_size_is_tidied_in_lots_and_keeps_what_rows_point_to(monkeypatch) -> None:
    monkeypatch.setattr(housekeeping, "AT_ONCE", 2)
    kept = receiving.receive([b"kept"], max_bytes=100)
    factories.make_arrival(factories.make_dataset(), path=kept.place)
    lost = [receiving.receive([str(number).encode()], max_bytes=100) for number in range(5)]
    assert housekeeping.sweep_files(older_than=-1) >= len(lost)
    assert lake.path(kept.place).exists()
    assert not any(lake.path(one.place).exists() for one in lost)
