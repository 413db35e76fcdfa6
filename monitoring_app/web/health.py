"""The platform's own health, for the people who run it."""

import shutil

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.vary import vary_on_headers

from monitoring_app.models import Notification, NotificationState
from monitoring_app.web import platform
from monitoring_app.web.asking import Asked, is_fragment
from pipelines_app import lake
from pipelines_app.models import Delivery, DeliveryState, StepRun, StepState

SHOWN = 20


@login_required
@vary_on_headers("HX-Request")
def health(request: Asked) -> HttpResponse:
    """Every part of the platform: whether it works, when it last gave a sign of life, what waits."""
    now = timezone.now()
    parts = platform.parts()
    strip = platform.strip(request.user, now)
    usage = shutil.disk_usage(lake.root())
    context = {
        "parts": parts,
        "faults": sum(bool(part.fault) for part in parts),
        "strip": strip,
        "beats": platform.pulses(now),
        "ready": StepRun.objects.filter(state=StepState.READY).count(),
        "running": StepRun.objects.filter(state=StepState.RUNNING).count(),
        "pending": Delivery.objects.filter(state=DeliveryState.PENDING).count(),
        "unsent": Notification.objects.filter(state=NotificationState.PENDING).count(),
        "undelivered": list(
            platform.undelivered(request.user).select_related("alert", "channel").order_by("-id")[:SHOWN]
        ),
        "stuck": list(platform.stuck(request.user).select_related("event").order_by("-id")[:SHOWN]),
        "disk": {"free": usage.free, "total": usage.total, "share": usage.used / usage.total},
        "mode": "Celery and Redis" if settings.REDIS_URL else "embedded: worker threads in this process",
        "sandbox_off_by_choice": settings.ALLOW_UNSANDBOXED and not strip.sandbox_on,
    }
    return render(request, "health/_health.html" if is_fragment(request) else "health/health.html", context)
