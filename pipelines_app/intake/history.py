"""The event log's retention: what is old, over, and pointed to by nothing goes; everything else stays."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, ManyToOneRel, OuterRef, QuerySet

from pipelines_app.models import Delivery, DeliveryState, Disposition, Event, Run

AT_ONCE = 1000
MOST = 100_000  # in one go: the next hour goes on


def forget(now: datetime) -> int:
    """Delete events older than the platform keeps, with their deliveries; says how many.

    What caused another event goes after it: a chain is let go from its end.
    """
    horizon = now - timedelta(days=settings.EVENT_DAYS)
    went = 0
    while went < MOST and (batch := list(_forgettable(horizon).values_list("pk", flat=True)[:AT_ONCE])):
        with transaction.atomic():
            Delivery.objects.filter(event__in=batch).delete()
            went += Event.objects.filter(pk__in=batch).delete()[0]
    return went


def _forgettable(horizon: datetime) -> QuerySet[Event]:
    """Old events whose hand-over is done, of no run that goes on, and to which no row points."""
    unsettled = Delivery.objects.filter(event=OuterRef("pk")).exclude(
        state=DeliveryState.DONE, disposition__in=["", *(set(Disposition.values) - {Disposition.WAITING})]
    )
    old = Event.objects.filter(at__lt=horizon).exclude(Exists(unsettled))
    old = old.exclude(Exists(Run.objects.live().filter(pk=OuterRef("run"))))
    for relation in Event._meta.get_fields(include_hidden=True):  # many of them have no name on the event's side
        if isinstance(relation, ManyToOneRel) and relation.related_model is not Delivery:
            pointing = {relation.field.name: OuterRef("pk")}
            old = old.exclude(Exists(relation.related_model._base_manager.filter(**pointing)))
    return old.order_by("id")
