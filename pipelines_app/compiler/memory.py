"""What was worked out before, kept in the process so that equal work is not done twice."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """The newest results by what they were worked out from; what was not asked for longest is forgotten first.

    A key holds everything the result depends on, so that nothing in here is ever out of date.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = Lock()

    def recall(self, key: Hashable) -> Value | None:
        """What is known under this key, if it is still known."""
        with self._lock:
            if key not in self._known:
                return None
            self._known.move_to_end(key)
            return self._known[key]

    def keep(self, key: Hashable, value: Value) -> Value:
        """Keep a result, and give it back."""
        with self._lock:
            self._known[key] = value
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return value

    def forget(self) -> None:
        """Begin anew, as a measurement of work from nothing must."""
        with self._lock:
            self._known.clear()
