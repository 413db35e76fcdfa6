"""Steps that have nothing to do, beside a bare Celery task that inserts one row and updates it twice.

A step that has nothing to do is one whose recipe and inputs are unchanged since it last ran: it is claimed under a
lease, what it reads is gathered and compared, its end and its events are recorded and handed on, and the steps after
it are made ready. Only the engine is left out, which is not what is measured here. Every such step is a real one: the
pipelines are registered and run once with the engine, and are then asked to run again.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from bench import bells
from bench.figures import MIB, Figure, Report, Target, percentile, say
from bench.sites import Place, family, settled
from scripts.production import Production

CHAINS = 10
SOURCE = "raw.bench_wide_in"
TIMES = 3  # each shape is run again so often; the best counts, as what disturbs a run only ever makes it slower
PATIENCE = 1800.0
Step = dict[str, Any]


def measure(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
    """Runs with nothing to do: one that is all breadth, one of chains; and what the workers' memory does meanwhile."""
    say("a bare Celery worker: one insert and two updates per task")
    limit = bells.celery_and_rows(production)
    _registered(place, wide := _wide(asked.wide))
    _registered(place, chains := _chains(asked.long))
    _again(place, wide)
    before = _memory(production)
    breadth = [_again(place, wide) for _ in range(TIMES)]
    depth = [_again(place, chains) for _ in range(TIMES)]
    report.add(
        *_rates(f"one run {asked.wide} wide", breadth, limit),
        *_rates(f"{CHAINS} chains of {asked.long}", depth, limit),
        Figure(
            name="step to next step in a chain, p50",
            value=min(percentile(sorted(_gaps(steps)), 50) for steps in depth) * 1000,
            unit="ms",
            target=Target(most=20),
        ),
        Figure(
            name=f"growth of the workers' memory over {sum(map(len, breadth + depth)):,} steps",
            value=_memory(production) - before,
            unit="MiB",
            target=Target(most=10),
        ),
    )


def _registered(place: Place, document: dict[str, Any]) -> None:
    """Register a pipeline and have everything made once, with the engine."""
    place.client.post("/pipelines", document)
    for source in document["sources"]:
        place.client.upload(source, "in.csv", b"id\n1\n2\n3\n", key=source)
    say(f"{document['pipeline']}: the first run, with the engine")
    settled(place, patience=PATIENCE)


def _again(place: Place, document: dict[str, Any]) -> list[Step]:
    """Run a pipeline again; gives the steps that had nothing to do."""
    say(f"{document['pipeline']}: again, with nothing to do")
    place.client.post(f"/pipelines/{document['pipeline']}/run", {})
    settled(place, patience=PATIENCE)
    newest = place.client.get("/runs", pipeline=document["pipeline"], limit=1)["results"][0]["id"]
    steps = [seen["step"] for seen in place.client.get(f"/runs/{newest}")["steps"]]
    return [step for step in steps if step["state"] == "reused"]


def _rates(name: str, runs: Sequence[Sequence[Step]], limit: float) -> Iterator[Figure]:
    best = max(len(steps) / _span(steps) for steps in runs)
    said = f"steps with nothing to do, {name}"
    yield Figure(name=said, value=best, unit="/s", target=Target(least=150))
    yield Figure(
        name=f"{said}, beside bare tasks",
        value=best,
        unit="/s",
        limit=limit,
        target=Target(least=0.4, times_limit=True),
    )


def _span(steps: Sequence[Step]) -> float:
    begun, ended = (sorted(_moment(step[name]) for step in steps) for name in ("started_at", "finished_at"))
    return (ended[-1] - begun[0]).total_seconds()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _memory(production: Production) -> float:
    """MiB that the workers' processes have for themselves, their engines' children left out."""
    head, *below = family(production.parts["worker"].pid)
    own = [head, *(process for process in below if "celery" in " ".join(process.cmdline()))]
    return float(sum(process.memory_full_info().uss for process in own)) / MIB


def _gaps(steps: Sequence[Step]) -> Iterator[float]:
    """Seconds from the end of each step of a chain to the start of the one that reads it."""
    chains: dict[str, list[Step]] = {}
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


def _chains(length: int) -> dict[str, Any]:
    source, steps = "raw.bench_chains_in", []
    for chain in range(CHAINS):
        above = source
        for link in range(length):
            made = f"mart.bench_chain{chain}_{link:03}"
            steps.append({"dataset": made, "sql": f"SELECT id + 1 AS id FROM {above}"})
            above = made
    return _pipeline("bench-chains", source, steps)


def _pipeline(name: str, source: str, steps: list[dict[str, str]]) -> dict[str, Any]:
    sources = {source: {"format": "csv", "mode": "replace", "columns": {"id": "BIGINT"}}}
    return {"pipeline": name, "team": "ops-analytics", "sources": sources, "steps": steps}
