"""Alerts: the open problems, and one with its time line, what it hits and who was told."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from monitoring_app.alerts import lifecycle
from monitoring_app.models import Alert, AlertState, AlertUrgency, Channel, Notification, NotificationState
from monitoring_app.web.asking import Asked, actor, as_message, is_fragment
from pipelines_app.models import Dataset, Pipeline, StepRun, StepState, Trigger, TriggerKind, User

SHOWN = 50
SNOOZES = (("1", "1 hour"), ("4", "4 hours"), ("24", "1 day"), ("168", "1 week"))
STATES = (("", "Unresolved"), ("all", "All"), *AlertState.choices)


@login_required
@vary_on_headers("HX-Request")
def alerts(request: Asked) -> HttpResponse:
    """Problems, the worst first; those resolved, the newest first."""
    state, severity = request.GET.get("state", ""), request.GET.get("severity", "")
    seen = Alert.objects.visible_to(request.user).select_related("dataset", "team")
    found = seen.filter(state=state) if state not in ("", "all") else seen
    if not state:
        found = found.unresolved()
    if severity:
        found = found.filter(severity=severity)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    ordered = found.worst_first() if state == "" else found.order_by("-id")
    rows = list(ordered[: SHOWN + 1])
    delivered = Notification.objects.filter(alert__in=Alert.objects.visible_to(request.user), done_at__isnull=False)
    context = {
        "rows": rows[:SHOWN],
        "more": state != "" and len(rows) > SHOWN,
        "left": len(rows) > SHOWN,
        "state": state,
        "severity": severity,
        "states": STATES,
        "severities": AlertUrgency.choices,
        "filtered": bool(state or severity),
        "before": before,
        "last_told": delivered.order_by("-id").values_list("done_at", flat=True).first() if not rows else None,
    }
    return render(request, "alerts/_list.html" if is_fragment(request) else "alerts/list.html", context)


@login_required
@vary_on_headers("HX-Request")
def alert(request: Asked, pk: int) -> HttpResponse:
    """One problem: what, since when, what it hits, what to do, who was told."""
    seen = Alert.objects.visible_to(request.user).select_related("dataset__pipeline", "team", "event")
    found = get_object_or_404(seen, pk=pk)
    told = found.notifications.filter(channel__in=Channel.objects.visible_to(request.user))
    notifications = list(told.select_related("channel").order_by("-id")[:SHOWN])
    context = {
        "alert": found,
        "taken_by": found.acknowledged_by.partition(":")[2] or found.acknowledged_by,
        "entries": list(found.entries.select_related("event").order_by("-id")[:100]),
        "notifications": notifications,
        "kept": [one for one in notifications if one.state == NotificationState.KEPT],
        "hit": _hit(found, request.user),
        "skipped": _skipped(found, request.user),
        "operable": Alert.objects.operable_by(request.user).filter(pk=pk).exists(),
        "snoozes": SNOOZES,
        "is_over": found.state == AlertState.RESOLVED,
        "same": _same(found, request.user),
    }
    return render(request, "alerts/_alert.html" if is_fragment(request) else "alerts/alert.html", context)


def _hit(found: Alert, user: User) -> list[Pipeline]:
    """The pipelines that start from what is wrong: they wait, or work on what readers still have."""
    pipelines = Pipeline.objects.visible_to(user)
    made = Dataset.objects.filter(pipeline__name=found.pipeline) if found.pipeline else Dataset.objects.none()
    about = Q(dataset__in=made) | (Q(dataset=found.dataset) if found.dataset else Q(pk__in=[]))
    readers = Trigger.objects.filter(about, kind=TriggerKind.DATASET)
    return list(pipelines.filter(pk__in=readers.values("pipeline")).exclude(name=found.pipeline).order_by("name")[:20])


def _skipped(found: Alert, user: User) -> list[str]:
    """The datasets that its run did not make because of it."""
    if not found.run:
        return []
    steps = StepRun.objects.filter(run=found.run, state=StepState.SKIPPED, dataset__in=Dataset.objects.visible_to(user))
    return list(steps.order_by("position").values_list("dataset__name", flat=True)[:20])


def _same(found: Alert, user: User) -> int:
    """How often the same problem of the same subject was resolved before."""
    before = Alert.objects.visible_to(user).of(found.rule, found.subject).exclude(pk=found.pk)
    return int(before.aggregate(number=Count("pk"))["number"])


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
        until = timezone.now() + timedelta(hours=int(request.POST["hours"]))
        lifecycle.snooze(found, until=until, actor=actor(request))
        messages.success(request, f"Quiet for {hours}, unless it gets worse.")
    return redirect("monitoring:alert", pk)


@login_required
@require_POST
def resolve(request: Asked, pk: int) -> HttpResponse:
    """Close it by hand, for a reason that is kept."""
    found = get_object_or_404(Alert.objects.operable_by(request.user), pk=pk)
    because = request.POST.get("because", "").strip()[:500]
    with as_message(request):
        lifecycle.end(found, because=because or f"resolved by {request.user}", actor=actor(request))
        messages.success(request, "Resolved. If the problem comes back, a new alert opens.")
    return redirect("monitoring:alert", pk)
