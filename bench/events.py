"""From an accepted arrival to its run's first step, steps that have nothing to do, and the sweep with nothing to do.

With PostgreSQL, Redis and Celery, each figure beside its limit in the same run: a bare Celery message through the same
Redis; a bare Celery task that inserts one row and updates it twice.

A step that has nothing to do is one whose recipe and inputs are unchanged since it last ran: it is claimed under a
lease, what it reads is gathered and compared, its end and its events are recorded and handed on, and the steps after
it are made ready. Only the engine is left out, which is not what is measured here. Every such step is a real one: the
pipelines are registered and run once with the engine, and are then asked to run again.
"""

import argparse
import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from bench import bells
from bench.figures import Figure, Report, Target, parser, percentile, say
from bench.sites import ROOT, Place, settled, tiny, together
from scripts.production import BIN, Production

RATES = (1.0, 20.0)
FIRST_DAY = date(2020, 1, 1)
WARM_UP = 10
NEAR = 25  # milliseconds beyond the bare message that the median may be
PARTS = ("start", "steps", "sweep")
CHAINS, LENGTH = 10, 40
SOURCE = "raw.bench_wide_in"
SLOTS, WAITING = 10_000, 1_000


def main() -> None:
    asked = _arguments()
    report = Report(title="Events: from an arrival to the first step, steps with nothing to do, the sweep")
    with together() as (production, place):
        if "start" in asked.parts:
            _starts(report, production, place, asked)
        if "steps" in asked.parts:
            _steps(report, production, place, asked)
        if "sweep" in asked.parts:
            _sweep(report, production)
    report.show(as_json=asked.json)


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (all)")
    made.add_argument("--messages", type=int, default=200, help="how many arrivals at each rate (200)")
    made.add_argument("--rates", type=float, nargs="+", default=RATES, help="arrivals a second (1 20)")
    made.add_argument("--wide", type=int, default=490, help="steps of the run that is all breadth (490)")
    return made.parse_args()


def _starts(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
    """Files at a steady rate, each for a day of its own, to pipelines of one load and one query in turn."""
    limit = bells.celery_and_redis(production)
    for number in range(8):
        place.client.post("/pipelines", tiny(f"road{number}"))
    days = (FIRST_DAY + timedelta(days=number) for number in itertools.count())
    for rate in (None, *asked.rates):
        count, pace = (WARM_UP, 1.0) if rate is None else (asked.messages, rate)
        settled(place)
        if rate is not None:
            say(f"{count} arrivals at {rate:g} a second, over 8 pipelines")
        sent = _sent(place, days, count, pace)
        settled(place)
        if rate is None:
            continue
        taken = list(_to_first_step(place, sent))
        for share in (50, 95, 99):
            yardstick = percentile(limit, share) * 1000
            most = {50: yardstick + NEAR, 99: 200.0}.get(share)
            report.add(
                Figure(
                    name=f"accepted to first step at {rate:g}/s, p{share}",
                    value=percentile(taken, share) * 1000,
                    unit="ms",
                    limit=yardstick,
                    target=Target(most=most) if most else None,
                )
            )


def _sent(place: Place, days: Iterator[date], count: int, rate: float) -> list[int]:
    sent, begun = [], time.monotonic()
    for number, day in enumerate(itertools.islice(days, count)):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        name = f"road{number % 8}"
        body = "id,amount\n" + "".join(f"{one},{one * number / 7:.2f}\n" for one in range(20))
        file = f"{name}_{day.isoformat()}.csv"
        sent.append(int(place.client.upload(f"raw.bench_{name}", file, body.encode(), key=file)["id"]))
    return sent


def _to_first_step(place: Place, sent: list[int]) -> Iterator[float]:
    for pk in sent:
        arrival = place.client.get(f"/arrivals/{pk}")
        first = place.client.get(f"/runs/{arrival['run']}")["steps"][0]["step"]
        yield (_moment(first["started_at"]) - _moment(arrival["received_at"])).total_seconds()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _steps(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
    say("a bare Celery worker: one insert and two updates per task")
    limit = bells.celery_and_rows(production)
    shapes = {f"one run {asked.wide} wide": _wide(asked.wide), f"{CHAINS} chains of {LENGTH}": _chains()}
    for name, document in shapes.items():
        pipeline = str(document["pipeline"])
        place.client.post("/pipelines", document)
        for source in document["sources"]:
            place.client.upload(source, "in.csv", b"id\n1\n2\n3\n", key=source)
        say(f"{name}: the first run, with the engine")
        settled(place, patience=1800)
        place.client.post(f"/pipelines/{pipeline}/runs", {})
        settled(place, patience=1800)
        steps = _last_run(place, pipeline)
        reused = [step for step in steps if step["state"] == "reused"]
        span = max(_moment(step["finished_at"]) for step in reused) - min(
            _moment(step["started_at"]) for step in reused
        )
        report.add(
            Figure(
                name=f"steps with nothing to do, {name}",
                value=len(reused) / span.total_seconds(),
                unit="/s",
                limit=limit,
            )
        )
        if name.endswith(f"of {LENGTH}"):
            gaps = sorted(_gaps(reused))
            report.add(
                Figure(
                    name="step to next step in a chain, p50",
                    value=percentile(gaps, 50) * 1000,
                    unit="ms",
                    target=Target(most=20),
                )
            )


def _last_run(place: Place, pipeline: str) -> list[dict[str, Any]]:
    newest = place.client.get("/runs", pipeline=pipeline, limit=1)["results"][0]["id"]
    return [seen["step"] for seen in place.client.get(f"/runs/{newest}")["steps"]]


def _gaps(steps: list[dict[str, Any]]) -> Iterator[float]:
    """Seconds from the end of each step of a chain to the start of the one that reads it."""
    chains: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        chains.setdefault(step["dataset"].rpartition("_")[0], []).append(step)
    for chain in chains.values():
        ordered = sorted(chain, key=lambda step: step["dataset"])
        for before, after in itertools.pairwise(ordered):
            yield (_moment(after["started_at"]) - _moment(before["finished_at"])).total_seconds()


def _wide(count: int) -> dict[str, Any]:
    steps = [
        {"dataset": f"mart.bench_wide_{number:03}", "sql": f"SELECT id + {number} AS id FROM {SOURCE}"}
        for number in range(count)
    ]
    return _pipeline("bench-wide", SOURCE, steps)


def _chains() -> dict[str, Any]:
    source, steps = "raw.bench_chains_in", []
    for chain in range(CHAINS):
        above = source
        for link in range(LENGTH):
            made = f"mart.bench_chain{chain}_{link:03}"
            steps.append({"dataset": made, "sql": f"SELECT id + 1 AS id FROM {above}"})
            above = made
    return _pipeline("bench-chains", source, steps)


def _pipeline(name: str, source: str, steps: list[dict[str, str]]) -> dict[str, Any]:
    sources = {source: {"format": "csv", "mode": "replace", "columns": {"id": "BIGINT"}}}
    return {"pipeline": name, "team": "ops-analytics", "sources": sources, "steps": steps}


def _sweep(report: Report, production: Production) -> None:
    say(f"the sweep with {SLOTS:,} open slots and {WAITING:,} queued runs")
    command = [str(BIN / "python"), "-m", "bench.standing_still", str(SLOTS), str(WAITING)]
    environment = os.environ | production.environment("worker")
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    report.add(
        Figure(name="the sweep with nothing to do", value=told["ms"], unit="ms", target=Target(most=200)),
        Figure(name="its statements to the database", value=told["queries"], unit="", target=Target(most=11)),
    )


if __name__ == "__main__":
    main()
