"""What a worker makes ready it goes on with itself: its claim is committed with what made the step ready.

That spares a commit, a message to Redis and back, and whoever would wait for them.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from pipelines_app import wake
from pipelines_app.runs import leases
from pipelines_app.runs.leases import Claim


@dataclass(kw_only=True)
class Hand:
    """One worker's, for one step: `claim` is what it holds once that is committed."""

    owner: str
    is_free: bool = True
    claim: Claim | None = None


class _Thread(threading.local):
    hand: Hand | None = None


_thread = _Thread()


@contextmanager
def hold_open(owner: str) -> Iterator[Hand]:
    """Let the first step that this thread makes ready be its own."""
    hand = _thread.hand = Hand(owner=owner)
    try:
        yield hand
    finally:
        _thread.hand = None


def go_on(ready: Sequence[int]) -> None:
    """Have steps done that the caller's transaction has made ready: one by this thread if its hand is free."""
    hand = _thread.hand
    claim = leases.claim_own(ready[0], hand.owner) if ready and hand is not None and hand.is_free else None
    if hand is not None and claim is not None:
        hand.is_free = False
        transaction.on_commit(partial(setattr, hand, "claim", claim))
        ready = ready[1:]
    wake.ring_for_steps(ready)
