"""What time alone does to alerts: places are found, messages rung for again, snoozes end. Two at once are safe."""

from collections.abc import Callable
from datetime import datetime

from monitoring_app.alerts import lifecycle, sending, settling, storms
from monitoring_app.models import About, Alert, AlertState
from monitoring_app.models.alert import AlertQuerySet
from pipelines_app import locks, singly, wake

LOUD = [AlertState.OPEN, AlertState.ACKNOWLEDGED]


def sweep(now: datetime) -> int:
    """Do all that the clock brings, and ring for every message that could be sent now; says how many."""
    told = end_snoozes(now) + clear(now) + tell_again(now) + storms.digest_all(now)
    return settling.settle(now) + told + _ring(now)


def clearing(now: datetime) -> AlertQuerySet:
    """Open alerts that have stayed good for long enough."""
    return Alert.objects.unresolved().filter(clears_at__lte=now)


def unattended(now: datetime) -> AlertQuerySet:
    """Alerts of which nobody takes care though it is time."""
    return Alert.objects.standing().filter(state=AlertState.OPEN, escalates_at__lte=now)


def open_for_long(now: datetime) -> AlertQuerySet:
    """Open alerts of which people are to be reminded."""
    return Alert.objects.standing().filter(state__in=LOUD, reminds_at__lte=now)


def clear(now: datetime) -> int:
    """Close what has stayed good."""
    return _each(clearing(now), lifecycle.clear)


def tell_again(now: datetime) -> int:
    """Escalate what nobody takes care of, and remind of what is open."""
    escalated = _each(unattended(now), lambda alert: lifecycle.remind(alert, About.ESCALATED, now))
    return escalated + _each(open_for_long(now), lambda alert: lifecycle.remind(alert, About.STILL_OPEN, now))


def end_snoozes(now: datetime) -> int:
    """Open again the alerts whose snooze is over while nothing has resolved them."""
    return _each(Alert.objects.filter(state=AlertState.SNOOZED, snoozed_until__lte=now), lifecycle.end_snooze)


def _each(alerts: AlertQuerySet, do: Callable[[Alert], None]) -> int:
    """Do it to every one of these alerts that still is one of them once it is held."""

    def one(pk: int) -> bool:
        alert = locks.held(alerts.filter(pk=pk).select_related("dataset", "team")).first()
        if alert is not None:
            do(alert)
        return alert is not None

    return singly.each(list(alerts.order_by("pk").values_list("pk", flat=True)[:200]), one)


def _ring(now: datetime) -> int:
    waiting = list(sending.due(now))
    for pk in waiting:
        wake.ring(wake.NOTIFICATION, pk, again=True)
    return len(waiting)
