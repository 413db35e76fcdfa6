"""What a revision declares to start it from outside, as rows: the drops, the clock and what it listens to."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from pipelines_app.compiler import clocks
from pipelines_app.compiler.definition import Definition, Drop
from pipelines_app.compiler.starters import Schedule
from pipelines_app.models import Clock, Dataset, DropSource, DropState, DropTaken, Listener, Pipeline


def wire(pipeline: Pipeline, definition: Definition, datasets: Mapping[str, Dataset]) -> None:
    """Write the drops, the clock and the listeners of the revision that was just made current."""
    now = timezone.now()
    drops = {source.dataset: source.drop for source in definition.sources if source.drop is not None}
    gone = DropSource.objects.filter(dataset__pipeline=None) | DropSource.objects.filter(dataset__pipeline=pipeline)
    gone.exclude(dataset__name__in=drops).delete()
    for name, drop in drops.items():
        _drop(datasets[name], drop, now)
    _clock(pipeline, definition.schedule, now)
    pipeline.listeners.all().delete()
    Listener.objects.bulk_create(
        Listener(pipeline=pipeline, namespace=one.namespace, dataset=one.dataset, pointer=one.period)
        for one in definition.listens
    )


def _drop(dataset: Dataset, drop: Drop, now: datetime) -> None:
    """Look there again at once; a secret goes nowhere but where it was given for."""
    source, _ = DropSource.objects.get_or_create(dataset=dataset, defaults={"url": drop.url, "endpoint": drop.endpoint})
    if (_store(source.url), source.endpoint) != (_store(drop.url), drop.endpoint):
        source.credentials = ""
    if (source.url, source.endpoint) != (drop.url, drop.endpoint):
        source.state, source.error, source.todo, source.failing_since = DropState.NEW, "", "", None
        source.taken.all().delete()
        source.seen.all().delete()
    source.url, source.endpoint, source.next_look = drop.url, drop.endpoint, now
    source.save()
    DropTaken.objects.filter(source=source).ask_again()  # another pattern or contract may take them


def _store(url: str) -> str:
    """The store that a secret is for: the bucket, or the local machine."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _clock(pipeline: Pipeline, schedule: Schedule | None, now: datetime) -> None:
    """The clock goes on where it is unless the schedule is another one; a new one begins to count now."""
    if schedule is None:
        Clock.objects.filter(pipeline=pipeline).delete()
        return
    same = Clock.objects.filter(pipeline=pipeline, cron=schedule.cron, timezone=schedule.timezone)
    if not same.exists():
        first = clocks.next_tick(schedule, now)
        Clock.objects.update_or_create(
            pipeline=pipeline, defaults={"cron": schedule.cron, "timezone": schedule.timezone, "next_tick": first}
        )
