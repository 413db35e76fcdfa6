"""What time alone does to alerts: messages are rung for again, and snoozes end. Two sweeps at once are safe."""

from datetime import datetime

from django.db import transaction

from monitoring_app.alerts import lifecycle, sending
from monitoring_app.models import Alert, AlertState
from pipelines_app import wake


def sweep(now: datetime) -> int:
    """Ring for every message that could be sent now and end every snooze that is over; says how many."""
    return end_snoozes(now) + _ring(now)


def end_snoozes(now: datetime) -> int:
    """Open again the alerts whose snooze is over while nothing has resolved them."""
    over = Alert.objects.filter(state=AlertState.SNOOZED, snoozed_until__lte=now).order_by("snoozed_until")
    ended = 0
    for pk in list(over.values_list("pk", flat=True)[:200]):
        with transaction.atomic():
            alert = over.select_for_update().filter(pk=pk).first()
            if alert is not None:
                lifecycle.end_snooze(alert)
                ended += 1
    return ended


@transaction.atomic
def _ring(now: datetime) -> int:
    waiting = list(sending.due(now))
    for pk in waiting:
        wake.ring(wake.NOTIFICATION, pk)
    return len(waiting)
