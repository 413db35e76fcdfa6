"""The sweep: rings again for whatever a lost bell, a dead worker or the clock has left. Two at once are safe."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from monitoring_app.alerts import sweeping
from pipelines_app import events, wake
from pipelines_app.intake import housekeeping, slots
from pipelines_app.models import Pulse
from pipelines_app.runs import leases, recovery

logger = logging.getLogger(__name__)
WORKER = "worker:"
SILENT = timedelta(minutes=10)


@dataclass(frozen=True)
class Chore:
    """One thing the sweep does, and how often it is worth doing."""

    name: str
    every: timedelta
    do: Callable[[datetime], object]


def _ring_deliveries(now: datetime) -> int:
    with transaction.atomic():
        due = list(events.due(now))
        for pk in due:
            wake.ring(wake.DELIVERY, pk)
    return len(due)


CHORES = [
    Chore("leases", timedelta(0), lambda now: recovery.recover()),
    Chore("steps", timedelta(0), lambda now: recovery.ring_again()),
    Chore("deliveries", timedelta(0), _ring_deliveries),
    Chore("slots late", timedelta(0), slots.mark_late),
    Chore("alerts", timedelta(0), sweeping.sweep),
    Chore("silent workers", timedelta(seconds=60), lambda now: forget_silent(now)),
    Chore("slots ahead", timedelta(seconds=60), slots.open_ahead),
    Chore("housekeeping", timedelta(hours=1), housekeeping.tidy),
]


def once(now: datetime | None = None) -> None:
    """Do every chore that is due and leave a sign of life."""
    moment = now or timezone.now()
    last = {pulse.name: pulse.at for pulse in Pulse.objects.filter(name__startswith="chore:")}
    for chore in CHORES:
        name = f"chore:{chore.name}"
        if chore.every and name in last and moment - last[name] < chore.every:
            continue
        chore.do(moment)
        if chore.every:
            beat(name, moment)
    beat("sweep", moment)


def beat(name: str, now: datetime, detail: str = "") -> None:
    """Leave a sign of life of one part of the platform."""
    Pulse.objects.update_or_create(name=name, defaults={"at": now, "detail": detail})


def forget(name: str) -> None:
    """Take back the sign of life of a part that has ended in order."""
    Pulse.objects.filter(name=name).delete()


def forget_silent(now: datetime) -> int:
    """Take back those of workers that nobody has heard of for long: they are not coming back under their name."""
    return Pulse.objects.filter(name__startswith=WORKER, at__lt=now - SILENT).delete()[0]


def pause(now: datetime | None = None) -> float:
    """How many seconds the next sweep can wait: until the next moment that is known, a sweep's interval at most."""
    moment = now or timezone.now()
    moments = [known for known in (slots.next_due(), leases.next_due()) if known is not None]
    ahead = [(known - moment).total_seconds() for known in moments]
    return max(0.1, min([settings.SWEEP_SECONDS, *[seconds for seconds in ahead if seconds > 0]]))
