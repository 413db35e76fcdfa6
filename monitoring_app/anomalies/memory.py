"""What this process has learned of datasets, kept so that a batch costs that batch and not all those before it.

Nothing depends on it: what is not remembered, or was learned from other batches than those that count now, is learned
anew from what is stored. Only the datasets that were judged last are remembered, and none once all is quiet.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from monitoring_app.anomalies import lessons
from monitoring_app.anomalies.lessons import MOST, Lesson
from monitoring_app.learning.batches import Learner

DATASETS = 24
FIRST = 7  # batches by which units are chosen
CATCH_UP = 30  # batches that are learned on top of what is known; of more it is quicker to begin anew
AT_ONCE = 8  # profiles read into memory: one of twenty columns is half a megabyte
HEADERS = 30  # of the batches before: a column that was in the newest of them is expected


@dataclass(kw_only=True)
class Known:
    """What the batches so far taught, and which they were; `headers` are the columns of the last of them."""

    learner: Learner
    lessons: list[Lesson] = field(default_factory=list)
    headers: list[tuple[str, ...]] = field(default_factory=list)
    used_at: float = 0.0  # by the clock of time.monotonic()

    def lacks(self, wanted: Sequence[Lesson]) -> int | None:
        """How many of the last of these batches are not learned yet; None where it was taught by others."""
        for new in range(min(len(wanted), CATCH_UP + 1)):
            kept = list(wanted[: len(wanted) - new])
            is_all = len(kept) == len(self.lessons) or len(wanted) == MOST  # those before the window teach on
            if is_all and self.lessons[len(self.lessons) - len(kept) :] == kept:
                return new
        return None


_lock = threading.Lock()
_known: OrderedDict[int, Known] = OrderedDict()


def take(dataset: int, wanted: Sequence[Lesson]) -> Known:
    """What exactly these batches teach; it is the caller's alone until it is given back."""
    with _lock:
        known = _known.pop(dataset, None)
    new = known.lacks(wanted) if known is not None and len(known.lessons) >= FIRST else None
    if known is None or new is None:
        return _learned(wanted)
    _learn(known, wanted[len(wanted) - new :])
    return known


def give_back(dataset: int, known: Known) -> None:
    """Let it be remembered, and forget what was not asked for longest."""
    known.used_at = time.monotonic()
    with _lock:
        _known[dataset] = known
        while len(_known) > DATASETS:
            _known.popitem(last=False)


def forget_unused(since: float) -> None:
    """Forget what nobody asked for since a moment of `time.monotonic()`: it is several megabytes for each dataset."""
    with _lock:
        for dataset in [dataset for dataset, known in _known.items() if known.used_at < since]:
            del _known[dataset]


def forget() -> None:
    """Forget all of it."""
    with _lock:
        _known.clear()


def _learned(wanted: Sequence[Lesson]) -> Known:
    read = lessons.read(wanted[:FIRST])
    known = Known(learner=Learner([read[one.profile] for one in wanted[:FIRST]]))
    _learn(known, wanted)
    return known


def _learn(known: Known, new: Sequence[Lesson]) -> None:
    for start in range(0, len(new), AT_ONCE):
        portion = new[start : start + AT_ONCE]
        read = lessons.read(portion)
        for lesson in portion:
            profile = read[lesson.profile]
            known.learner.learn(profile, lesson.day, lesson.excused)
            known.headers.append(tuple(column.name for column in profile.columns))
    known.lessons += new
    del known.lessons[:-MOST], known.headers[:-HEADERS]
