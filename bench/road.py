"""From an accepted arrival to the start of its run's first step, and to its published dataset.

Files arrive over HTTP at a steady rate, in embedded mode and with PostgreSQL, Redis and Celery; afterwards the
platform's own records are read. Limits: embedded, one SQLite transaction and the wake of a thread; production, a bare
Celery message through the same Redis to the start of its task in a worker with the same options.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bench import bells
from bench.figures import Figure, Report, Target, parser, percentile, say
from bench.sites import Place, alone, settled, tiny, together
from tests.servers.process import MissingServer

RATES = (1.0, 5.0)
FIRST_DAY = date(2020, 1, 1)
TARGETS = {50: Target(most=50), 95: Target(most=200)}
SHARES = (50, 95, 99)
WARM_UP = 5


@dataclass(frozen=True, kw_only=True)
class Roads:
    """Seconds of each arrival that came through: to its first step, of them behind the run before, to the last step."""

    to_start: list[float]
    behind: list[float]
    to_published: list[float]
    lost: list[int]


def main() -> None:
    asked = _arguments()
    report = Report(title="Accepted arrival to first step, and to published dataset (a tiny pipeline of two steps)")
    if "embedded" in asked.modes:
        _embedded(report, asked)
    if "production" in asked.modes:
        try:
            _production(report, asked)
        except MissingServer as missing:
            report.notes.append(f"Production was not measured: {missing}")
    report.show(as_json=asked.json)


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--arrivals", type=int, default=150, help="how many at each rate (150)")
    made.add_argument("--pipelines", type=int, default=1, help="over how many pipelines they are spread (1)")
    made.add_argument("--rates", type=float, nargs="+", default=RATES, help="arrivals a second (1 5)")
    made.add_argument("--modes", nargs="+", choices=["embedded", "production"], default=["embedded", "production"])
    return made.parse_args()


def _embedded(report: Report, asked: argparse.Namespace) -> None:
    limit = bells.sqlite_and_queue()
    with alone() as place:
        _measure(report, place, "embedded", limit, asked)


def _production(report: Report, asked: argparse.Namespace) -> None:
    with together() as (production, place):
        limit = bells.celery_and_redis(production)
        _measure(report, place, "production", limit, asked)


def _measure(report: Report, place: Place, mode: str, limit: list[float], asked: argparse.Namespace) -> None:
    for number in range(asked.pipelines):
        place.client.post("/pipelines", tiny(f"road{number}"))
    days = (FIRST_DAY + timedelta(days=number) for number in itertools.count())
    to = Sender(place=place, days=days, pipelines=asked.pipelines)
    to.send(count=WARM_UP, rate=1.0)
    for rate in asked.rates:
        settled(place)
        say(f"{mode}: {asked.arrivals} arrivals at {rate:g} a second")
        sent, behind = to.send(count=asked.arrivals, rate=rate)
        settled(place)
        roads = _roads(place, sent)
        report.add(*_figures(f"{mode}, {rate:g}/s", roads, limit))
        if roads.lost:
            report.notes.append(f"{mode}, {rate:g}/s: {len(roads.lost)} of {len(sent)} arrivals were not published.")
        if behind > 1 / rate:
            report.notes.append(f"{mode}, {rate:g}/s: the sender fell {behind:.1f} s behind its rate.")


@dataclass(kw_only=True)
class Sender:
    """Sends small files, each for a day of its own, to the pipelines in turn."""

    place: Place
    days: Iterator[date]
    pipelines: int

    def send(self, *, count: int, rate: float) -> tuple[list[int], float]:
        """Send at a steady rate; gives the arrivals' ids, and how late the sender was at worst."""
        sent, behind, begun = [], 0.0, time.monotonic()
        for number, day in enumerate(itertools.islice(self.days, count)):
            ahead = begun + number / rate - time.monotonic()
            behind = max(behind, -ahead)
            time.sleep(max(ahead, 0.0))
            sent.append(self._one(f"road{number % self.pipelines}", day, number))
        return sent, behind

    def _one(self, pipeline: str, day: date, number: int) -> int:
        rows = "".join(f"{one},{one * number / 7:.2f}\n" for one in range(100))
        name = f"{pipeline}_{day.isoformat()}.csv"
        arrival = self.place.client.upload(f"raw.bench_{pipeline}", name, f"id,amount\n{rows}".encode(), key=name)
        return int(arrival["id"])


def _roads(place: Place, sent: list[int]) -> Roads:
    roads = Roads(to_start=[], behind=[], to_published=[], lost=[])
    for pk in sent:
        arrival = place.client.get(f"/arrivals/{pk}")
        if arrival["state"] != "consumed":
            roads.lost.append(pk)
            continue
        run = place.client.get(f"/runs/{arrival['run']}")
        steps = [seen["step"] for seen in run["steps"]]
        accepted = datetime.fromisoformat(arrival["received_at"])
        roads.to_start.append((_moment(steps[0], "started_at") - accepted).total_seconds())
        roads.behind.append((_moment(run, "started_at") - _moment(run, "created_at")).total_seconds())
        roads.to_published.append((_moment(steps[-1], "finished_at") - accepted).total_seconds())
    return roads


def _moment(row: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(row[name])


def _figures(name: str, roads: Roads, limit: list[float]) -> Iterator[Figure]:
    if not roads.to_start:
        return
    for share in SHARES:
        yield Figure(
            name=f"{name}: accepted to first step, p{share}",
            value=percentile(roads.to_start, share) * 1000,
            unit="ms",
            limit=percentile(limit, share) * 1000,
            target=TARGETS.get(share),
        )
    for said, values in {
        "of it behind the run before": roads.behind,
        "accepted to published": roads.to_published,
    }.items():
        for share in SHARES[:2]:
            yield Figure(name=f"{name}: {said}, p{share}", value=percentile(values, share) * 1000, unit="ms")


if __name__ == "__main__":
    main()
