"""Promises: how well each is kept, what was missed and why, what falls due next, and what could be promised."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Min, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from monitoring_app.models import Sla, SlaResult, SlaState
from monitoring_app.models.sla import AHEAD, BROKEN
from monitoring_app.slas import attaining, rules
from monitoring_app.slas.rules import Attained
from monitoring_app.web.asking import Asked
from pipelines_app.compiler import target_documents
from pipelines_app.compiler.targets import TargetKind

SHOWN = 50
WEEKS = 13
WORST = (SlaState.MET, SlaState.WAIVED, SlaState.MET_LATE, SlaState.MISSED)
KINDS = [(kind.value, kind.value.replace("_", " ")) for kind in TargetKind]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One promise with what was kept of it in the last 7, 30 and 90 days, and its next deadline."""

    sla: Sla
    spans: tuple[Attained, ...]
    next_at: Any

    @property
    def month(self) -> Attained:
        return self.spans[1]

    @property
    def state(self) -> str:
        """Kept, not kept, or nothing judged yet; by the last thirty days."""
        if self.month.share is None:
            return "waiting"
        return "in_budget" if self.month.is_kept else "over_budget"


@login_required
@require_GET
def slas(request: Asked) -> HttpResponse:
    """The promises in force, fifty at a time, those given last first."""
    kind, name = request.GET.get("kind", ""), request.GET.get("q", "").strip()
    found = Sla.objects.visible_to(request.user).in_force().select_related("pipeline", "dataset")
    if kind:
        found = found.filter(kind=kind)
    if name:
        found = found.filter(Q(dataset__name__icontains=name) | Q(pipeline__name__icontains=name))
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by("-pk")[: SHOWN + 1])
    context = {
        "lines": _lines(rows[:SHOWN]),
        "older": rows[SHOWN - 1].pk if len(rows) > SHOWN else "",
        "before": before,
        "kind": kind,
        "kinds": KINDS,
        "q": name,
        "is_filtered": bool(kind or name),
    }
    return render(request, "slas/list.html", context)


def _lines(slas: Sequence[Sla]) -> list[Line]:
    now = timezone.now()
    counted = attaining.by_days(slas, now)
    ahead = SlaResult.objects.filter(sla__in=slas, state__in=AHEAD).order_by()
    nexts = dict(ahead.values_list("sla").annotate(Min("due_at")))
    return [Line(sla=sla, spans=tuple(counted[sla.pk].values()), next_at=nexts.get(sla.pk)) for sla in slas]


@login_required
@require_GET
def sla(request: Asked, pk: int) -> HttpResponse:
    """One promise: its days, its breaches with their causes, its next deadlines, and what would have been kept."""
    found = get_object_or_404(Sla.objects.visible_to(request.user).select_related("pipeline", "dataset"), pk=pk)
    now = timezone.now()
    recent = found.results.filter(due_at__gte=now - timedelta(weeks=WEEKS), due_at__lte=now)
    context = {
        "sla": found,
        "line": _lines([found])[0],
        "spans": list(attaining.by_days([found], now)[found.pk].items()),
        "window": attaining.attained(found, now),
        "weeks": _weeks(recent.values_list("due_at", "state"), now.date()),
        "breaches": list(found.results.filter(state__in=BROKEN).select_related("run").order_by("-due_at")[:SHOWN]),
        "ahead": list(found.results.filter(state__in=AHEAD).order_by("due_at")[:10]),
        "suggestion": _suggestion(found),
    }
    return render(request, "slas/sla.html", context)


def _suggestion(sla: Sla) -> dict[str, Any] | None:
    """Another bound, and the share of the last ninety days in which it and the bound as it is would have been kept."""
    now = timezone.now()
    seconds = attaining.suggestion(sla, now)
    if seconds is None:
        return None
    taken = attaining.taken(sla, now)
    return {
        "within": target_documents.length(seconds),
        "share": rules.kept_share(taken, seconds),
        "now": rules.kept_share(taken, sla.seconds),
        "days": attaining.HISTORY.days,
    }


def _weeks(judged: Iterable[tuple[Any, str]], today: date) -> list[list[dict[str, Any] | None]]:
    """The days of the last weeks, a row for each weekday, with the worst that happened on each."""
    found: dict[date, list[str]] = defaultdict(list)
    zone = timezone.get_current_timezone()
    for at, state in judged:
        found[at.astimezone(zone).date()].append(state)
    first = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    return [[_day(first + timedelta(weeks=week, days=day), found, today) for week in range(WEEKS)] for day in range(7)]


def _day(day: date, found: dict[date, list[str]], today: date) -> dict[str, Any] | None:
    states = [state for state in found.get(day, []) if state in WORST]
    if day > today:
        return None
    worst = max(states, key=lambda state: WORST.index(SlaState(state)), default="")
    return {"day": day, "state": worst, "judged": len(states), "broken": sum(one in BROKEN for one in states)}
