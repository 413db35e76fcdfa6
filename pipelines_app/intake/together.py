"""What comes at the same time is done together: of the threads that ask, one at a time does the work of all that wait.

There is no thread of its own for it, and nobody waits for company: who comes alone is served at once. The first to
come leads: it takes everybody who waits by then, does the work, gives each an answer, and lets the next who waits by
then lead. So the more come at once, the more share one transaction.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(kw_only=True, eq=False)
class _Waiting(Generic[Asked, Answer]):
    """One who waits; `called` once it is answered, or has to lead."""

    asked: Asked
    called: threading.Event = field(default_factory=threading.Event)
    is_over: bool = False
    answer: Answer | None = None


class Together(Generic[Asked, Answer]):
    """Does `work` for many at once, `most` at most; where it answers with nothing, each has to see to its own."""

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer | None]], *, most: int) -> None:
        self._work, self._most = work, most
        self._lock = threading.Lock()
        self._queue: deque[_Waiting[Asked, Answer]] = deque()
        self._is_led = False

    def ask(self, asked: Asked) -> Answer | None:
        """The answer of the work, or nothing: then none of it was done for this one, as far as anybody knows.

        Raises what the work raises in the thread that leads; the others of its group are left without an answer.
        """
        mine: _Waiting[Asked, Answer] = _Waiting(asked=asked)
        with self._lock:
            self._queue.append(mine)
            leads, self._is_led = not self._is_led, True
        if not leads:
            mine.called.wait()
        if not mine.is_over:
            self._lead()
        return mine.answer

    def _lead(self) -> None:
        """Serve those who wait: whoever leads is the first of them."""
        with self._lock:
            group = [self._queue.popleft() for _ in range(min(len(self._queue), self._most))]
        answers: Sequence[Answer | None] = [None] * len(group)
        try:
            answers = self._work([one.asked for one in group])
        finally:  # also when this thread breaks: nobody is left waiting
            self._hand_over()
            for one, answer in zip(group, answers, strict=True):
                one.answer, one.is_over = answer, True
                one.called.set()

    def _hand_over(self) -> None:
        with self._lock:
            self._is_led = bool(self._queue)
            if self._queue:
                self._queue[0].called.set()
