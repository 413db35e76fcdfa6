"""One sweep of an installation with many open slots and nothing due: `python -m bench.standing_still slots queued`.

Prints its milliseconds (the median of nine) and its statements as JSON. The installation is the one that the
environment names; what is written for the measurement stays in it.
"""

import json
import sys
import time
from datetime import timedelta
from statistics import median

import django

django.setup()

from django.db import connection  # noqa: E402 only now
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from controlplane import sweep  # noqa: E402
from pipelines_app import events  # noqa: E402
from pipelines_app.environments import mapping  # noqa: E402
from pipelines_app.facts import RunRequested  # noqa: E402
from pipelines_app.models import Dataset, Pipeline, Run, Slot  # noqa: E402

TIMES = 9


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


def _fill(slots: int, queued: int) -> None:
    """Slots that fall due in a year, and runs that wait behind a pause."""
    event = events.record(RunRequested(pipeline="bench", period=""), actor="clock")
    later = timezone.now() + timedelta(days=365)
    dataset = Dataset.objects.filter(is_source=True).order_by("pk")[0]
    moments = {"expected_at": later, "due_at": later, "late_at": later, "missing_at": later, "next_at": later}
    rows = [Slot(dataset=dataset, period=f"x{number}", event=event, **moments) for number in range(slots)]
    Slot.objects.bulk_create(rows, batch_size=1000)
    pipeline = Pipeline.objects.exclude(current=None).order_by("pk")[0]
    Pipeline.objects.filter(pk=pipeline.pk).update(paused_at=timezone.now())
    waiting = [
        Run(
            pipeline=pipeline,
            revision_id=pipeline.revision_in_force,
            environment=mapping.production(),
            period=f"x{number}",
            cause=event,
        )
        for number in range(queued)
    ]
    Run.objects.bulk_create(waiting, batch_size=1000)


if __name__ == "__main__":
    main()
