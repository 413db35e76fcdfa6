"""What a process has freed goes back to the machine. It stands alone: the child behind the wall reads it, too."""

import ctypes
from collections.abc import Callable

# glibc keeps freed memory unless asked; other C libraries have no such call and no such habit.
_trim: Callable[[int], object] = getattr(ctypes.CDLL(None), "malloc_trim", abs)


def give_back() -> None:
    """Return what is free to the machine: milliseconds, and nothing is slower afterwards but the next growth."""
    _trim(0)
