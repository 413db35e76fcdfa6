"""What a process has freed goes back to the machine. It stands alone: the child behind the wall reads it, too."""

import ctypes
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


def give_back() -> None:
    """Return what is free to the machine: milliseconds, and nothing is slower afterwards but the next growth."""
    _trim(0)
