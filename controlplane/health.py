"""Whether the platform lives and is ready, for machines; and what a person sees when a page cannot be shown."""

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from controlplane import addresses
from monitoring_app import health


def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 if work is taken in and done; 503 and what is wrong otherwise."""
    faults = {name: fault for name, fault in health.faults().items() if fault}
    if faults:
        return JsonResponse({"status": "not ready", "faults": faults}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"status": "ok"})


def _page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return render(request, template, {"reference": uuid.uuid4().hex[:12]}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, "errors/403.html", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return addresses.elsewhere(request) or _page(request, "errors/404.html", 404)


def broken(request: HttpRequest) -> HttpResponse:
    return _page(request, "errors/500.html", 500)
