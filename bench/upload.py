"""One large CSV through the front door: memory of the web process, time to published, memory of the engine's child.

The file goes over HTTP as a stream. Then it is loaded (ten typed columns, bad rows set aside), one incremental step is
made, four checks are judged and both versions are published. Limit: one plain DuckDB script that does the same to the
same file (`bench.raw_sales`): the better of a run before and a run after.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import psutil
import requests
from django.conf import settings

from bench.figures import MIB, Figure, Report, Target, parser, say
from bench.raw_sales import COLUMNS, COUNTRIES, STEP
from bench.sites import ROOT, Place, alone, family, settled
from controlplane.sample.client import until

GROWTH = Target(most=150)
WALL = Target(most=1.5, times_limit=True)
PATIENCE_SECONDS = 3600
BYTES_PER_ROW = 74.5
ROWS = """
    SELECT range AS id,
           TIMESTAMP '2024-05-01' + to_milliseconds(range * 86400000 // {rows}) AS sold_at,
           CAST(hash(range) % 400000 AS INTEGER) AS customer,
           {countries}[CAST(1 + hash(range, 1) % {n} AS BIGINT)] AS country,
           'product-' || lpad(CAST(hash(range, 2) % 5000 AS VARCHAR), 4, '0') AS product,
           CAST(1 + hash(range, 3) % 12 AS INTEGER) AS quantity,
           CAST((100 + hash(range, 4) % 49900) / 100 AS DECIMAL(10, 2)) AS price,
           CASE WHEN hash(range, 5) % 5 = 0 THEN (hash(range, 6) % 30) / 100 ELSE 0 END AS discount,
           hash(range, 7) % 50 <> 0 AS paid,
           CASE WHEN hash(range, 8) % 9 <> 0 THEN DATE '2024-05-02' + CAST(hash(range, 9) % 14 AS INTEGER) END
               AS delivered_on
    FROM range({rows})
"""
PIPELINE: dict[str, object] = {
    "pipeline": "bench-sales",
    "team": "ops-analytics",
    "sources": {
        "raw.bench_sales": {
            "format": "csv",
            "period": "day",
            "from": "sales_{period}.csv",
            "mode": "partition",
            "columns": COLUMNS,
            "checks": [{"not_null": ["id", "sold_at"]}, {"in_set": {"column": "country", "values": list(COUNTRIES)}}],
        }
    },
    "steps": [
        {
            "dataset": "staging.bench_sales",
            "materialise": {"kind": "incremental", "by": "period"},
            "sql": STEP.format(source="raw.bench_sales"),
            "checks": [{"between": {"column": "amount", "min": 0, "max": 100000}}, {"unique": "id"}],
        }
    ],
}


@dataclass
class Watched:
    """The most memory that processes took while somebody looked, in bytes."""

    web: int = 0
    child: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def look(self, pid: int) -> None:
        """Look five times a second until it is over; the kernel itself remembers a child's peak, and looking costs."""
        while not self.over.wait(0.2):
            head, *children = family(pid)
            self.web = max(self.web, head.memory_info().rss)
            self.child = max([self.child, *(_peak(child) for child in children)])


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--megabytes", type=int, default=1000, help="the size of the file (1000)")
    asked = made.parse_args()
    report = Report(title=f"A CSV of {asked.megabytes:,} MB through the front door")
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder:
        _measure(report, Path(folder), asked)
    report.show(as_json=asked.json)


def _measure(report: Report, folder: Path, asked: argparse.Namespace) -> None:
    small, large = folder / "sales_2024-04-30.csv", folder / "sales_2024-05-01.csv"
    say("writing the file")
    _write(small, rows=1000)
    rows = _write(large, rows=int(asked.megabytes * 1e6 / BYTES_PER_ROW))
    report.title += f" ({large.stat().st_size / 1e6:,.0f} MB, {rows:,} rows, {len(COLUMNS)} columns)"
    say("the plain script")
    before = _raw(large, folder)
    received = _received(large, folder)
    with alone() as place:
        place.client.post("/pipelines", PIPELINE)
        _send(place, small)
        settled(place)
        _road(report, place, large, received, lambda: [before, _raw(large, folder)])


def _write(path: Path, *, rows: int) -> int:
    query = ROWS.format(rows=rows, countries=list(COUNTRIES), n=len(COUNTRIES))
    duckdb.connect().execute(f"COPY ({query}) TO '{path}' (FORMAT csv, HEADER)")
    return rows


def _raw(source: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.raw_sales", str(source), str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _received(source: Path, folder: Path) -> float:
    """Seconds to read a file, hash it, and have a copy on disk: what receiving it costs at best."""
    begun, digest, copy = time.monotonic(), hashlib.sha256(), folder / "copy"
    with source.open("rb") as stream, copy.open("wb") as out:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    copy.unlink()
    return time.monotonic() - begun


def _road(report: Report, place: Place, large: Path, received: float, raws: Callable[[], list[dict[str, Any]]]) -> None:
    say("the upload")
    rested = psutil.Process(place.web).memory_info().rss
    begun = time.monotonic()
    watched, arrival = _watched(place, lambda: _send(place, large))
    uploaded = time.monotonic() - begun
    say("the run")
    done, run = _watched(place, lambda: _finished(place, arrival))
    steps = [seen["step"] for seen in run["steps"]]
    if run["state"] != "succeeded":
        report.notes.append(f"The run {run['state']}: {run['reason']}")
    taken = _moment(steps[-1]["finished_at"]) - _moment(arrival["received_at"])
    say("the plain script again")
    plain = raws()
    wall, peak = min(raw["seconds"] for raw in plain), max(raw["peak"] for raw in plain)
    most = Target(most=settings.ENGINE_MEMORY_BYTES / MIB)
    report.add(
        Figure(name="upload: growth of the web process", value=(watched.web - rested) / MIB, unit="MiB", target=GROWTH),
        Figure(name="upload: sent to accepted", value=uploaded, unit="s", limit=received),
        Figure(name="accepted to published (load, step, 4 checks)", value=taken, unit="s", limit=wall, target=WALL),
        *(
            Figure(name=f"  of which {step['dataset']}", value=_seconds(step), unit="s")
            for step in steps
            if step["finished_at"]
        ),
        Figure(name="run: most memory of the child", value=done.child / MIB, unit="MiB", limit=peak / MIB, target=most),
        Figure(name="run: growth of the web process", value=(done.web - rested) / MIB, unit="MiB"),
    )
    report.notes.append(
        f"The plain script took {plain[0]['seconds']:.1f} s before and {plain[-1]['seconds']:.1f} s after; "
        f"rows out: {steps[-1]['rows_out']:,} here, {plain[0]['rows']:,} there."
    )


def _watched(place: Place, work: Callable[[], Any]) -> tuple[Watched, Any]:
    watched = Watched()
    watcher = threading.Thread(target=watched.look, args=(place.web,))
    watcher.start()
    try:
        return watched, work()
    finally:
        watched.over.set()
        watcher.join()


def _send(place: Place, path: Path) -> dict[str, Any]:
    """Stream a file over HTTP; nothing of it is held in memory here either."""
    address = f"{place.url}/api/v1/datasets/raw.bench_sales/arrivals"
    headers = {"Authorization": place.token, "Content-Type": "text/csv"}
    with path.open("rb") as body:
        answer = requests.post(address, params={"name": path.name}, data=body, headers=headers, timeout=600)
    answer.raise_for_status()
    arrival: dict[str, Any] = answer.json()
    return arrival


def _finished(place: Place, arrival: dict[str, Any]) -> dict[str, Any]:
    def run() -> dict[str, Any] | None:
        pk = place.client.get(f"/arrivals/{arrival['id']}")["run"]
        found = place.client.get(f"/runs/{pk}") if pk else None
        return found if found and found["finished_at"] else None

    # Asking is work for the same two cores: the moments are the server's own, so seldom is often enough.
    found: dict[str, Any] = until(run, "the run to end", patience=PATIENCE_SECONDS, pause=0.5)
    return found


def _peak(process: psutil.Process) -> int:
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) * 1024


def _seconds(step: dict[str, Any]) -> float:
    return _moment(step["finished_at"]) - _moment(step["started_at"])


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    main()
