"""The door of Prometheus: to whom the numbers are told, and for how long they are good."""

import ipaddress
import secrets
from collections.abc import Iterable

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET

LOOPBACK = ("127.0.0.0/8", "::1/128")
TEXT = "text/plain; version=0.0.4; charset=utf-8"
PASSED_ON = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, to who has the token or asks from an allowed address; with neither setting, to this machine."""
    if not (_has_token(request) or _is_near(request)):
        return HttpResponse("Metrics are told to who has the token, or asks from an allowed address.\n", status=403)
    text = cache.get_or_set("metrics", _written, settings.METRICS_SECONDS)
    return HttpResponse(text, content_type=TEXT, headers={"Cache-Control": "no-store"})


def _written() -> bytes:
    """The numbers as text; prometheus-client is loaded by who asks for them first, for most never do."""
    written: bytes = import_string(settings.METRICS_WRITER)(timezone.now())
    return written


def _has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").encode()
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, wanted)


def _is_near(request: HttpRequest) -> bool:
    """Whether the other end of the connection is allowed; who comes through a proxy has no address that counts."""
    if any(name in request.headers for name in PASSED_ON):
        return False
    try:
        asking = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(asking in ipaddress.ip_network(one) for one in _allowed())


def _allowed() -> Iterable[str]:
    if settings.METRICS_FROM or settings.METRICS_TOKEN:
        return settings.METRICS_FROM
    return LOOPBACK
