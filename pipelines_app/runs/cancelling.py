"""Cancelling a run, after which the next one of its pipeline may start."""

from django.db import transaction

from pipelines_app.models import Run
from pipelines_app.runs import lifecycle, planning


@transaction.atomic
def cancel(run: Run, *, actor: str, because: str) -> None:
    """Stop a run for good and start the next; raises IllegalMove if it is over, LostRace if it just moved."""
    list(run.steps.select_for_update().order_by("pk"))  # a worker holds its own step before it holds the pipeline
    planning.hold(run.pipeline)
    lifecycle.cancel(run, actor=actor, because=because)
    planning.start_next(run.pipeline)
