"""The same request under the same key has one effect and one answer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from pipelines_app.errors import KeyReused
from pipelines_app.models import IdempotencyKey


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """A request as far as its idempotency goes: whose, under which key, and a digest of what it asks."""

    scope: str
    key: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a request was answered; `again` if it was answered before."""

    status: int
    answer: dict[str, object]
    again: bool = False


def digest(*parts: str) -> str:
    """A digest of what a request asks."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def once(keyed: Keyed, work: Callable[[], Reply]) -> Reply:
    """Do the work and keep its answer in one transaction, or give the answer kept; raises KeyReused for another body.

    Of any number at once exactly one does the work: the others meet its key when they commit, and undo theirs.
    """
    kept = _kept(keyed)
    if kept is not None:
        return kept
    try:
        with transaction.atomic():
            reply = work()
            IdempotencyKey.objects.create(
                scope=keyed.scope, key=keyed.key, digest=keyed.digest, status=reply.status, answer=reply.answer
            )
    except IntegrityError:
        kept = _kept(keyed)
        if kept is None:
            raise
        return kept
    return reply


def _kept(keyed: Keyed) -> Reply | None:
    row = IdempotencyKey.objects.filter(scope=keyed.scope, key=keyed.key).first()
    if row is None:
        return None
    if row.digest != keyed.digest:
        raise KeyReused(
            f"The key {keyed.key!r} was used before for another request.",
            todo="Use a new key for a new request, and the same key only to send the same one again.",
        )
    return Reply(status=200 if row.status == 201 else row.status, answer=row.answer, again=True)
