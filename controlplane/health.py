"""Whether the platform lives and is ready, for machines; and what a person sees when a page cannot be shown."""

import shutil
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from pipelines_app import lake
from pipelines_app.engines.sandbox.status import sandbox_status
from pipelines_app.models import Pulse

DISK_FLOOR_BYTES = 256 << 20


def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 if work is taken in and done; 503 and what is wrong otherwise."""
    faults = {name: fault for name, fault in _faults().items() if fault}
    if faults:
        return JsonResponse({"status": "not ready", "faults": faults}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"status": "ok"})


def _faults() -> dict[str, str]:
    database = _database_fault()
    return {
        "database": database,
        "sweep": "" if database else sweep_fault(),
        "redis": redis_fault(),
        "sandbox": sandbox_fault(),
        "disk": disk_fault(),
    }


def _database_fault() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "the database does not answer"
    return ""


def sweep_fault() -> str:
    """Why the sweep counts as dead, or nothing."""
    last = Pulse.objects.filter(name="sweep").values_list("at", flat=True).first()
    if last is None:
        return "the sweep has never run"
    limit = timedelta(seconds=3 * settings.SWEEP_SECONDS + 10)
    silent = timezone.now() - last
    return f"the sweep last ran {silent.total_seconds():.0f} s ago" if silent > limit else ""


def redis_fault() -> str:
    """Why Redis counts as away, or nothing; embedded mode has none."""
    if not settings.REDIS_URL:
        return ""
    try:
        Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()
    except RedisError:
        return "Redis does not answer"
    return ""


def sandbox_fault() -> str:
    """Why analysts' SQL cannot run behind the wall here, or nothing."""
    status = sandbox_status()
    return "" if status.enabled or settings.ALLOW_UNSANDBOXED else status.reason


def disk_fault() -> str:
    """Why nothing more can be kept, or nothing."""
    lake.root().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(lake.root()).free
    return f"{free >> 20} MiB are free in the lake" if free < DISK_FLOOR_BYTES else ""


def _page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return render(request, template, {"reference": uuid.uuid4().hex[:12]}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, "errors/403.html", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, "errors/404.html", 404)


def broken(request: HttpRequest) -> HttpResponse:
    return _page(request, "errors/500.html", 500)
