"""What holds for every answer: a strict content policy, times in the viewer's zone, 503 without a database."""

import logging
import re
import zoneinfo
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from pipelines_app.api import hooks, problems
from pipelines_app.errors import NotFound

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError, InternalError)
MACHINES = ("/api/", "/hooks/")
HOOK = re.compile(r"/hooks/([-a-zA-Z0-9_]+)")

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
        response.headers.setdefault("X-Frame-Options", "DENY")  # static files leave before the middleware that does it
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return middleware


def no_nul(answer: Answerer) -> Answerer:
    """Find nothing at an address with a NUL character: no name has one, and PostgreSQL does not take one.

    The API reads its own parameters, and says which of them is wrong.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        machine = request.path.startswith(MACHINES)
        if "\0" in request.path and machine:
            return problems.response(NotFound("There is nothing at an address with a NUL character."))
        if not machine and ("\0" in request.path or "%00" in request.META.get("QUERY_STRING", "")):
            raise Http404
        return answer(request)

    return middleware


def suppliers(answer: Answerer) -> Answerer:
    """Take a supplier's message straight to its door: who sends it has no session, and is shown no page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        hook = HOOK.fullmatch(request.path_info)
        return hooks.receive(request, hook[1]) if hook else answer(request)

    return middleware


def viewer_zone(answer: Answerer) -> Answerer:
    """Read and write times in the zone of the person who asks."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            zone = _zone(request)
        except AWAY as error:  # the first query of most pages is the one that asks who is there
            return _away(request, error)
        with zone:
            return answer(request)

    return middleware


def _zone(request: HttpRequest) -> AbstractContextManager[None]:
    zone = getattr(request.user, "zone", "")
    return timezone.override(zoneinfo.ZoneInfo(zone)) if zone else nullcontext()


class DatabaseAway:
    """Answer 503, and when to come back, where the database does not answer."""

    def __init__(self, answer: Answerer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Called for what a view raises; the API's own views have answered before."""
        return _away(request, exception) if isinstance(exception, AWAY) else None


def _away(request: HttpRequest, error: Exception) -> HttpResponse:
    """A page for people, a problem for machines; made without asking the database for anything."""
    logger.error("the database is away", exc_info=error)
    if request.path.startswith(MACHINES):
        return problems.away()
    return HttpResponse(render_to_string("errors/503.html"), status=503, headers=problems.RETRY_AFTER)
