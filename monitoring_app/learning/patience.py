"""How surprising a number may be before it is told of, by how surprising numbers like it have been. Pure.

A number that was surprising now and then without being wrong is not believed at once; nor are those of its column, nor
those that say the same of other columns, nor any of the batch, each to the degree to which days without a fault
surprised. What happened once may be the fault one looks for: it makes nobody patient.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping

from monitoring_app.learning.bands import WINDOW, second_greatest
from monitoring_app.learning.numbers import Key
from monitoring_app.profiling.profile import Metric

Group = Callable[[Key], Key]
BELIEVED = 1.0
# What is said of single values, not of how they are spread: few batches settle it, and no odd day unsettles it.
VALIDITY = "validity"
VALID = frozenset(
    {
        Metric.NULL_SHARE.value,
        Metric.MISFIT_SHARE.value,
        Metric.INFINITE_SHARE.value,
        Metric.BLANK_SHARE.value,
        Metric.PADDED_SHARE.value,
        Metric.FOREIGN_SHARE.value,
        "matches_pattern",
        "new_value_rate_below",
        "duplicate_rows_below",
    }
)
TIMID = 14  # with fewer batches than that, more must happen
DOUBLE = 8  # so many batches fewer, and twice as much must


def _itself(key: Key) -> Key:
    return key


def _column(key: Key) -> Key:
    return key[0], ""


def _check(key: Key) -> Key:
    return "", key[1].partition(" ")[0]


def _all(key: Key) -> Key:
    return "", VALIDITY if key[1] in VALID else ""


GROUPS: tuple[Group, ...] = (_itself, _column, _check, _all)


class Patience:
    """The surprises of the batches so far, of which only what was surprising is kept."""

    def __init__(self) -> None:
        self._batches: deque[Mapping[Key, float]] = deque(maxlen=WINDOW)
        self._factors: list[Mapping[Key, float]] = [{} for _ in GROUPS]

    def add(self, surprises: Mapping[Key, float]) -> None:
        """Take in how surprising each number of a batch was that stood."""
        self._batches.append({key: value for key, value in surprises.items() if value > BELIEVED})
        left = list(self._batches)
        for place, group in enumerate(GROUPS):
            factors = _factors(left, group)
            left = [{key: value / factors[group(key)] for key, value in one.items()} for one in left]
            self._factors[place] = factors

    def of(self, key: Key) -> float:
        """By how much a number must surprise to be told of."""
        factor = 1.0 if key[1] in VALID else max(1.0, 1.0 + (TIMID - len(self._batches)) / DOUBLE)
        for group, factors in zip(GROUPS, self._factors, strict=True):
            factor *= factors.get(group(key), BELIEVED)
        return factor


def _factors(batches: Iterable[Mapping[Key, float]], group: Group) -> dict[Key, float]:
    """For each group of numbers the second greatest of its surprises, one for each batch."""
    found: dict[Key, list[float]] = defaultdict(list)
    for batch in batches:
        most: dict[Key, float] = defaultdict(float)
        for key, value in batch.items():
            most[group(key)] = max(most[group(key)], value)
        for name, value in most.items():
            found[name].append(value)
    return {name: second_greatest(values) for name, values in found.items()}
