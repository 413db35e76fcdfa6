"""Installations to be killed: the real commands in processes of their own, looked at from outside."""

import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests

from controlplane.sample.client import Keys, until
from controlplane.sample.installation import environment, manage
from scripts.production import ROOT, Production
from tests.killing.supplier import Supplier
from tests.road import SCRIPT
from tests.servers.process import Guarded, free_port

LEASE_SECONDS = 3.0
SWEEP_SECONDS = 0.5
STOP_SECONDS = 1.0
QUICK = {
    "LOOPLINE_LEASE_SECONDS": str(LEASE_SECONDS),
    "LOOPLINE_SWEEP_SECONDS": str(SWEEP_SECONDS),
    "LOOPLINE_STOP_SECONDS": str(STOP_SECONDS),
}
SEEDS = [int(seed) for seed in os.environ.get("LOOPLINE_SEEDS", "").split()]
STARTED_SECONDS = 30

PUBLISHED = "SELECT count(*) FROM pipelines_app_datasetversion WHERE state = 'published'"
OF_THE_WATCH = r"(profile\.measured|(anomaly|expectations|alert)\.\w+)"
JUST_SAID = re.compile(OF_THE_WATCH + r" #\d+ to \w+: pending after 0 attempts: ?")
TRIES = 5
SETTLES_SECONDS = 30
LIVE = "SELECT count(*) FROM pipelines_app_run WHERE state IN ('queued', 'running')"
WAITING = "SELECT count(*) FROM pipelines_app_delivery WHERE state = 'pending'"
PULSE = "SELECT count(*) FROM pipelines_app_pulse WHERE name LIKE 'worker:%:{pid}'"
MEALS = "SELECT period FROM pipelines_app_datasetversion WHERE state = 'published' AND period LIKE '{month}-%'"
GRINDING = """
SELECT count(*) FROM pipelines_app_steprun AS step JOIN pipelines_app_dataset AS dataset ON dataset.id = step.dataset_id
WHERE step.state = 'running' AND dataset.name = 'mart.mill_meal'
"""

MILL = """
pipeline: mill
team: ops-analytics
sources:
  raw.mill_grist: {format: csv, period: day, from: "grist_{period}.csv", columns: {n: INTEGER}}
steps:
  - dataset: mart.mill_meal
    materialise: {kind: incremental, by: period}
    sql: |
      SELECT x.n % 2 AS half, count(*) AS n
      FROM raw.mill_grist AS x CROSS JOIN raw.mill_grist AS y CROSS JOIN raw.mill_grist AS z
      WHERE (x.n * y.n + z.n) % 7 = 1
      GROUP BY half
"""


def grist(rows: int) -> bytes:
    """A file over which the mill works for a time that grows with the cube of its rows."""
    return b"n\n" + b"".join(b"%d\n" % number for number in range(rows))


def mill(supplier: Supplier, day: str, rows: int) -> int:
    """Send the mill something to grind, and say as which arrival."""
    return supplier.send("raw.mill_grist", f"grist_{day}.csv", grist(rows))


def meals_from(first: str, number: int) -> list[tuple[str, str, bytes]]:
    """Files of so many days for the mill; each makes two versions."""
    days = [(date.fromisoformat(first) + timedelta(days=ahead)).isoformat() for ahead in range(number)]
    return [("raw.mill_grist", f"grist_{day}.csv", grist(20)) for day in days]


def flights(days: list[str]) -> list[tuple[str, str, bytes]]:
    """Days of the sample as files to send; each makes four versions."""
    assert days, "the sample has no such days"
    return [("raw.flights", f"flights_{day}.csv", SCRIPT.flights(day)) for day in days]


def chance(seed: int) -> random.Random:
    """Randomness that a failing test can be given again: LOOPLINE_SEEDS="7 8" runs these seeds."""
    sys.stdout.write(f"seed {seed}\n")
    return random.Random(seed)


def busy_engine(pid: int) -> psutil.Process | None:
    """The engine's process below another that works on a step: it takes time while the others wait."""
    with contextlib.suppress(psutil.NoSuchProcess):
        below = set(psutil.Process(pid).children(recursive=True))
        measure = {one for profiler in profilers(pid) for one in (profiler, *profiler.children(recursive=True))}
        engines = {one: used(one) for one in below - measure if "sandbox" in " ".join(one.cmdline())}
        time.sleep(0.25)
        grown = {one: used(one) - before for one, before in engines.items()}
        busiest = max(grown, key=lambda one: grown[one], default=None)
        return busiest if busiest and grown[busiest] > 0.02 else None
    return None


def profilers(pid: int) -> list[psutil.Process]:
    """The living processes below another that measure and judge: one at most, and one that was killed just now."""
    below = psutil.Process(pid).children()
    return [one for one in below if one.status() != psutil.STATUS_ZOMBIE and "profiler" in " ".join(one.cmdline())]


def used(process: psutil.Process) -> float:
    """The seconds of a processor that a process has used."""
    return process.cpu_times().user + process.cpu_times().system


def _is_on_its_way(told: str) -> bool:
    """Whether nothing is violated but that the watch said something a moment ago that was not yet heard.

    Versions are measured and judged after their runs, one after the other: while that goes on there is such a moment
    again and again. What is lost stays as it is, and is told of in the end.
    """
    *violations, _ = told.splitlines() or [""]
    return bool(violations) and all(JUST_SAID.fullmatch(one) for one in violations)


class Installation:
    """What both modes have in common, seen from outside: an address, an environment, a database, a verdict."""

    url: str
    keys: Keys

    def variables(self) -> dict[str, str]:
        raise NotImplementedError

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def count(self, sql: str) -> int:
        """The one number that a query gives."""
        return int(self.rows(sql)[0][0])

    def prepare(self) -> None:
        """Make the database, the sample and its keys, as a person would."""
        patient = self.variables() | {"LOOPLINE_LEASE_SECONDS": "60"}  # it is long in one transaction, and no worker
        done = subprocess.run(
            manage("prepare", "--json"), env=patient, capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stderr[-3000:]
        self.keys = Keys(**json.loads(done.stdout.splitlines()[-1])["keys"])

    def register(self, yaml: str) -> None:
        """Register a pipeline through the API."""
        headers = {"Authorization": f"Bearer {self.keys.token}", "Content-Type": "application/yaml"}
        requests.post(f"{self.url}/api/v1/pipelines", data=yaml, headers=headers, timeout=30).raise_for_status()

    def supplier(self) -> Supplier:
        """Somebody who sends files."""
        return Supplier(self.url, self.keys)

    def ready(self) -> requests.Response:
        """What /readyz says."""
        return requests.get(f"{self.url}/readyz", timeout=10)

    def answers(self) -> bool:
        """Whether it is ready."""
        try:
            return self.ready().ok
        except requests.RequestException:
            return False

    def quiet(self) -> bool:
        """Whether nothing is left to do."""
        return self.count(LIVE) == 0 and self.count(WAITING) == 0

    def settle(self, seconds: float) -> None:
        """Wait until nothing is left to do."""
        until(self.quiet, "everything to be done", patience=seconds)

    def judge(self, supplier: Supplier, folder: Path) -> None:
        """Fail with every invariant that does not hold."""
        log = supplier.write(folder / "answers.json")
        command = [sys.executable, "-m", "tests.invariants", str(log)]
        for _ in range(TRIES):
            judged = subprocess.run(
                command, env=self.variables(), capture_output=True, text=True, check=False, cwd=ROOT
            )
            if not _is_on_its_way(judged.stdout):
                break
            self.settle(SETTLES_SECONDS)
        assert judged.returncode == 0, judged.stdout + judged.stderr[-3000:]
        assert judged.stdout.startswith("0 violations"), judged.stdout


@dataclass
class Embedded(Installation):
    """`manage.py serve` in a folder of its own, on a port that it keeps over its deaths."""

    home: Path
    port: int = field(default_factory=free_port)
    server: Guarded | None = None

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"

    def variables(self) -> dict[str, str]:
        return environment(str(self.home), QUICK)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        database = self.home / "loopline.sqlite3"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection:
            return connection.execute(sql).fetchall()

    def start(self) -> None:
        """Serve, and return when it is ready."""
        command = manage("serve", "--port", str(self.port))
        self.server = Guarded(command, log=self.home / "serve.log", environment=self.variables(), grace=40)
        self.server.start()
        self.server.wait_until(self.answers, STARTED_SECONDS)

    def kill(self) -> None:
        """Pull the plug, and see that nothing of it lives on."""
        assert self.server is not None
        children = psutil.Process(self.server.pid).children(recursive=True)
        self.server.kill()
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive, f"{alive} outlived the server"

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.server is not None
        return self.server.stop()

    def log(self) -> str:
        return (self.home / "serve.log").read_text(errors="replace")


@contextmanager
def embedded(folder: Path) -> Iterator[Embedded]:
    """An embedded installation that is ready; stopped at the end if it still runs."""
    site = Embedded(folder)
    site.prepare()
    site.start()
    try:
        yield site
    finally:
        site.stop()


@dataclass
class Live(Installation):
    """What compose.yaml starts, as processes of this machine."""

    production: Production
    keys: Keys = field(default_factory=lambda: Keys(token="", webhook="", secret=""))
    seconds: list[Guarded] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.url = self.production.url

    def variables(self) -> dict[str, str]:
        return self.production.environment("worker")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.production.postgres.url, autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def kill_group(self, name: str) -> None:
        """SIGKILL to a whole part: its master and every process it started."""
        part = self.production.parts[name]
        os.killpg(part.pid, signal.SIGKILL)
        part.stop()

    def signal_group(self, name: str, number: signal.Signals) -> None:
        """A signal to a whole part."""
        os.killpg(self.production.parts[name].pid, number)

    def second_worker(self, **changed: str) -> Guarded:
        """One more worker beside the first, in an environment that may differ."""
        command = [*self.production.command("worker"), "--hostname", "second@%h"]
        environment = self.variables() | changed
        second = Guarded(command, log=self.production.folder / "second.log", environment=environment, grace=60)
        second.start()
        self.seconds.append(second)
        return second

    def mend(self) -> None:
        """Put back what a test that failed left stopped, dead or beside it, so that the next one fails for itself."""
        for second in self.seconds:
            if second.lives():
                second.kill()
        self.seconds.clear()
        for name, part in self.production.parts.items():
            if part.lives():
                self.signal_group(name, signal.SIGCONT)
            else:
                self.production.start_part(name)

    def arm(self, place: str, deed: str = "kill") -> Path:
        """Have the first process that comes to a place do something to itself; gives the file that is gone then."""
        armed = self.places / f"{place}.{len(list(self.places.iterdir()))}"
        armed.with_name(f".{armed.name}").write_text(deed)
        return armed.with_name(f".{armed.name}").rename(armed)

    @property
    def places(self) -> Path:
        return self.production.folder / "places"

    def stopped(self, name: str) -> list[psutil.Process]:
        """The processes of a part that stand still."""
        master = psutil.Process(self.production.parts[name].pid)
        return [one for one in master.children(recursive=True) if one.status() == psutil.STATUS_STOPPED]

    def restart(self, name: str, **changed: str) -> None:
        """Stop a part in order, and start it with other variables; they are as they were at the next start."""
        assert self.production.parts[name].stop() == 0
        self.start(name, **changed)

    def start(self, name: str, **changed: str) -> None:
        """Start a part with other variables, and return when it is there."""
        before = dict(self.production.extra)
        self.production.extra |= changed
        self.production.start_part(name)
        self.production.extra = before
        sign = PULSE.format(pid=self.production.parts[name].pid)
        until(self.answers if name == "web" else lambda: self.count(sign), f"{name} to be there", patience=60)

    def post(self, path: str) -> requests.Response:
        """A command of the API."""
        headers = {"Authorization": f"Bearer {self.keys.token}"}
        return requests.post(f"{self.url}/api/v1{path}", json={}, headers=headers, timeout=30)

    def meals(self, month: str) -> set[str]:
        """The days of a month that the mill is done with."""
        rows = [period for (period,) in self.rows(MEALS.format(month=month))]
        return {period for period in rows if rows.count(period) == 2}

    def log(self, name: str) -> str:
        return (self.production.folder / f"{name}.log").read_text(errors="replace")


@contextmanager
def live(folder: Path) -> Iterator[Live]:
    """A production that is ready, with the sample prepared and the mill registered."""
    production = Production(folder, durable=False, extra=QUICK | {"LOOPLINE_FAILPOINTS": str(folder / "places")})
    site = Live(production)
    site.places.mkdir(exist_ok=True)
    try:
        production.start()
        site.prepare()
        site.register(MILL)
        yield site
    finally:
        for name in production.parts:
            if production.parts[name].lives():
                site.signal_group(name, signal.SIGCONT)
        codes = production.stop()
    assert not any(codes.values()), f"not every part stopped cleanly: {codes}"
