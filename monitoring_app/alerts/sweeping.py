"""What time alone does to alerts: places are found, messages rung for again, snoozes end. Two at once are safe."""

from datetime import datetime

from monitoring_app.alerts import lifecycle, sending, settling
from monitoring_app.models import Alert, AlertState
from pipelines_app import locks, singly, wake


def sweep(now: datetime) -> int:
    """Find places, end every snooze that is over and ring for every message that could be sent now; says how many."""
    return settling.settle(now) + end_snoozes(now) + _ring(now)


def end_snoozes(now: datetime) -> int:
    """Open again the alerts whose snooze is over while nothing has resolved them."""
    over = Alert.objects.filter(state=AlertState.SNOOZED, snoozed_until__lte=now).order_by("snoozed_until")

    def end(pk: int) -> bool:
        alert = locks.held(over.filter(pk=pk)).first()
        if alert is not None:
            lifecycle.end_snooze(alert)
        return alert is not None

    return singly.each(list(over.values_list("pk", flat=True)[:200]), end)


def _ring(now: datetime) -> int:
    waiting = list(sending.due(now))
    for pk in waiting:
        wake.ring(wake.NOTIFICATION, pk, again=True)
    return len(waiting)
