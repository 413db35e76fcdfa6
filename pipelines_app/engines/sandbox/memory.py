"""What a process has freed goes back to the machine. It stands alone: the child behind the wall reads it, too."""

import ctypes
import gc
from collections.abc import Callable

_c = ctypes.CDLL(None)
# glibc keeps freed memory unless asked, and a heap for each thread; other C libraries have neither call nor habit.
_trim: Callable[[int], object] = getattr(_c, "malloc_trim", abs)
_tell: Callable[[int, int], object] | None = getattr(_c, "mallopt", None)
M_ARENA_MAX = -8  # <malloc.h>


def share_one_heap() -> None:
    """Have all threads that begin from here on take from one heap: what one has freed another can use."""
    if _tell is not None:
        _tell(M_ARENA_MAX, 1)


def keep_for_good() -> None:
    """Have no search for garbage walk through what is loaded by now: it is most of what there is, and none of it."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Return what is free to the machine: milliseconds, and nothing is slower afterwards but the next growth."""
    gc.collect()  # trees of queries point at their own parts, and wait for it
    _trim(0)
