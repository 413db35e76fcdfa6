"""The lists, Today and one of each thing with a long history, each beside its bare statements."""

import argparse
import json
import os
import subprocess

from bench import fill
from bench.figures import Figure, Report, Target, percentile, say
from bench.sites import ROOT, Place
from scripts.production import BIN, Production

TIMES = 20
MOST = Target(most=100)
OK = 200


def measure(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
    """Fill the installation, then ask for every page in a process of its own, without worker and beat beside it."""
    rows = fill.fill(production, place, asked.runs)
    report.notes.append(", ".join(f"{number:,} rows of {table}" for table, number in rows.items()))
    say("the pages")
    command = [str(BIN / "python"), "-m", "bench.long_history", str(TIMES)]
    environment = os.environ | production.environment("web")
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        _tell(report, json.loads(line))


def _tell(report: Report, page: dict[str, object]) -> None:
    server, bare = page["server"], page["bare"]
    assert isinstance(server, list)
    assert isinstance(bare, list)
    name = f"{page['path']} as {page['who']}"
    value, limit = percentile(server, 95), percentile(bare, 95)
    report.add(Figure(name=f"{name}, p95", value=value, unit="ms", limit=limit, target=MOST))
    if page["status"] != OK:
        report.notes.append(f"{name} answered {page['status']}.")
    if not MOST.is_met_by(value) and page["slowest"]:
        report.notes.append(f"{name}: {page['slowest']}")
