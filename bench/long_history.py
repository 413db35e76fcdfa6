"""Every list with a long history: `python -m bench.long_history times`, with the variables of a filled installation.

Each page is asked for in this process, through all middleware, as a person of a team and as an admin; its statements
are then asked again without anything around them. Prints one JSON object per page.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator

import django

django.setup()

from django.conf import settings  # noqa: E402 only now
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from controlplane import preparing  # noqa: E402
from pipelines_app.models import Arrival, Event, Run, Slot, User  # noqa: E402

WARM_UP = 2
PIPELINE, SOURCE, MADE = "bench-past7", "raw.bench_past7", "mart.bench_past7"


def main() -> None:
    settings.ALLOWED_HOSTS.append("testserver")
    times = int(sys.argv[1])
    only = sys.argv[2:]
    for who in (preparing.ROBOT, "admin"):
        client = Client()
        client.force_login(User.objects.get(username=who))
        for path in paths(is_member=who == preparing.ROBOT):
            if not only or path in only:
                print(json.dumps({"who": who, **_page(client, path, times)}), flush=True)


def paths(*, is_member: bool) -> Iterator[str]:
    """The lists with their filters, one of each thing, Today; for an admin those that everybody opens."""
    middle = Run.objects.order_by("-pk").values_list("pk", flat=True)[:1][0] // 2
    yield from ("/", "/runs/", "/events/", "/arrivals", "/arrivals?show=expected", "/expected", "/alerts/")
    yield from ("/datasets", "/pipelines/", "/health/", f"/pipelines/{PIPELINE}/")
    if not is_member:
        return
    yield from (f"/runs/?{ask}" for ask in ("state=failed", "state=wrong", "state=live", f"pipeline={PIPELINE}"))
    yield from (f"/runs/?{ask}" for ask in ("age=1", "age=30", "period=2013-01", f"before={middle}"))
    yield from (f"/runs/?pipeline={PIPELINE}&{ask}" for ask in ("state=failed", "period=2013-01"))
    yield from (f"/events/?{ask}" for ask in ("kind=run.failed", "kind=arrival.accepted", f"dataset={MADE}"))
    yield from (f"/events/?{ask}" for ask in (f"pipeline={PIPELINE}", f"run={middle}", f"before={middle * 8}"))
    yield from (f"/events/?disposition={kind}" for kind in ("consumed", "merged", "waiting", "ignored", "failed"))
    yield from (f"/events/?actor={actor}" for actor in ("user:nobody", f"token:{preparing.ROBOT}"))
    yield from (f"/arrivals?{ask}" for ask in (f"dataset={SOURCE}", "state=pending", "state=consumed"))
    yield from (f"/arrivals?show=expected&{ask}" for ask in ("state=late", f"dataset={SOURCE}"))
    yield from ("/expected?state=late", f"/expected?dataset={SOURCE}", "/alerts/?state=resolved", "/alerts/?state=all")
    yield from (f"/datasets/{MADE}?tab={tab}" for tab in ("overview", "versions", "checks", "lineage", "use"))
    yield from (f"/datasets/{SOURCE}", "/checks", "/lineage", "/backfills/", "/webhooks", "/upload", "/palette?q=past")
    yield from (f"/runs/{middle}/", f"/runs/{middle}/why/", *(f"/{name}" for name in _one_of_each()))
    yield from (f"/api/v1/{ask}" for ask in ("runs", "events", "slots", "alerts", "deliveries", "pipelines"))
    yield from (f"/api/v1/{ask}" for ask in ("runs?state=failed", "events?kind=run.failed", "slots?state=late"))
    yield from (f"/api/v1/pipelines/{PIPELINE}/waiting", f"/api/v1/datasets/{MADE}/versions")


def _one_of_each() -> Iterator[str]:
    yield f"events/{Event.objects.order_by('-pk')[0].pk}/"
    yield f"arrivals/{Arrival.objects.order_by('-pk')[0].pk}"
    yield f"expected/{Slot.objects.order_by('-pk')[0].pk}"


def _page(client: Client, path: str, times: int) -> dict[str, object]:
    with CaptureQueriesContext(connection) as asked:
        status = client.get(path).status_code
    statements = [each["sql"] for each in asked.captured_queries if each["sql"].startswith("SELECT")]
    one_by_one = sorted(((_seconds(lambda sql=sql: _ask([sql])), sql) for sql in statements), reverse=True)
    return {
        "path": path,
        "status": status,
        "queries": len(asked),
        "server": _taken(lambda: client.get(path), times),
        "bare": _taken(lambda: _ask(statements), times),
        "slowest": [one_by_one[0][0] * 1000, one_by_one[0][1]] if one_by_one else None,
    }


def _taken(work: Callable[[], object], times: int) -> list[float]:
    """Milliseconds, without the first."""
    return [_seconds(work) * 1000 for _ in range(times + WARM_UP)][WARM_UP:]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _ask(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            cursor.fetchall()


if __name__ == "__main__":
    main()
