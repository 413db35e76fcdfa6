"""How much of what waits one run takes: the oldest, up to a number and a size. The rest is the next run's, at once."""

from collections.abc import Sequence

from django.conf import settings

from pipelines_app.models import Arrival, ArrivalState, Event, Run
from pipelines_app.prepared import Given, Prepared
from pipelines_app.runs import dispositions, lifecycle

MOST_FILES = 10_000  # whatever the settings say: so many rows are looked at
_pending = Prepared(
    lambda: (
        Arrival.objects.filter(
            dataset__pipeline=Given("pipeline"),
            period=Given("period"),
            parameters_key=Given("key"),
            state=ArrivalState.PENDING,
            run=None,
        )
        .select_related("dataset")
        .defer("dataset__columns", "dataset__description")
        .order_by("id")[: MOST_FILES + 1]
    )
)


def batch(run: Run) -> tuple[list[Arrival], list[Arrival]]:
    """What has come in for the run's period with its parameters, and no run has taken yet, oldest first.

    As much as one run takes, and what it leaves. One that does another again takes what was brought in for it alone.
    """
    if run.again_from:
        return [], []
    return divided(_pending.all(pipeline=run.pipeline_id, period=run.period, key=run.parameters_key))


def divided(waiting: list[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    """The first of them that one run takes, one at least, and the rest."""
    most, size = min(settings.RUN_MOST_FILES, MOST_FILES), 0
    for number, arrival in enumerate(waiting):
        size += arrival.bytes
        if number and (number >= most or size > settings.RUN_MOST_BYTES):
            return waiting[:number], waiting[number:]
    return waiting, []


def follow(run: Run, left: Arrival) -> None:
    """Queue a run for what one that starts at once leaves; who is told of it later merges into that."""
    lifecycle.enter(_alike(run, left.event_id or run.cause_id), at_once=False)


def go_before(waiting: Run, taken: Sequence[Arrival], left: Arrival) -> tuple[Run, Event]:
    """Start a run for the first of what waits for a queued one, which stays queued for the rest.

    What each brought goes with it: the events that told of these files become causes of the run that takes them. So a
    backlog costs what it is long, however many runs it takes.
    """
    causes = Run.causes.through.objects.filter(run=waiting.pk)
    told = [arrival.event_id for arrival in taken if arrival.event_id is not None]
    moved = list(causes.filter(event__in=told).order_by("event").values_list("event", flat=True))
    head = _alike(waiting, moved[0] if moved else waiting.cause_id)
    started = lifecycle.enter(head, at_once=True)
    causes.filter(event__in=moved[:1]).delete()
    causes.filter(event__in=moved[1:]).update(run=head.pk)
    if waiting.cause_id in moved:
        _begin_with_rest(waiting, left)
    dispositions.handed_on(waiting, head)
    return head, started


def _begin_with_rest(waiting: Run, left: Arrival) -> None:
    """Let a run be caused by the first of what is left to it."""
    causes = Run.causes.through.objects.filter(run=waiting.pk)
    first = causes.order_by("event").values_list("event", flat=True).first() or left.event_id or waiting.cause_id
    waiting.causes.add(first)
    Run.objects.filter(pk=waiting.pk).update(cause=first)


def _alike(run: Run, cause: int) -> Run:
    return Run(
        pipeline=run.pipeline,
        revision_id=run.revision_id,
        environment=run.environment,
        period=run.period,
        cause_id=cause,
        backfill_id=run.backfill_id,
        priority=run.priority,
        keeps_revision=run.keeps_revision,
        parameters=run.parameters,
        parameters_key=run.parameters_key,
    )
