"""What became of events: what waited is consumed once its run starts, and ignored if its run never does."""

from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Concat, Left

from pipelines_app.models import Delivery, Disposition, Event, Run, RunState, Waiting, WaitState
from pipelines_app.prepared import Change, Given

MOST = 500


def consumed(run: Run) -> None:
    """A run starts: what waited for it, and for nothing else, is consumed."""
    said = f"; run {run.pk} of {run.pipeline.name} started"
    _of_run.make(of=run.pk, kind=Disposition.CONSUMED, run=run.pk, said=said)


def handed_on(waiting: Run, head: Run) -> None:
    """What waited for one run, or was merged into it, was taken by another that went before it."""
    consumed(head)
    causes = Run.causes.through.objects.filter(run=head.pk).values("event")
    merged = Delivery.objects.filter(event__in=causes, run=waiting.pk)
    said = Value(f"; run {head.pk} took it, for more waited than one run takes")
    merged.update(run=head.pk, outcome=Left(Concat("outcome", said), MOST))


def dropped(run: Run, *, because: str) -> None:
    """A run ends before it started: what waited for it, and for nothing else, comes to nothing."""
    said = f"; run {run.pk} of {run.pipeline.name} never started: {because}"
    _of_run.make(of=run.pk, kind=Disposition.IGNORED, run=run.pk, said=said)


def skipped(wait: Waiting, *, because: str) -> None:
    """A period is left out: what was kept for it, and for nothing else, comes to nothing."""
    _of_wait.make(of=wait.pk, kind=Disposition.IGNORED, run=None, said=f"; {wait.pipeline.name}: {because}")


def _free(events: "QuerySet[Any]") -> "QuerySet[Delivery]":
    """What of these events waits, and for nothing more."""
    held = Waiting.events.through.objects.filter(event=OuterRef("event"), waiting__state=WaitState.WAITING)
    queued = Run.causes.through.objects.filter(event=OuterRef("event"), run__state=RunState.QUEUED)
    waiting = Delivery.objects.filter(event__in=events.values("event"), disposition=Disposition.WAITING)
    return waiting.exclude(Exists(held)).exclude(Exists(queued))


_END = {
    "disposition": Given("kind"),
    "run": Given("run"),
    "outcome": Left(Concat("outcome", Given("said", CharField())), MOST),
}
_of_run = Change(lambda: _free(Run.causes.through.objects.filter(run=Given("of"))), **_END)
_of_wait = Change(lambda: _free(Waiting.events.through.objects.filter(waiting=Given("of"))), **_END)


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
