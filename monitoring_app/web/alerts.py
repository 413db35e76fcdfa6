"""Alerts: the open problems, and one with its time line, what it hits and who was told."""

from datetime import timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from monitoring_app.alerts import impact, lifecycle
from monitoring_app.models import Alert, AlertState, AlertUrgency, Channel, Notification, NotificationState
from monitoring_app.models.alert import AlertQuerySet
from monitoring_app.web import alert_page
from monitoring_app.web.asking import Asked, actor, as_message, is_fragment
from pipelines_app.access import spreadsheets

SHOWN = 50
CSV_ROWS = 10_000
SNOOZES = (("1", "1 hour"), ("4", "4 hours"), ("24", "1 day"), ("168", "1 week"), ("worse", "until it gets worse"))
STATES = (("", "Unresolved"), ("all", "All"), *AlertState.choices)


@login_required
@vary_on_headers("HX-Request")
def alerts(request: Asked) -> HttpResponseBase:
    """Problems, the worst first; those resolved, the newest first. What follows from one is on that one's page."""
    state, severity = request.GET.get("state", ""), request.GET.get("severity", "")
    found = _listed(request, state, severity)
    if request.GET.get("format") == "csv":
        return _csv(found)
    before = _pivot(request)
    if before is not None:
        found = found.after(before) if state == "" else found.filter(pk__lt=before.pk)
    rows = list(found[: SHOWN + 1])
    delivered = Notification.objects.filter(alert__in=Alert.objects.visible_to(request.user), done_at__isnull=False)
    context = {
        "rows": rows[:SHOWN],
        "newer": _query(request) if before is not None else "",
        "older": _query(request, before=str(rows[SHOWN - 1].pk)) if len(rows) > SHOWN else "",
        "state": state,
        "severity": severity,
        "states": STATES,
        "severities": AlertUrgency.choices,
        "filtered": bool(state or severity),
        "last_told": delivered.order_by("-id").values_list("done_at", flat=True).first() if not rows else None,
    }
    return render(request, "alerts/_list.html" if is_fragment(request) else "alerts/list.html", context)


def _query(request: Asked, **changes: str) -> str:
    """The address of another page of the same list."""
    asked = {name: value for name, value in request.GET.items() if name != "before"}
    return "?" + urlencode(asked | changes)


def _listed(request: Asked, state: str, severity: str) -> AlertQuerySet:
    seen = Alert.objects.visible_to(request.user).standing().select_related("dataset", "team")
    seen = seen.annotate(follow=Count("affected", filter=~Q(affected__state=AlertState.RESOLVED)))
    found = seen.filter(state=state) if state not in ("", "all") else seen
    if severity:
        found = found.filter(severity=severity)
    return found.order_by("-id") if state else found.unresolved().worst_first()


def _pivot(request: Asked) -> Alert | None:
    """The last alert of the page before, as it is now."""
    before = request.GET.get("before", "")
    known = before.isdecimal() and len(before) < 19
    return Alert.objects.visible_to(request.user).filter(pk=int(before)).first() if known else None


def _csv(found: AlertQuerySet) -> HttpResponseBase:
    header = ["alert", "severity", "state", "rule", "subject", "title", "team", "period", "reported", "affected"]
    rows = (
        [
            *(one.pk, one.severity, one.state, one.rule, one.subject, one.title),
            *(one.team.name if one.team else "", one.period, one.count, getattr(one, "follow", 0)),
            *(one.first_at.isoformat(), one.last_at.isoformat()),
            one.resolved_at.isoformat() if one.resolved_at else "",
        ]
        for one in found[:CSV_ROWS]
    )
    return spreadsheets.answer("alerts", [*header, "first_at", "last_at", "resolved_at"], rows)


@login_required
@vary_on_headers("HX-Request")
def alert(request: Asked, pk: int) -> HttpResponse:
    """One problem: what, since when, what it hits, what to do, who was told."""
    seen = Alert.objects.visible_to(request.user).select_related("dataset__pipeline", "team", "event", "root")
    found = get_object_or_404(seen, pk=pk)
    told = found.notifications.filter(channel__in=Channel.objects.visible_to(request.user))
    notifications = list(told.select_related("channel").order_by("-id")[:SHOWN])
    context = {
        "alert": found,
        "taken_by": found.acknowledged_by.partition(":")[2] or found.acknowledged_by,
        "entries": list(found.entries.select_related("event").order_by("-id")[:100]),
        "notifications": notifications,
        "kept": [one for one in notifications if one.state == NotificationState.KEPT],
        "tree": alert_page.tree(found, request.user),
        "root": alert_page.root(found, request.user),
        "hit": alert_page.hit(found, request.user),
        "impact": impact.of(found),
        "skipped": alert_page.skipped(found, request.user),
        "operable": Alert.objects.operable_by(request.user).filter(pk=pk).exists(),
        "snoozes": SNOOZES,
        "is_over": found.state == AlertState.RESOLVED,
        "same": alert_page.same(found, request.user),
    }
    return render(request, "alerts/_alert.html" if is_fragment(request) else "alerts/alert.html", context)


@login_required
@require_POST
def acknowledge(request: Asked, pk: int) -> HttpResponse:
    """Say that somebody takes care of it."""
    found = get_object_or_404(Alert.objects.operable_by(request.user), pk=pk)
    with as_message(request):
        lifecycle.acknowledge(found, actor=actor(request), note=request.POST.get("note", "").strip()[:500])
        messages.success(request, "Acknowledged: the others see that you take care of it.")
    return redirect("monitoring:alert", pk)


@login_required
@require_POST
def snooze(request: Asked, pk: int) -> HttpResponse:
    """Keep it quiet for a while, unless it gets worse."""
    found = get_object_or_404(Alert.objects.operable_by(request.user), pk=pk)
    hours = dict(SNOOZES).get(request.POST.get("hours", ""))
    if hours is None:
        messages.error(request, "Choose for how long it shall be quiet.")
        return redirect("monitoring:alert", pk)
    with as_message(request):
        asked = request.POST["hours"]
        until = timezone.now() + timedelta(hours=int(asked)) if asked.isdecimal() else None
        lifecycle.snooze(found, until=until, actor=actor(request))
        said = f"Quiet for {hours}, unless it gets worse." if until else "Quiet until it gets worse."
        messages.success(request, said)
    return redirect("monitoring:alert", pk)


@login_required
@require_POST
def resolve(request: Asked, pk: int) -> HttpResponse:
    """Close it by hand, for a reason that is kept."""
    found = get_object_or_404(Alert.objects.operable_by(request.user), pk=pk)
    because = request.POST.get("because", "").strip()[:500]
    with as_message(request):
        lifecycle.end(found, because=because or f"resolved by {request.user}", actor=actor(request))
        messages.success(request, "Resolved. The next result confirms it, or opens it again.")
    return redirect("monitoring:alert", pk)
