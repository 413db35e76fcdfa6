"""The platform's own health: what has to work so that work is taken in and done."""

import shutil
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.module_loading import import_string

from monitoring_app.alerts import heartbeat
from monitoring_app.models import Alert
from pipelines_app import lake
from pipelines_app.engines.sandbox.wall import sandbox_status
from pipelines_app.models import Pulse

DISK_FLOOR_BYTES = 256 << 20
ONLY_SLOWER = frozenset({"redis", "mail"})  # mail waits; without wake-ups the sweep finds what is accepted


def faults() -> dict[str, str]:
    """What keeps the platform from being ready, by part; an empty text where all is well."""
    database = database_fault()
    return {
        "database": database,
        "sweep": "" if database else sweep_fault(),
        "redis": redis_fault(),
        "sandbox": sandbox_fault(),
        "disk": disk_fault(),
        "mail": "" if database else mail_fault(),
    }


def database_fault() -> str:
    """Why the database counts as away, or nothing."""
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
    if not settings.REDIS_URL or import_string(settings.REDIS_PROBE)(settings.REDIS_URL):
        return ""
    return "Redis does not answer"


def mail_fault() -> str:
    """What the mail server last answered that it should not, or nothing; it is asked every few minutes."""
    broken = Alert.objects.unresolved().filter(rule=heartbeat.MAIL)
    return broken.values_list("what", flat=True).first() or ""


def sandbox_fault() -> str:
    """Why analysts' SQL cannot run behind the wall here, or nothing."""
    status = sandbox_status()
    return "" if status.enabled or settings.ALLOW_UNSANDBOXED else status.reason


def disk_fault() -> str:
    """Why nothing more can be kept, or nothing."""
    lake.root().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(lake.root()).free
    return f"{free >> 20} MiB are free in the lake" if free < DISK_FLOOR_BYTES else ""
