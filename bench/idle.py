"""Embedded mode with nothing to do, after the sample was played: processes, memory, share of a core.

Limits: memory, a process with nothing but this Django project loaded and one with an open DuckDB connection beside it.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from bench.figures import MIB, Figure, Report, Target, parser, say
from bench.sites import ROOT, Place, alone, family, play, settled

SETTLE_SECONDS = 90  # a surplus child is kept for thirty, freed memory goes back within sixty
LOOK_SECONDS = 5.0
BUSY_SHARE = 0.03  # of a core
MEMORY = Target(most=250)
CPU = Target(most=1.0)
ONE_AND_ITS_CHILD = Target(most=3)
BARE = (
    "import django; django.setup(); from controlplane.wsgi import application",
    "import duckdb; connection = duckdb.connect(':memory:')",
)
WAIT = "; print('there', flush=True); input()"


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What processes took together while they had nothing to do."""

    processes: int
    rss: float
    pss: float
    cpu: float


def main() -> None:
    asked = _arguments()
    report = Report(title=f"Embedded mode, idle for {asked.seconds:.0f} s")
    bare = _bare()
    with alone() as place:
        if asked.sample:
            say("playing the sample")
            play(place)
        report.add(*_figures("after the sample" if asked.sample else "fresh", _rest(place, asked), bare))
        report.notes += _each(place)
    report.show(as_json=asked.json)


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--seconds", type=float, default=60, help="how long to watch (60)")
    made.add_argument("--no-sample", dest="sample", action="store_false", help="do not play the sample first")
    return made.parse_args()


def _rest(place: Place, asked: argparse.Namespace) -> Rest:
    settled(place)
    at_rest(place)
    if asked.sample:
        say(f"letting it rest for {SETTLE_SECONDS} s")
        time.sleep(SETTLE_SECONDS)
    say(f"watching it for {asked.seconds:.0f} s")
    before, begun = cpu_seconds(place.web), time.monotonic()
    time.sleep(asked.seconds)
    spent = cpu_seconds(place.web) - before
    processes = family(place.web)
    return Rest(
        processes=len(processes),
        rss=sum(process.memory_info().rss for process in processes) / MIB,
        pss=_pss(processes),
        cpu=100 * spent / (time.monotonic() - begun),
    )


def at_rest(place: Place, *, patience: float = 600) -> None:
    """Wait until what follows the runs is done as well: versions are measured and judged after they are published."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        before = cpu_seconds(place.web)
        time.sleep(LOOK_SECONDS)
        if cpu_seconds(place.web) - before < BUSY_SHARE * LOOK_SECONDS:
            return
    raise TimeoutError(f"It was still at work after {patience:.0f} s.")


def cpu_seconds(pid: int) -> float:
    """What a process and its children have taken so far."""
    return sum(times.user + times.system for times in (process.cpu_times() for process in family(pid)))


def _pss(processes: Sequence[psutil.Process]) -> float:
    return sum(process.memory_full_info().pss for process in processes) / MIB


def _each(place: Place) -> list[str]:
    return [
        f"{' '.join(process.cmdline()[:4])[:70]}…: RSS {process.memory_info().rss / MIB:.0f} MiB, "
        f"PSS {_pss([process]):.0f} MiB, {process.num_threads()} threads"
        for process in family(place.web)
    ]


def _bare() -> Rest:
    """Processes that have loaded what ours must, and do nothing."""
    started = []
    for code in BARE:
        process = subprocess.Popen(
            [sys.executable, "-c", code + WAIT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
    seen = [psutil.Process(process.pid) for process in started]
    rest = Rest(processes=len(seen), rss=sum(one.memory_info().rss for one in seen) / MIB, pss=_pss(seen), cpu=0.0)
    for process in started:
        process.communicate(b"\n")
    return rest


def _figures(name: str, rest: Rest, bare: Rest) -> list[Figure]:
    return [
        Figure(
            name=f"{name}: processes", value=rest.processes, unit="", limit=bare.processes, target=ONE_AND_ITS_CHILD
        ),
        Figure(name=f"{name}: memory together (PSS)", value=rest.pss, unit="MiB", limit=bare.pss, target=MEMORY),
        Figure(name=f"{name}: memory together (RSS)", value=rest.rss, unit="MiB", limit=bare.rss, target=MEMORY),
        Figure(name=f"{name}: share of a core", value=rest.cpu, unit="%", target=CPU),
    ]


if __name__ == "__main__":
    main()
