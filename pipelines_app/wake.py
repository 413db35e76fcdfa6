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
START = "start"  # a delivery that may lead to steps: best to those who do steps, and can go on at once
STEP = "step"
NOTIFICATION = "notification"
PROFILE = "profile"
JUDGEMENT = "judgement"  # of what was measured: whoever measures has both in hand
KINDS = (DELIVERY, STEP, NOTIFICATION, PROFILE)  # one bell each; what starts is a delivery


class Ring(Protocol):
    """Wakes a worker for one row; `again` says that the sweep does, which comes by every few seconds."""

    def __call__(self, kind: str, pk: int, *, again: bool = False) -> None: ...


@cache
def _bell(path: str) -> Ring:
    return cast(Ring, import_string(path))


def load() -> None:
    """Have the bell at hand before it is first rung."""
    _bell(settings.WAKE)


class _Thread(threading.local):
    kept: list[int] | None = None


_thread = _Thread()
MOST_KEPT = 16


@contextmanager
def kept_back() -> Iterator[list[int]]:
    """Give the deliveries that this thread rings for to the caller, who sees to them himself, as they are committed.

    That spares a message to Redis and back for each. A few of them: what is more goes to whoever is free.
    """
    kept: list[int] = []
    _thread.kept = kept
    try:
        yield kept
    finally:
        _thread.kept = None


BELLS = 64  # at once: more workers than that are woken by those, and by the sweep


def ring_for_steps(pks: Sequence[int]) -> None:
    """Wake workers for steps that became ready together: whoever comes does one after the other, not that one only."""
    if pks:
        ring(STEP, *pks[:BELLS])


def ring(kind: str, *pks: int, again: bool = False) -> None:
    """Wake a worker for each of these rows once the caller's transaction is committed."""

    def after_commit() -> None:
        bell, kept = _bell(settings.WAKE), _thread.kept
        for pk in pks:
            if kept is not None and len(kept) < MOST_KEPT and kind in (DELIVERY, START):
                kept.append(pk)
            else:
                bell(kind, pk, again=again)

    # A bell may be lost, but what was committed must never look failed to whoever committed it.
    transaction.on_commit(after_commit, robust=True)
