"""Cancelling a run, after which the next one of its pipeline may start."""

from django.db import transaction

from pipelines_app.models import Run, RunState
from pipelines_app.runs import lifecycle, planning


@transaction.atomic
def cancel(run: Run, *, actor: str, because: str) -> None:
    """Stop a run for good and start the next; raises IllegalMove if it is over, LostRace if it just moved."""
    if run.state == RunState.QUEUED:
        planning.hold(run.pipeline)  # before a run that waits, and after one that runs: see there
    lifecycle.cancel(run, actor=actor, because=because)
    planning.start_next(run.pipeline)
