"""A request whose body is a file: read piece by piece, never held, with what its headers say about it."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from pipelines_app.errors import ArrivalRefused, LooplineError, TooLarge
from pipelines_app.intake import naming, receiving
from pipelines_app.intake.receiving import Received

PIECE = 1 << 20
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
DIGEST = re.compile(r"(?:^|,)\s*sha-256\s*=\s*:([A-Za-z0-9+/=]*):", re.IGNORECASE)


class NotAFile(LooplineError):
    """The body is of a kind that cannot be a file here."""

    code = "unsupported_media_type"
    status = 415


class LengthRequired(LooplineError):
    """The end of the body cannot be told."""

    code = "length_required"
    status = 411


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What the headers promise of the body."""

    name: str
    period: str
    length: int | None
    sha256: str


def announced(request: HttpRequest) -> Announced:
    """What a request says about its file; raises LooplineError for what cannot be."""
    if request.content_type in FORMS:
        raise NotAFile(
            "The file came inside a form.",
            todo="Send the file itself as the body: `curl --data-binary @file -H 'Content-Type: text/csv'`. "
            "Without a content type, curl says that it sends a form.",
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotAFile("Content-Encoding is not understood here.", todo="Send a compressed file as the file it is.")
    length = _length(request)
    if length is not None and length > settings.UPLOAD_MAX_BYTES:
        raise TooLarge(f"{length:,} bytes were announced; {settings.UPLOAD_MAX_BYTES:,} are accepted.")
    return Announced(
        name=_name(request), period=request.GET.get("period", ""), length=length, sha256=_checksum(request)
    )


def receive(request: HttpRequest, promise: Announced) -> Received:
    """Stream the body into the lake; raises ArrivalRefused, after which nothing of it is left."""
    return receiving.receive(
        pieces(request), max_bytes=settings.UPLOAD_MAX_BYTES, length=promise.length, sha256=promise.sha256
    )


def is_chunked(request: HttpRequest) -> bool:
    """Whether the body's length is only known at its end."""
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def pieces(request: HttpRequest) -> Iterator[bytes]:
    """The body in pieces; raises OSError where the connection breaks."""
    body = request
    if is_chunked(request):
        # Django takes a body without a length for an empty one; the server's own stream ends where the body does.
        body = request.META["wsgi.input"]
    try:
        while piece := body.read(PIECE):
            yield piece
    except ValueError as error:  # a chunk that is none, as the embedded server says it
        raise OSError("the chunked body is broken") from error


def _length(request: HttpRequest) -> int | None:
    if is_chunked(request):
        if not request.META.get("wsgi.input_terminated"):
            raise LengthRequired("This server cannot take a chunked body.", todo="Send Content-Length.")
        return None
    text = str(request.META.get("CONTENT_LENGTH") or "")
    if not text.isascii() or not text.isdigit():
        raise LengthRequired("The body's length is not announced.", todo="Send Content-Length, or send it chunked.")
    return int(text)


def _name(request: HttpRequest) -> str:
    disposition = request.headers.get("Content-Disposition", "")
    _, fields = parse_header_parameters(disposition) if disposition else ("", {})
    given = request.GET.get("name", "") or str(fields.get("filename", ""))
    name = naming.plain(given)
    if not name:
        raise ArrivalRefused(
            "The file has no name.", todo='Give it as ?name=… or as Content-Disposition: attachment; filename="…".'
        )
    return name


def _checksum(request: HttpRequest) -> str:
    """The sha256 announced, in hex; empty if none is."""
    given = str(request.headers.get("X-Checksum-Sha256", "")).strip().lower()
    if given and not re.fullmatch(r"[0-9a-f]{64}", given):
        raise ArrivalRefused("X-Checksum-Sha256 is not a sha256 in hex.", todo="Send its 64 digits.")
    field = str(request.headers.get("Content-Digest", ""))
    match = DIGEST.search(field)
    if match is None:
        return given
    digest = _decoded(match.group(1))
    if given and digest != given:
        raise ArrivalRefused("Content-Digest and X-Checksum-Sha256 contradict each other.", todo="Send one of them.")
    return digest


def _decoded(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != 32:
        raise ArrivalRefused("Content-Digest does not hold a sha256.", todo="Send `sha-256=:<base64 of 32 bytes>:`.")
    return raw.hex()
