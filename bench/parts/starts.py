"""From an accepted arrival to its run's first step, beside a bare Celery message through the same Redis."""

import argparse
import itertools
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from bench import bells
from bench.figures import Figure, Report, Target, percentile, say
from bench.sites import Place, settled, tiny
from scripts.production import Production

FIRST_DAY = date(2020, 1, 1)
WARM_UP = 10
NEAR = 25  # milliseconds beyond the bare message that the median may be


def measure(report: Report, production: Production, place: Place, asked: argparse.Namespace) -> None:
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
        yield (
            datetime.fromisoformat(first["started_at"]) - datetime.fromisoformat(arrival["received_at"])
        ).total_seconds()
