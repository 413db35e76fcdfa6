"""Many events while workers are killed, a pipeline is paused and runs are capped: what was lost, what was doubled.

Suppliers send signed messages of one record each to an append-only source, over a hundred periods. Meanwhile the
workers are killed again and again, the pipeline is paused and resumed, and two runs at once are the most. In the end
the suppliers' own log of what was accepted is held against the records that readers see, and every event is asked
what became of it.
"""

import argparse
import itertools
import json
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import psycopg
import requests

from bench.figures import Figure, Report, Target, say
from bench.sites import Place
from pipelines_app.access import signatures
from scripts.production import Production

SENDERS, DAYS, KILLS, CAP = 4, 100, 5, 2
PIPELINE, SOURCE, MADE = "bench-storm", "raw.bench_storm", "mart.bench_storm"
FIRST_DAY = date(2000, 1, 1)
PATIENCE_SECONDS, SETTLED_SECONDS = 60, 1800
NONE = Target(most=1)
LEFT = """
    SELECT (SELECT count(*) FROM pipelines_app_run WHERE state IN ('queued', 'running'))
        + (SELECT count(*) FROM pipelines_app_delivery WHERE state = 'pending')
        + (SELECT count(*) FROM pipelines_app_arrival WHERE state = 'pending')
"""
RUNS = """
    SELECT count(*) FROM pipelines_app_run AS run JOIN pipelines_app_pipeline AS pipeline
    ON pipeline.id = run.pipeline_id WHERE name = %s
"""
UNTOLD = """
    SELECT count(*) FROM pipelines_app_event AS event WHERE kind = 'arrival.accepted' AND dataset = %s AND NOT EXISTS (
        SELECT 1 FROM pipelines_app_delivery AS delivery WHERE delivery.event_id = event.id AND consumer = 'readiness'
        AND disposition IN ('consumed', 'merged') AND delivery.run IS NOT NULL)
"""
AT_ONCE = """
    WITH mine AS (
        SELECT run.* FROM pipelines_app_run AS run JOIN pipelines_app_pipeline AS pipeline
        ON pipeline.id = run.pipeline_id WHERE name = %s AND started_at IS NOT NULL AND finished_at IS NOT NULL
    ), moves AS (SELECT started_at AS at, 1 AS step FROM mine UNION ALL SELECT finished_at, -1 FROM mine)
    SELECT coalesce(max(together), 0) FROM (SELECT sum(step) OVER (ORDER BY at, step) AS together FROM moves) AS sums
"""


@dataclass
class Supplier:
    """Sends one record after the other, each until it is accepted, and keeps what was."""

    hook: dict[str, str]
    numbers: Iterator[int]
    accepted: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Send until there are no more numbers."""
        with requests.Session() as session:
            for number in self.numbers:
                self._send(session, number)
                self.accepted.append(number)

    def _send(self, session: requests.Session, number: int) -> None:
        period = (FIRST_DAY + timedelta(days=number % DAYS)).isoformat()
        body, pk = json.dumps({"period": period, "records": [{"id": number}]}).encode(), uuid.uuid4().hex
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            signed = signatures.headers([self.hook["secret"]], message_id=pk, at=datetime.now(UTC), body=body)
            headers = {"Content-Type": "application/json", **signed}
            try:
                if session.post(self.hook["address"], data=body, headers=headers, timeout=PATIENCE_SECONDS).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.05)
        raise TimeoutError(f"Record {number} was not accepted in {PATIENCE_SECONDS} s.")


def measure(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
    hook = _prepared(place)
    with psycopg.connect(production.postgres.url, autocommit=True) as database:
        suppliers = [Supplier(hook, iter(range(number, asked.events, SENDERS))) for number in range(SENDERS)]
        threads = [threading.Thread(target=supplier.run) for supplier in suppliers]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        _break(production, place, lambda: sum(len(one.accepted) for one in suppliers), asked.events)
        for thread in threads:
            thread.join()
        sent = time.monotonic() - begun
        _settle(database)
        accepted = sorted(itertools.chain.from_iterable(one.accepted for one in suppliers))
        done, runs = time.monotonic() - begun, _number(database, RUNS, [PIPELINE])
        report.notes.append(
            f"{len(accepted):,} events accepted in {sent:.0f} s with {KILLS} kills of the workers and a pause; "
            f"all done after {done:.0f} s, in {runs:,} runs."
        )
        _tell(report, place, database, accepted)


def _prepared(place: Place) -> dict[str, str]:
    source = {"format": "jsonl", "period": "day", "mode": "append", "columns": {"id": "BIGINT"}}
    by_period, sql = {"kind": "incremental", "by": "period"}, f"SELECT id, count(*) AS times FROM {SOURCE} GROUP BY id"
    document = {
        "pipeline": PIPELINE,
        "team": "ops-analytics",
        "concurrency": CAP,
        "sources": {SOURCE: source},
        "steps": [{"dataset": MADE, "materialise": by_period, "sql": sql}],
    }
    place.client.post("/pipelines", document)
    hook: dict[str, str] = place.client.post("/webhooks", {"dataset": SOURCE, "per_minute": 1_000_000})
    return hook


def _break(production: Production, place: Place, accepted: Callable[[], int], events: int) -> None:
    """Kill the workers at moments of chance; pause after a fifth of the events, resume after half of them."""
    dice = random.Random(events)
    faults: list[tuple[int, Callable[[], object]]] = [
        (events // 5, lambda: place.client.post(f"/pipelines/{PIPELINE}/pause", {})),
        (events // 2, lambda: place.client.post(f"/pipelines/{PIPELINE}/resume", {})),
        *((dice.randrange(events), lambda: _kill(production)) for _ in range(KILLS)),
    ]
    for moment, fault in sorted(faults, key=lambda one: one[0]):
        while accepted() < moment:
            time.sleep(0.05)
        say(f"fault after {accepted():,} events")
        fault()


def _kill(production: Production) -> None:
    worker = production.parts["worker"]
    os.killpg(worker.pid, signal.SIGKILL)
    worker.stop()
    production.start_part("worker")


def _settle(database: psycopg.Connection) -> None:
    say("until all is done")
    end = time.monotonic() + SETTLED_SECONDS
    while _number(database, LEFT):
        if time.monotonic() > end:
            raise TimeoutError(f"{_number(database, LEFT)} runs, deliveries and arrivals are not done.")
        time.sleep(0.5)


def _tell(report: Report, place: Place, database: psycopg.Connection, accepted: list[int]) -> None:
    """Hold what was accepted against what readers see."""
    seen = {int(row["id"]): int(row["times"]) for row in _rows(place)}
    report.add(
        Figure(name="events accepted", value=len(accepted), unit=""),
        Figure(name="events lost", value=len(set(accepted) - seen.keys()), unit="", target=NONE),
        Figure(name="events doubled", value=sum(times > 1 for times in seen.values()), unit="", target=NONE),
        Figure(name="events out of nothing", value=len(seen.keys() - set(accepted)), unit="", target=NONE),
        Figure(name="runs at once", value=_number(database, AT_ONCE, [PIPELINE]), unit="", target=Target(most=CAP + 1)),
        Figure(name="events without a run", value=_number(database, UNTOLD, [SOURCE]), unit="", target=NONE),
    )


def _rows(place: Place) -> list[dict[str, object]]:
    answer = requests.get(
        f"{place.url}/api/v1/datasets/{MADE}/download",
        params={"format": "jsonl"},
        headers={"Authorization": place.token},
        timeout=PATIENCE_SECONDS,
    )
    answer.raise_for_status()
    return [json.loads(line) for line in answer.text.splitlines()]


def _number(database: psycopg.Connection, query: str, values: list[str] | None = None) -> int:
    found = database.execute(query, values).fetchone()
    assert found is not None
    return int(found[0])
