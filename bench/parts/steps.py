"""Steps that have nothing to do, beside a bare Celery task that inserts one row and updates it twice.

A step that has nothing to do is one whose recipe and inputs are unchanged since it last ran: it is claimed under a
lease, what it reads is gathered and compared, its end and its events are recorded and handed on, and the steps after
it are made ready. Only the engine is left out, which is not what is measured here. Every such step is a real one: the
pipelines are registered and run once with the engine, and are then asked to run again.
"""

import argparse
import itertools
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bench import bells
from bench.figures import Figure, Report, Target, percentile, say
from bench.sites import Place, settled
from scripts.production import Production

CHAINS, LENGTH = 10, 40
SOURCE = "raw.bench_wide_in"


def measure(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
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


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


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
