"""The sweep with many open slots and many waiting, and nothing due."""

import argparse
import json
import os
import subprocess

from bench.figures import Figure, Report, Target, say
from bench.sites import ROOT, Place
from scripts.production import BIN, Production

SLOTS, WAITING = 10_000, 1_000


def measure(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
    say(f"the sweep with {SLOTS:,} open slots and {WAITING:,} waiting periods")
    command = [str(BIN / "python"), "-m", "bench.standing_still", str(SLOTS), str(WAITING)]
    environment = os.environ | production.environment("worker")
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    report.add(
        Figure(name="the sweep with nothing to do", value=told["ms"], unit="ms", target=Target(most=200)),
        Figure(name="its statements to the database", value=told["queries"], unit="", target=Target(most=11)),
    )
