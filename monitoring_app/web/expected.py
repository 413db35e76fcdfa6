"""Expected arrivals on a time line: what is late, what has come, what comes next. Plain values for the picture."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, When
from django.urls import reverse
from django.utils import timezone

from pipelines_app.compiler import clocks
from pipelines_app.models import Slot, SlotState, User
from pipelines_app.models.slots import OVERDUE

BEHIND, AHEAD = timedelta(hours=6), timedelta(hours=18)
LANES = 8
CAME = 3
GRACE = timedelta(minutes=30)
EVERY_HOURS = 4
COMING = (SlotState.EXPECTED, SlotState.DUE)
EDGE = timedelta(hours=1, minutes=30)


def slots_of(user: User, now: datetime) -> list[Slot]:
    """What is late, most overdue first; what comes next; and the last few that came."""
    seen = Slot.objects.visible_to(user).select_related("dataset", "arrival")
    late = list(seen.overdue().order_by("due_at")[:LANES])
    near = seen.filter(due_at__gte=now - BEHIND, due_at__lte=now + AHEAD)
    near = near.exclude(state__in=[*OVERDUE, SlotState.WAIVED])
    has_come = Case(When(state__in=COMING, then=0), default=1)
    rows = list(near.order_by(has_come, "-arrival__received_at", "due_at")[:LANES])
    ahead = [slot for slot in rows if slot.state in COMING]
    came = [slot for slot in rows if slot.state not in COMING][:CAME]
    return [*late, *ahead, *came][:LANES]


def time_line(slots: Sequence[Slot], now: datetime) -> dict[str, Any] | None:
    """What the picture shows, or nothing where nothing is expected."""
    if not slots:
        return None
    start, end = now - BEHIND, now + AHEAD
    return {
        "lanes": [_lane(slot, now) for slot in slots],
        "start": start.timestamp(),
        "end": end.timestamp(),
        "now": now.timestamp(),
        "ticks": _ticks(start, end),
    }


def _lane(slot: Slot, now: datetime) -> dict[str, Any]:
    due = slot.due_at
    begins = min(slot.expected_at.timestamp(), due.timestamp() - GRACE.total_seconds())
    usual = {"start": begins, "end": due.timestamp(), "faint": True}
    zone = timezone.get_current_timezone()
    if slot.state in OVERDUE:
        stretches = [{"start": due.timestamp(), "end": now.timestamp(), "state": slot.state}]
        note = f"{slot.state} {_length(now - due)}"
    elif slot.arrival is not None:
        stretches = [{**usual, "state": slot.state}, _moment(slot.arrival.received_at, slot.state)]
        note = "came late" if slot.late_seconds else "arrived"
    else:
        stretches = [{**usual, "state": slot.state}]
        note = f"by {clocks.shown(due, zone):%H:%M}"
    label = f"{slot.dataset.name} {slot.period}".strip()
    url = reverse("console:slot", args=[slot.pk])
    return {"label": label, "url": url, "note": note, "stretches": stretches}


def _moment(at: datetime, state: str) -> dict[str, Any]:
    return {"start": at.timestamp(), "end": None, "state": state}


def _length(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 24 * 60 else f"{minutes // (24 * 60)} d"


def _ticks(start: datetime, end: datetime) -> list[tuple[float, str]]:
    zone: ZoneInfo | Any = timezone.get_current_timezone()
    local = start.astimezone(zone).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    found = []
    while local <= end - EDGE:
        if local.hour % EVERY_HOURS == 0 and local >= start + EDGE:
            found.append((local.timestamp(), f"{local:%H:%M}"))
        local += timedelta(hours=1)
    return found
