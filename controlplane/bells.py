"""The bells of embedded mode: one queue for each kind of work, heard by threads of this process."""

import queue
import threading
from collections.abc import Callable

from pipelines_app import wake

Work = tuple[str, int]
Bell = queue.SimpleQueue[Work | None]
# One for each kind of work: long steps must not keep events waiting, nor a slow mail server the steps.
_bells: dict[str, Bell] = {kind: queue.SimpleQueue() for kind in wake.KINDS}
_open = threading.Event()
_rung: set[Work] = set()  # and not taken yet: the sweep rings for the same work again and again
_lock = threading.Lock()
_elsewhere: list[Callable[[Work], None]] = []


def ring(kind: str, pk: int, *, again: bool = False) -> None:
    """Wake a thread of this process; where none runs, the sweep of the process that works will find the work."""
    work = (wake.DELIVERY if kind == wake.START else kind, pk)  # here one thread has both in hand
    for pass_on in _elsewhere:
        pass_on(work)
    with _lock:
        if not _open.is_set() or work in _rung:
            return
        _rung.add(work)
    of(wake.PROFILE if kind == wake.JUDGEMENT else work[0]).put(work)


def ring_elsewhere(pass_on: Callable[[Work], None]) -> None:
    """Have whoever rings in this process heard in another."""
    _elsewhere.append(pass_on)


def of(kind: str) -> Bell:
    """The queue of one kind of work."""
    return _bells[kind]


def begin() -> None:
    """From here on somebody hears them."""
    with _lock:
        _rung.clear()
        _open.set()


def are_heard() -> bool:
    """Whether new work is to be begun."""
    return _open.is_set()


def end(hearers: int) -> None:
    """Ring for no more work, and ask as many hearers of each bell to end."""
    _open.clear()
    for bell in _bells.values():
        for _ in range(hearers):
            bell.put(None)


def taken(work: Work) -> None:
    """From here on ringing again means what has changed since."""
    with _lock:
        _rung.discard(work)
