"""Signed messages accepted a second, beside a bare Django view that checks an HMAC and inserts one row.

Both are served by gunicorn with the same command on the same PostgreSQL, and sent to over kept connections by a process
of its own, in turns: the bare view, the platform, and both again. The workers stand still: what accepted messages lead
to is not measured here.
"""

import argparse
import json
import subprocess
import time
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.figures import Figure, Report, Target, percentile, say
from bench.fill import stand_still
from bench.sites import ROOT, Place
from scripts.production import BIN, Production
from tests.servers.process import Guarded, free_port

SOURCES, SENDERS, SECONDS, TURNS = 8, 8, 8, 2
SHARE = 0.6
TABLE = "CREATE TABLE IF NOT EXISTS bench_message (id bigserial PRIMARY KEY, message text UNIQUE, body bytea)"
SOURCE = "raw.bench_hook{}"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What became of messages: how many were accepted a second, and how long each answer took, in milliseconds."""

    rate: float
    taken: list[float]


def measure(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
    hooks = [_hook(place, number) for number in range(SOURCES)]
    stand_still(production)
    port = free_port()
    web = _bare_web(production, port)
    try:
        ours = [{"url": hook["address"], "secret": hook["secret"]} for hook in hooks]
        theirs = [{"url": f"http://127.0.0.1:{port}/bare", "secret": ""}]
        rates: dict[str, list[float]] = {"ours": [], "theirs": []}
        for turn in range(TURNS):
            say(f"messages, turn {turn + 1}: the bare view, then the platform")
            rates["theirs"].append(_send(theirs, 0).rate)
            rates["ours"].append(_send(ours, 0).rate)
        best = {who: max(found) for who, found in rates.items()}
        say(f"messages at {best['ours'] / 2:.0f} a second")
        halves = {"theirs": _send(theirs, best["ours"] / 2), "ours": _send(ours, best["ours"] / 2)}
    finally:
        web.stop()
    report.add(
        Figure(
            name="webhooks accepted",
            value=best["ours"],
            unit="/s",
            limit=best["theirs"],
            target=Target(least=SHARE, times_limit=True),
        ),
        *(
            Figure(
                name=f"webhook to its answer at half of that, p{share}",
                value=percentile(halves["ours"].taken, share),
                unit="ms",
                limit=percentile(halves["theirs"].taken, share),
                target=Target(most=50) if share == 99 else None,
            )
            for share in (50, 99)
        ),
    )


def _hook(place: Place, number: int) -> dict[str, Any]:
    source = SOURCE.format(number)
    place.client.post(
        "/pipelines",
        {
            "pipeline": f"bench-hook{number}",
            "team": "ops-analytics",
            "sources": {
                source: {
                    "format": "jsonl",
                    "period": "day",
                    "mode": "append",
                    "columns": {"id": "BIGINT", "amount": "DOUBLE"},
                }
            },
            "steps": [{"dataset": f"mart.bench_hook{number}", "sql": f"SELECT sum(amount) AS amount FROM {source}"}],
        },
    )
    made: dict[str, Any] = place.client.post("/webhooks", {"dataset": source, "per_minute": 1_000_000})
    return made


def _bare_web(production: Production, port: int) -> Guarded:
    """The bare view behind the command that serves the platform."""
    with psycopg.connect(production.postgres.url, autocommit=True) as database:
        database.execute(TABLE)
    command = [part.replace("controlplane.wsgi", "bench.bare") for part in production.command("web")]
    environment = production.environment("web") | {"GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{port}"}
    web = Guarded(command, log=production.folder / "bare-web.log", environment=environment, grace=20)
    web.start()
    return web


def _send(targets: list[dict[str, str]], rate: float) -> Sent:
    """Messages from a few senders to the targets in turn, as fast as they are answered or at a rate."""
    first = time.monotonic_ns() // 1000  # no message is like one that was sent before
    asked = json.dumps({"targets": targets, "rate": rate, "senders": SENDERS, "seconds": SECONDS, "first": first})
    command = [str(BIN / "python"), "-m", "bench.sending"]
    done = subprocess.run(command, cwd=ROOT, input=asked, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout)
    return Sent(rate=told["accepted"] / told["seconds"], taken=told["taken"])
