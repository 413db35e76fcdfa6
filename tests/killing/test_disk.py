"""The disk is full: whoever sends is told, what is at work says so, and goes on by itself once there is room."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from controlplane.sample.client import until
from tests.killing.installations import Live, live, mill

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]
LAKE_BYTES = 320 << 20  # the health page wants 256 MiB to be free
COMPLAINTS = "SELECT error FROM pipelines_app_steprun WHERE error <> ''"
HEAPED = "SELECT count(*) FROM pipelines_app_datasetversion WHERE state = 'published' AND period = '2016-06-02'"
HEAP = """
pipeline: heap
team: ops-analytics
sources:
  raw.heap: {format: csv, period: day, from: "heap_{period}.csv", columns: {word: VARCHAR}}
steps:
  - dataset: mart.heap_size
    materialise: {kind: incremental, by: period}
    sql: SELECT count(*) AS n FROM raw.heap
"""
ARRIVALS = "SELECT count(*) FROM pipelines_app_arrival"


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own for a folder; the test is skipped where none may be mounted."""
    folder.mkdir(parents=True)
    options = ["-t", "tmpfs", "-o", f"size={LAKE_BYTES}", "tmpfs"]
    mounted = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def small() -> Iterator[Live]:
    with (
        tempfile.TemporaryDirectory(prefix="loopline-disk-") as folder,
        small_disk(Path(folder) / "lake"),
        live(Path(folder)) as site,
    ):
        yield site


@contextmanager
def ballast(site: Live, leave: int) -> Iterator[None]:
    """Fill the lake's disk until so many bytes are left."""
    lake = site.production.folder / "lake"
    room = os.statvfs(lake)
    path = lake / "ballast"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leave)
    try:
        yield
    finally:
        path.unlink()


def files(site: Live) -> set[Path]:
    lake = site.production.folder / "lake"
    return {path for path in (lake / "arrivals").rglob("*") if path.is_file()}


@pytest.mark.promise(15, 16, faults="a full disk under an upload")
def test_an_upload_onto_a_full_disk_is_507_leaves_nothing_and_works_again(small: Live, tmp_path: Path) -> None:
    supplier = small.supplier()
    arrivals, kept = small.count(ARRIVALS), files(small)
    headers = {"Authorization": f"Bearer {small.keys.token}", "Content-Type": "application/octet-stream"}
    address = f"{small.url}/api/v1/datasets/raw.mill_grist/arrivals?name=grist_2016-06-01.csv"
    with ballast(small, leave=64 << 10):
        told = requests.post(address, data=b"n\n" + b"1\n" * (1 << 20), headers=headers, timeout=30)
        ready = small.ready()
        assert (told.status_code, told.json()["code"]) == (507, "disk_full")
        assert (small.count(ARRIVALS), files(small)) == (arrivals, kept)
    assert "MiB are free" in ready.json()["faults"]["disk"]
    mill(supplier, "2016-06-01", 5)
    small.settle(60)
    until(small.answers, "the platform to be ready", patience=30)
    small.judge(supplier, tmp_path)


@pytest.mark.promise(15, faults="a full disk under a step")
def test_a_step_on_a_full_disk_says_so_and_is_done_by_itself_once_there_is_room(small: Live, tmp_path: Path) -> None:
    small.register(HEAP)
    supplier = small.supplier()
    body = b"word\n" + b"".join(b"%s\n" % os.urandom(32).hex().encode() for _ in range(20_000))
    with ballast(small, leave=len(body) + (128 << 10)):
        supplier.send("raw.heap", "heap_2016-06-02.csv", body)
        said = until(lambda: small.rows(COMPLAINTS), "a step that complains", patience=60)
    until(lambda: small.count(HEAPED) == 2, "the heap to be counted", patience=120)
    assert "disk is full" in said[0][0]
    small.settle(60)
    small.judge(supplier, tmp_path)
