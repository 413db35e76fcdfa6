"""What holds for every answer: a strict content policy, and times in the viewer's zone."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

Answerer = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "manifest-src 'self'",
    ]
)


def security_headers(answer: Answerer) -> Answerer:
    """Send the content policy with everything, also with errors."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return middleware


def viewer_zone(answer: Answerer) -> Answerer:
    """Read and write times in the zone of the person who asks."""

    def middleware(request: HttpRequest) -> HttpResponse:
        zone = getattr(request.user, "zone", "")
        if not zone:
            return answer(request)
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            return answer(request)

    return middleware
