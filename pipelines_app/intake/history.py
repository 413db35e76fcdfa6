"""The event log's retention: what is old, over, and pointed to by nothing goes; everything else stays."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, ManyToOneRel, OuterRef, QuerySet

from pipelines_app.models import Delivery, DeliveryState, Disposition, Event, Run

AT_ONCE = 1000
HOURS = 24
ALL_AT_ONCE = 100_000  # so many are looked at every hour
MOST = 100_000  # in one go: the next hour goes on


def forget(now: datetime) -> int:
    """Delete events older than the platform keeps, with their deliveries; says how many.

    What caused another event goes after it: a chain is let go from its end. Most of what is old stays, for rows point
    to it: of a long log each hour looks at its own part, so that all of it is looked at once a day.
    """
    horizon = now - timedelta(days=settings.EVENT_DAYS)
    part = _part(now, horizon)
    went = 0
    while went < MOST and (batch := list(_forgettable(part, horizon).values_list("pk", flat=True)[:AT_ONCE])):
        with transaction.atomic():
            Delivery.objects.filter(event__in=batch).delete()
            went += Event.objects.filter(pk__in=batch).delete()[0]
    return went


def _part(now: datetime, horizon: datetime) -> range:
    """The ids to look at in this hour, among those of old events; ids grow with time."""
    first = Event.objects.order_by("id").values_list("pk", flat=True).first() or 0
    last = _last_before(horizon, first)
    if last - first < ALL_AT_ONCE:
        return range(first, last + 1)
    step = -(-(last + 1 - first) // HOURS)
    begin = first + now.hour * step
    return range(begin, min(begin + step, last + 1))


def _last_before(horizon: datetime, first: int) -> int:
    """The last id of an event older than this, found by halves: no index knows when events happened."""
    low, high = first - 1, Event.objects.order_by("-id").values_list("pk", flat=True).first() or 0
    while low < high:
        middle = (low + high + 1) // 2
        at = Event.objects.filter(pk__gte=middle).order_by("id").values_list("at", flat=True).first()
        low, high = (middle, high) if at is not None and at < horizon else (low, middle - 1)
    return low


def _forgettable(part: range, horizon: datetime) -> QuerySet[Event]:
    """Old events whose hand-over is done, of no run that goes on, and to which no row points."""
    unsettled = Delivery.objects.filter(event=OuterRef("pk")).exclude(
        state=DeliveryState.DONE, disposition__in=["", *(set(Disposition.values) - {Disposition.WAITING})]
    )
    old = Event.objects.filter(pk__gte=part.start, pk__lt=part.stop, at__lt=horizon).exclude(Exists(unsettled))
    old = old.exclude(Exists(Run.objects.live().filter(pk=OuterRef("run"))))
    for relation in Event._meta.get_fields(include_hidden=True):  # many of them have no name on the event's side
        if isinstance(relation, ManyToOneRel) and relation.related_model is not Delivery:
            pointing = {relation.field.name: OuterRef("pk")}
            old = old.exclude(Exists(relation.related_model._base_manager.filter(**pointing)))
    return old.order_by("id")
