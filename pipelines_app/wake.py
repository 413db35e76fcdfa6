"""The doorbell: says that there is work, after commit. It may be lost, doubled or late; the sweep rings again."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

DELIVERY = "delivery"
STEP = "step"
NOTIFICATION = "notification"


class Ring(Protocol):
    """Wakes a worker for one row; `again` says that the sweep does, which comes by every few seconds."""

    def __call__(self, kind: str, pk: int, *, again: bool = False) -> None: ...


class _Hand(threading.local):
    """What a thread that does steps itself has kept instead of ringing for it."""

    kept: list[int] | None = None


_hand = _Hand()


@contextmanager
def in_hand() -> Iterator[list[int]]:
    """Keep the first step that this thread makes ready for the thread itself, which has to do it at once."""
    kept: list[int] = []
    _hand.kept = kept
    try:
        yield kept
    finally:
        _hand.kept = None


@cache
def _bell(path: str) -> Ring:
    return cast(Ring, import_string(path))


BELLS = 64  # at once: more workers than that are woken by those, and by the sweep


def ring_for_steps(pks: Sequence[int]) -> None:
    """Wake workers for steps that became ready together: whoever comes does one after the other, not that one only."""
    for pk in pks[:BELLS]:
        ring(STEP, pk)


def ring(kind: str, pk: int, *, again: bool = False) -> None:
    """Wake a worker for this row once the caller's transaction is committed."""
    transaction.on_commit(lambda: _wake(kind, pk, again=again))


def _wake(kind: str, pk: int, *, again: bool) -> None:
    if kind == STEP and _hand.kept is not None and not _hand.kept:
        _hand.kept.append(pk)
    else:
        _bell(settings.WAKE)(kind, pk, again=again)
