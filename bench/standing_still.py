"""One sweep of an installation with many open slots and nothing due: `python -m bench.standing_still slots waiting`.

Prints its milliseconds (the median of nine) and its statements as JSON. The installation is the one that the
environment names; what is written for the measurement stays in it.
"""

import json
import sys
import time
from datetime import date, timedelta
from statistics import median

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 only now
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.sites import tiny  # noqa: E402
from controlplane import preparing, sweep  # noqa: E402
from pipelines_app import events  # noqa: E402
from pipelines_app.definitions import register  # noqa: E402
from pipelines_app.definitions.register import Author  # noqa: E402
from pipelines_app.facts import RunRequested  # noqa: E402
from pipelines_app.intake import waiting  # noqa: E402
from pipelines_app.models import Dataset, Pipeline, Slot, Waiting  # noqa: E402

TIMES = 9
FIRST_DAY = date(2100, 1, 1)
PATIENT = {
    "pipeline": "bench-patient",
    "team": preparing.TEAM,
    "start": {"when": "all", "at_latest": "23:00", "then": "skip", "timezone": "UTC"},
    "steps": [
        {
            "dataset": "mart.bench_patient",
            "materialise": {"kind": "incremental", "by": "period"},
            "sql": "SELECT a.orders + b.orders AS orders FROM mart.bench_wait0 AS a, mart.bench_wait1 AS b",
        }
    ],
}


def main() -> None:
    _fill(int(sys.argv[1]), int(sys.argv[2]))
    sweep.once()
    taken = []
    for _ in range(TIMES):
        with CaptureQueriesContext(connection) as asked:
            begun = time.monotonic()
            sweep.once()
            taken.append(time.monotonic() - begun)
    print(json.dumps({"ms": median(taken) * 1000, "queries": len(asked)}))


def _fill(slots: int, waiting_periods: int) -> None:
    """Slots that fall due in a year, and periods that wait for the second of two inputs until their latest moment."""
    event = events.record(RunRequested(pipeline="bench", period=""), actor="clock")
    later = timezone.now() + timedelta(days=365)
    dataset = Dataset.objects.filter(is_source=True).order_by("pk")[0]
    moments = {"expected_at": later, "due_at": later, "late_at": later, "missing_at": later, "next_at": later}
    rows = [Slot(dataset=dataset, period=f"x{number}", event=event, **moments) for number in range(slots)]
    Slot.objects.bulk_create(rows, batch_size=1000)
    author = Author(actor="platform", user=None, teams=frozenset({preparing.TEAM}))
    for document in (tiny("wait0"), tiny("wait1"), PATIENT):
        register.register(document, author=author)
    patient = Pipeline.objects.get(name=PATIENT["pipeline"])
    for number in range(waiting_periods):
        period = (FIRST_DAY + timedelta(days=number)).isoformat()
        with transaction.atomic():
            waiting.bring(patient, period, event)
    if Waiting.objects.open().count() < waiting_periods:
        raise RuntimeError("These periods do not wait.")


if __name__ == "__main__":
    main()
