"""One question to the database for all chores of the sweep: which of them have anything to do?"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, QuerySet

from monitoring_app.alerts import heartbeat, settling, sweeping, timing
from monitoring_app.anomalies import judging as anomalies
from monitoring_app.models import Alert, AlertState, Notification, NotificationState, Outlook, Profile, ProfileState
from monitoring_app.slas import sweeping as promises
from pipelines_app.intake import opening, waiting
from pipelines_app.models import (
    Backfill,
    BackfillState,
    Clock,
    Delivery,
    DeliveryState,
    Pulse,
    Slot,
)

Asks = Callable[[datetime], Sequence[QuerySet[Any]]]
SILENT = timedelta(minutes=10)
WORKER = "worker:"

ASKS: dict[str, Asks] = {
    "clocks": lambda now: [Clock.objects.filter(next_tick__lte=now)],
    "deliveries": lambda now: [Delivery.objects.filter(state=DeliveryState.PENDING, not_before__lte=now)],
    "slots late": lambda now: [Slot.objects.filter(next_at__lte=now)],
    "waiting": lambda now: [waiting.due(now)],
    "alerts": lambda now: [
        Notification.objects.filter(state=NotificationState.PENDING, not_before__lte=now),
        Alert.objects.filter(state=AlertState.SNOOZED, snoozed_until__lte=now),
        Notification.objects.filter(state=NotificationState.GATHERED, created_at__lte=now - timing.MINUTE),
        sweeping.clearing(now),
        sweeping.unattended(now),
        sweeping.open_for_long(now),
        settling.ungrouped(),
        settling.pointing_on(),
        settling.worse_than_root(),
        settling.left_alone(now),
    ],
    "profiles": lambda now: [Profile.objects.filter(state=ProfileState.PENDING, not_before__lte=now)],
    "expectations": lambda now: [Outlook.objects.filter(due_at__lte=now)],
    "judgements": lambda now: [anomalies.waiting(now)],
    "backfills": lambda now: [
        Backfill.objects.filter(state=BackfillState.RUNNING),
        Backfill.objects.unsettled().exclude(ended_at=None),
    ],
    "silent workers": lambda now: [Pulse.objects.filter(name__startswith=WORKER, at__lt=now - SILENT)],
    "slots ahead": lambda now: [opening.worth_a_look(now)],
    "promises": promises.asks,
    "messages that wait": lambda now: [heartbeat.delayed(now)],
}


def idle(chores: Iterable[str], now: datetime) -> frozenset[str]:
    """Those of the chores that have nothing to do; one that is not asked about here may always have."""
    asked = {
        f"{name.replace(' ', '_')}_{place}": (name, Exists(rows))
        for name in chores
        if name in ASKS
        for place, rows in enumerate(ASKS[name](now))
    }
    if not asked:
        return frozenset()
    # Any row will do to ask from; before the first sweep has left its sign there is none, and all is looked at.
    one = Pulse.objects.order_by().annotate(**{key: exists for key, (_, exists) in asked.items()})
    answers = one.values(*asked).first()
    if answers is None:
        return frozenset()
    busy = {name for key, (name, _) in asked.items() if answers[key]}
    return frozenset(name for name, _ in asked.values()) - busy
