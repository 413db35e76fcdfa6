"""The door for suppliers: signed messages, from programs that have neither a session nor a token."""

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from pipelines_app.api import incoming, problems
from pipelines_app.errors import ArrivalRefused, LooplineError, TooLarge
from pipelines_app.intake import refusals, webhooks
from pipelines_app.intake.proving import Message
from pipelines_app.models import Arrival


class NotPost(LooplineError):
    """A webhook is only ever posted to."""

    code = "method_not_allowed"
    status = 405


# Whoever posts here proves who they are by signing the body; there is no cookie that another site could use.
@csrf_exempt
def receive(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a signed message in: 201 once it is committed, 200 if it had come before."""
    if request.method != "POST":
        refusal = problems.response(NotPost("A webhook takes POST.", todo="Send the signed message by POST."))
        refusal.headers["Allow"] = "POST"
        return refusal
    try:
        return _answer(request, public_id)
    except LooplineError as refusal_of_house:
        return problems.response(refusal_of_house)
    except (OperationalError, InterfaceError, InternalError):
        return problems.away()


def _answer(request: HttpRequest, public_id: str) -> HttpResponse:
    now, address = timezone.now(), str(request.META.get("REMOTE_ADDR", ""))
    webhook = webhooks.known(public_id)
    with refusals.noted(webhook, bytes=_announced(request), address=address, now=now):
        message = _message(request)
    arrival = webhooks.take_quickly(webhook, message, now=now, address=address)
    if arrival is not None:
        return _told(arrival, repeated=False)
    webhook = webhooks.find(public_id)
    with refusals.noted(webhook, bytes=_announced(request), address=address, now=now):
        arrival, repeated = webhooks.receive(webhook, message, now=now, address=address)
    return _told(arrival, repeated=repeated)


def _told(arrival: Arrival, *, repeated: bool) -> HttpResponse:
    answer = {"arrival": arrival.pk, "state": arrival.state, "disposition": arrival.disposition}
    return JsonResponse(answer, status=200 if repeated else 201)


def _announced(request: HttpRequest) -> int | None:
    """How long the body is, as its sender says."""
    text = str(request.META.get("CONTENT_LENGTH") or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _message(request: HttpRequest) -> Message:
    return Message(
        headers=dict(request.headers),
        body=_body(request),
        content_type=request.headers.get("Content-Type", ""),
        name=request.GET.get("name", ""),
        period=request.GET.get("period", ""),
    )


def _body(request: HttpRequest) -> bytes:
    """The whole body; raises TooLarge before reading what is announced as too large, or as soon as it becomes so."""
    announced = str(request.META.get("CONTENT_LENGTH") or "0")
    if not announced.isdigit() or int(announced[:20]) > settings.WEBHOOK_MAX_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        for piece in incoming.pieces(request):
            body += piece
            if len(body) > settings.WEBHOOK_MAX_BYTES:
                raise _too_large()
    except OSError as error:
        raise ArrivalRefused("The connection broke before the message was whole.", todo="Send it again.") from error
    return bytes(body)


def _too_large() -> TooLarge:
    return TooLarge(
        f"A webhook takes up to {settings.WEBHOOK_MAX_BYTES:,} bytes.",
        todo="Send less at once, or upload a file.",
    )
