"""What outside things leave behind: notes of dropped files and the files themselves, ticks, runs of other tools."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from pipelines_app import singly
from pipelines_app.errors import PlaceUnreachable
from pipelines_app.intake import places
from pipelines_app.models import DropSource, DropTaken, Edge, ForeignEvent, ForeignRun, ForeignRunState, Link, Tick

AT_ONCE = 1000
MOST = 20_000  # in one go: the next hour goes on
AT_WORK = [ForeignRunState.START, ForeignRunState.RUNNING]


def forget(now: datetime) -> int:
    """Delete ticks, ended runs of other tools and what they told, older than events are kept; says how many."""
    horizon = now - timedelta(days=settings.EVENT_DAYS)
    told = [rows.filter(last_at__lt=horizon).order_by("pk") for rows in (Link.objects, Edge.objects)]
    apart = ForeignEvent.objects.filter(run=None, received_at__lt=horizon).order_by("pk")
    return sum(_delete(rows) for rows in (_ticks(horizon), _runs(horizon), *told, apart))


def _ticks(horizon: datetime) -> QuerySet[Tick]:
    """Old ticks, but for the newest of each clock."""
    newest = Tick.objects.values("pipeline").annotate(newest=Max("pk")).values("newest")
    return Tick.objects.filter(at__lt=horizon).exclude(pk__in=newest).order_by("pk")


def _runs(horizon: datetime) -> QuerySet[ForeignRun]:
    """Old runs that are over, with what they told."""
    return ForeignRun.objects.filter(told_at__lt=horizon).exclude(state__in=AT_WORK).order_by("pk")


def _delete(rows: QuerySet[Any]) -> int:
    went = 0
    while went < MOST and (batch := list(rows.values_list("pk", flat=True)[:AT_ONCE])):
        with transaction.atomic():
            rows.model._default_manager.filter(pk__in=batch).delete()
        went += len(batch)
    return went


def empty_taken(now: datetime) -> int:
    """Delete files that were taken long ago from the folders for them, then the notes of them; says how many.

    The lake keeps what came in. A place that cannot be reached is tried again the next time.
    """
    if not settings.TAKEN_DAYS:
        return 0
    horizon = now - timedelta(days=settings.TAKEN_DAYS)
    old = DropTaken.objects.filter(source=OuterRef("pk"), moved=True, at__lt=horizon)
    sources = DropSource.objects.filter(Exists(old)).select_related("dataset__team")
    return singly.each(list(sources.order_by("pk")), lambda source: _empty(source, horizon) > 0)


def _empty(source: DropSource, horizon: datetime) -> int:
    rows = DropTaken.objects.filter(source=source, moved=True, at__lt=horizon).order_by("pk")[:AT_ONCE]
    try:
        place = places.open_place(source, source.dataset.team.name)
    except PlaceUnreachable:
        return 0
    went = []
    with closing(place):
        for taken in rows:  # one whose name could not be written down keeps its file
            place.remove_taken(places.taken_name(taken.path, taken.arrival_id))
            went.append(taken.pk)
    DropTaken.objects.filter(pk__in=went).delete()
    return len(went)
