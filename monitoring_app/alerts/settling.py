"""Alerts find their places: each under its root, whichever of the two was noticed first. Two sweeps at once are safe.

Every alert is held alone, and read again once it is held: what is decided here never waits for a second one.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q

from monitoring_app.alerts import grouping, lifecycle, messages
from monitoring_app.models import Alert, AlertState, AlertUrgency
from monitoring_app.models.alert import AlertQuerySet
from pipelines_app import locks, singly

AT_ONCE = 200
WORSE = Q(severity=AlertUrgency.CRITICAL) | Q(severity=AlertUrgency.WARN, root__severity=AlertUrgency.INFO)


def settle(now: datetime) -> int:
    """Find the places of new alerts, and let those stand whose root is over; says for how many."""
    return find_places(now) + point_on() + worsen_roots() + stand_up(now)


def ungrouped() -> AlertQuerySet:
    """Open alerts whose place has not been looked for since they were opened."""
    return Alert.objects.unresolved().filter(grouped_at=None)


def pointing_on() -> AlertQuerySet:
    """Open alerts whose root follows from another one by now."""
    return Alert.objects.unresolved().filter(root__root__isnull=False)


def worse_than_root() -> AlertQuerySet:
    """Open alerts that are more severe than the open one that tells of them."""
    told_by_open = Alert.objects.unresolved().exclude(root__state=AlertState.RESOLVED).filter(WORSE)
    return told_by_open.filter(root__isnull=False).exclude(root__severity=F("severity"))


def left_alone(now: datetime) -> AlertQuerySet:
    """Open alerts whose root has been over for longer than what follows from it needs to mend by itself."""
    grace = timedelta(seconds=settings.ALERT_GROUPING_SECONDS)
    return Alert.objects.unresolved().filter(root__state=AlertState.RESOLVED, root__resolved_at__lte=now - grace)


def find_places(now: datetime) -> int:
    """Put what follows from every new alert under it, and itself under its own root."""
    new = list(ungrouped().select_related("dataset", "team").order_by("pk")[:AT_ONCE])
    follow = dict.fromkeys(one.pk for alert in new for one in grouping.below(alert))

    def find(pk: int) -> bool:
        alert = _held(Alert.objects.unresolved().standing(), pk)
        return alert is not None and lifecycle.put(alert, grouping.place(alert), event=alert.event)

    def find_own(pk: int) -> bool:
        found = find(pk)
        Alert.objects.filter(pk=pk).update(grouped_at=now)
        return found

    try:
        return singly.each(follow, find)
    finally:
        singly.each([alert.pk for alert in new], find_own)


def point_on() -> int:
    """Point past a root that follows from another one itself; of two that point to each other one stands."""

    def point(pk: int) -> bool:
        alert = _held(pointing_on(), pk)
        if alert is None or alert.root is None:
            return False
        further = alert.root.root_id
        Alert.objects.filter(pk=pk).update(root=None if further == pk else further)
        return True

    return singly.each(list(pointing_on().order_by("pk").values_list("pk", flat=True)[:AT_ONCE]), point)


def worsen_roots() -> int:
    """Make a root as severe as the worst that follows from it."""

    def worsen(pk: int) -> bool:
        worst = worse_than_root().filter(root=pk).order_by("severity").first()  # critical comes before warn
        root = _held(Alert.objects.unresolved(), pk)
        if worst is None or root is None:
            return False
        lifecycle.worsen(root, worst.severity, because=f"{messages.named_to(root, worst)} follows from it")
        return True

    worse = worse_than_root().order_by("root").values_list("root_id", flat=True).distinct()
    return singly.each([pk for pk in worse[:AT_ONCE] if pk is not None], worsen)


def stand_up(now: datetime) -> int:
    """Let what is still wrong stand by itself, once its root has been over for long enough."""

    def stand(pk: int) -> bool:
        alert = _held(left_alone(now), pk)
        if alert is not None:
            lifecycle.stand(alert)
        return alert is not None

    return singly.each(list(left_alone(now).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]), stand)


def _held(alerts: AlertQuerySet, pk: int) -> Alert | None:
    return locks.held(alerts.filter(pk=pk).select_related("dataset", "team", "root", "event")).first()
