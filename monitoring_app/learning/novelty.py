"""Values, patterns and rows that no batch before held, and how often each known one comes. Pure."""

from array import array
from collections import Counter, deque
from collections.abc import Iterator, Mapping

from monitoring_app.learning.bands import LEAST_SHARE, WINDOW, Number, share
from monitoring_app.profiling.profile import ColumnProfile, Counted

KNOWN = 12  # values and patterns whose own share is watched
KEPT = 0.9  # of the batches: a value that came in fewer is not missed


class Sketches:
    """The hashes that past batches kept of one column, or of the rows."""

    def __init__(self) -> None:
        self._held: deque[tuple[array[int], int]] = deque(maxlen=WINDOW)  # of hashes: a mapping takes ten times more
        self._seen: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._held)

    def new(self, sketch: Mapping[int, int], below: int) -> tuple[float, float, float]:
        """The share of values, and of rows, that none of the past batches had; and of how many values it was taken."""
        limit = min([below, *(other for _, other in self._held)])
        comparable = {one: rows for one, rows in sketch.items() if one < limit}
        if not comparable or not self._held:
            return 0.0, 0.0, 0.0
        unseen = [one for one in comparable if one not in self._seen]
        rows = sum(comparable.values())
        return len(unseen) / len(comparable), sum(comparable[one] for one in unseen) / rows, float(len(comparable))

    def add(self, sketch: Mapping[int, int], below: int) -> None:
        if not sketch:
            return
        if len(self._held) == WINDOW:
            gone, _ = self._held[0]
            self._seen.subtract(gone)
            self._seen += Counter()
        self._held.append((array("Q", sketch), below))
        self._seen.update(sketch.keys())


class Shares:
    """How often each value of a small domain, or each pattern, came in past batches."""

    def __init__(self) -> None:
        self._batches: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._number = 0

    def known(self, counted: tuple[Counted, ...], of: int) -> Iterator[tuple[str, Number]]:
        """The share of each of the most frequent known ones, none where it is missing."""
        found = {one.text: one.rows for one in counted}
        for text, _ in self._rows.most_common(KNOWN):
            if self._batches[text] >= KEPT * self._number:
                yield text, share(found.get(text, 0) / of, of, 2 * LEAST_SHARE)

    def new(self, counted: tuple[Counted, ...], of: int) -> Number:
        """The share of rows with one that never came."""
        unseen = sum(one.rows for one in counted if one.text not in self._rows)
        return share(unseen / of, of, is_harmless_below=True)

    def add(self, counted: tuple[Counted, ...]) -> None:
        self._number += 1
        for one in counted:
            self._batches[one.text] += 1
            self._rows[one.text] += one.rows

    @property
    def number(self) -> int:
        return self._number


def is_small(column: ColumnProfile) -> bool:
    """Whether a column's values are so few that each of them is somebody."""
    return column.is_whole and 0 < len(column.top) <= max(2, column.counted // 5)
