"""What became of events: what waited is consumed once its run starts, and ignored if its run never does."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Concat, Left

from pipelines_app.models import Delivery, Disposition, Event, Run, RunState, Waiting, WaitState

MOST = 500


def consumed(run: Run) -> None:
    """A run starts: what waited for it, and for nothing else, is consumed."""
    said = f"; run {run.pk} of {run.pipeline.name} started"
    _settle(_waiting_for(run), Disposition.CONSUMED, run, said)


def dropped(run: Run, *, because: str) -> None:
    """A run ends before it started: what waited for it, and for nothing else, comes to nothing."""
    said = f"; run {run.pk} of {run.pipeline.name} never started: {because}"
    _settle(_waiting_for(run), Disposition.IGNORED, run, said)


def _waiting_for(run: Run) -> "QuerySet[Delivery]":
    of_run = Run.causes.through.objects.filter(run=run.pk).values("event")
    return Delivery.objects.filter(event__in=of_run, disposition=Disposition.WAITING)


def skipped(wait: Waiting, *, because: str) -> None:
    """A period is left out: what was kept for it, and for nothing else, comes to nothing."""
    of_wait = Waiting.events.through.objects.filter(waiting=wait.pk).values("event")
    deliveries = Delivery.objects.filter(event__in=of_wait, disposition=Disposition.WAITING)
    _settle(deliveries, Disposition.IGNORED, None, f"; {wait.pipeline.name}: {because}")


def _settle(deliveries: "QuerySet[Delivery]", kind: Disposition, run: Run | None, said: str) -> None:
    """Write the end of those that wait for nothing more; the others are told, and wait on."""
    held = Waiting.events.through.objects.filter(event=OuterRef("event"), waiting__state=WaitState.WAITING)
    queued = Run.causes.through.objects.filter(event=OuterRef("event"), run__state=RunState.QUEUED)
    free = deliveries.exclude(Exists(held)).exclude(Exists(queued))
    free.update(
        disposition=kind,
        run=run.pk if run is not None else None,
        outcome=Left(Concat("outcome", Value(said)), MOST),
    )


def carry_over(wait: Waiting, run: Run) -> None:
    """What was kept for a period becomes causes of the run that takes it."""
    kept = Waiting.events.through.objects.filter(waiting=wait.pk).values_list("event", flat=True)
    _add_causes(run, kept)
    if run.state != RunState.QUEUED:
        consumed(run)


def _add_causes(run: Run, events: Iterable[int]) -> None:
    link = Run.causes.through
    link.objects.bulk_create([link(run_id=run.pk, event_id=pk) for pk in events], ignore_conflicts=True)


def note(event: Event, consumer: str, *, kind: Disposition, said: str, run: int | None = None) -> None:
    """Write down at once what became of an event that needs no hand-over."""
    Delivery.objects.create(
        event=event, consumer=consumer, state="done", attempts=1, disposition=kind, outcome=said[:MOST], run=run
    )
