"""Whether the platform lives and is ready, for machines; and what a person sees when a page cannot be shown."""

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from controlplane import addresses
from monitoring_app import health
from pipelines_app.models import ANY_ROLE, User


def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 if work is taken in and done; 503 and what is wrong otherwise.

    What only slows it down is named as `degraded`: to take this process from its address would turn files away for it.
    """
    faults = {name: fault for name, fault in health.faults().items() if fault}
    if faults and faults.keys() <= health.ONLY_SLOWER:
        return JsonResponse({"status": "degraded", "degraded": faults})
    if faults:
        return JsonResponse({"status": "not ready", "faults": faults}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"status": "ok"})


def _page(request: HttpRequest, template: str, status: int, **more: object) -> HttpResponse:
    return render(request, template, {"reference": uuid.uuid4().hex[:12], **more}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What a person may not do; who is in no team at all is told that, and where to go."""
    user = request.user
    teamless = isinstance(user, User) and not user.teams_with(*ANY_ROLE).exists()
    return _page(request, "errors/403.html", 403, teamless=teamless)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return addresses.elsewhere(request) or _page(request, "errors/404.html", 404)


def broken(request: HttpRequest) -> HttpResponse:
    return _page(request, "errors/500.html", 500)
