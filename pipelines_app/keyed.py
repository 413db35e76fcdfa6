"""The `Idempotency-Key` header: the same request again gets the same answer and has no second effect."""

import hashlib
from collections.abc import Callable, Mapping

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from pipelines_app import idempotency
from pipelines_app.access import permits
from pipelines_app.idempotency import Keyed, Reply

LONGEST = 255
KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, "header", description="The same request again is not done twice."
)


def once(request: Request, digest: str, work: Callable[[], Reply]) -> Reply:
    """Do the work, once if the request carries a key; raises KeyReused if the key came with another digest before."""
    key = key_of(request)
    if not key:
        return work()
    return idempotency.once(Keyed(scope=_scope(request), key=key, digest=digest), work)


def digest_of(command: Mapping[str, object]) -> str:
    """A digest of what a command says."""
    return idempotency.digest(*(f"{name}={command[name]}" for name in sorted(command)))


def key_of(request: Request) -> str:
    """The key that a request carries, empty if none; raises ValidationError for what cannot be one."""
    key = str(request.headers.get("Idempotency-Key", "")).strip()
    if len(key) > LONGEST or not key.isprintable():
        raise ValidationError({"Idempotency-Key": [f"A key has at most {LONGEST} printable characters."]})
    return key


def _scope(request: Request) -> str:
    """One person's keys at one address are their own."""
    place = hashlib.sha256(f"{request.method} {request.path}".encode()).hexdigest()
    return f"{permits.signed_in(request.user).pk}:{place}"
