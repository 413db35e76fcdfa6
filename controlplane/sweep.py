"""The sweep: rings again for whatever a lost bell, a dead worker or the clock has left. Two at once are safe."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from controlplane import worth
from monitoring_app import reporting
from monitoring_app.alerts import heartbeat, sending, sweeping
from monitoring_app.anomalies import judging as anomalies
from monitoring_app.expectations import looking
from monitoring_app.openlineage import sending as emitting
from monitoring_app.profiling import measuring
from monitoring_app.slas import sweeping as promises
from pipelines_app import events, wake
from pipelines_app.boundary import contained
from pipelines_app.clock import database_now
from pipelines_app.environments import showing
from pipelines_app.intake import (
    coalescing,
    dropping,
    foreseeing,
    habits,
    housekeeping,
    opening,
    pruning,
    scheduling,
    slots,
    waiting,
)
from pipelines_app.models import Pulse
from pipelines_app.runs import backfilling, leases, recovery

WORKER = worth.WORKER
CHORE = "chore:"
DETAIL = 200


@dataclass(frozen=True)
class Chore:
    """One thing the sweep does, and how often it is worth doing."""

    name: str
    every: timedelta
    do: Callable[[datetime], object]

    @property
    def pulse(self) -> str:
        return f"{CHORE}{self.name}"


def _ring_deliveries(now: datetime) -> int:
    due = list(events.due(now))
    for pk in due:
        wake.ring(wake.DELIVERY, pk, again=True)
    return len(due)


CHORES = [
    Chore("leases", timedelta(0), lambda now: recovery.recover()),
    Chore("clocks", timedelta(0), scheduling.tick),
    Chore("steps", timedelta(0), lambda now: recovery.ring_again()),
    Chore("deliveries", timedelta(0), _ring_deliveries),
    Chore("slots late", timedelta(0), slots.pass_time),
    Chore("waiting", timedelta(0), waiting.move_on),
    Chore("alerts", timedelta(0), sweeping.sweep),
    Chore("profiles", timedelta(0), measuring.ring_again),
    Chore("judgements", timedelta(0), anomalies.ring_again),
    Chore("backfills", timedelta(0), lambda now: (backfilling.feed_all(), coalescing.settle_all())),
    Chore("silent workers", timedelta(seconds=60), lambda now: forget_silent(now)),
    Chore("slots ahead", timedelta(seconds=60), opening.open_ahead),
    Chore("promises", timedelta(seconds=30), promises.sweep),
    Chore("messages that wait", timedelta(seconds=60), heartbeat.watch),
]
# These walk through the whole lake: they have a thread or a task of their own, so that no lease waits for them.
LONG_CHORES = [
    Chore("housekeeping", timedelta(hours=1), housekeeping.tidy),
    Chore("slots foreseen", timedelta(hours=1), foreseeing.look_again),
    Chore("expectations", timedelta(0), looking.look_all),
    Chore("habits", timedelta(hours=1), habits.learn_all),
    Chore("reports", timedelta(hours=1), reporting.send_due),
    Chore("old messages", timedelta(hours=1), sending.forget_old),
    Chore("old judgements", timedelta(hours=1), promises.forget_old),
    Chore("old OpenLineage events", timedelta(hours=1), emitting.forget_old),
]
# A store that answers slowly must hold up neither these nor any lease: what lies outside has a thread of its own.
OUTSIDE_CHORES = [
    Chore("drops", timedelta(0), dropping.look_all),
    Chore("views of the warehouse", timedelta(seconds=60), showing.catch_up),
    Chore("OpenLineage events", timedelta(0), emitting.send_due),
    Chore("mail server", timedelta(minutes=5), heartbeat.probe),
    Chore("taken files", timedelta(hours=1), pruning.empty_taken),
]


def once(now: datetime | None = None) -> None:
    """Do every chore that is due, whatever becomes of the others, and leave a sign of life."""
    moment = now or database_now()
    _do_all(CHORES, moment)
    beat("sweep", moment)


def keep_house(now: datetime | None = None) -> None:
    """Do the long chores that are due."""
    _do_all(LONG_CHORES, now or database_now())


def look_outside(now: datetime | None = None) -> None:
    """Look into the folders and buckets whose time has come."""
    _do_all(OUTSIDE_CHORES, now or database_now())


def _do_all(chores: list[Chore], moment: datetime) -> None:
    known = {pulse.name: pulse for pulse in Pulse.objects.filter(name__startswith=CHORE)}
    idle = worth.idle([chore.name for chore in chores], moment)
    for chore in chores:
        pulse = known.get(chore.pulse)
        if chore.name in idle and not (pulse is not None and pulse.detail):
            continue
        if chore.every and not _claims(chore, pulse, moment):
            continue
        _do(chore, moment, failed_before=pulse is not None and bool(pulse.detail))


def _claims(chore: Chore, pulse: Pulse | None, moment: datetime) -> bool:
    """Take a chore before doing it, however long it then takes: of two sweeps at once one gets it."""
    if pulse is None:
        return Pulse.objects.get_or_create(name=chore.pulse, defaults={"at": moment})[1]
    if moment - pulse.at < chore.every:
        return False
    return bool(Pulse.objects.filter(name=chore.pulse, at__lte=moment - chore.every).update(at=moment))


def _do(chore: Chore, moment: datetime, *, failed_before: bool) -> None:
    """Do one chore; what went wrong is kept in its pulse until it goes well again."""
    with contained("a chore of the sweep failed", chore=chore.name) as unit:
        chore.do(moment)
    if unit.error is not None:
        beat(chore.pulse, moment, f"{type(unit.error).__name__}: {unit.error}"[:DETAIL])
    elif failed_before:
        beat(chore.pulse, moment)


def beat(name: str, now: datetime, detail: str = "") -> None:
    """Leave a sign of life of one part of the platform."""
    if not Pulse.objects.filter(name=name).update(at=now, detail=detail):
        Pulse.objects.update_or_create(name=name, defaults={"at": now, "detail": detail})


def forget(name: str) -> None:
    """Take back the sign of life of a part that has ended in order."""
    Pulse.objects.filter(name=name).delete()


def forget_silent(now: datetime) -> int:
    """Take back those of workers that nobody has heard of for long: they are not coming back under their name."""
    return Pulse.objects.filter(name__startswith=WORKER, at__lt=now - worth.SILENT).delete()[0]


def pause(now: datetime | None = None) -> float:
    """How many seconds the next sweep can wait: until the next moment that is known, a sweep's interval at most."""
    moment = now or database_now()
    moments = [
        known
        for known in (slots.next_due(), waiting.next_due(), scheduling.next_due(), leases.next_due())
        if known is not None
    ]
    ahead = [(known - moment).total_seconds() for known in moments]
    return max(0.1, min([settings.SWEEP_SECONDS, *[seconds for seconds in ahead if seconds > 0]]))
