"""Promises that a dataset's history suggests: few, each with its reason, ordered by what they are worth. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from monitoring_app.learning.bands import LEAST_SEEN
from monitoring_app.learning.bounds import Course
from monitoring_app.learning.candidates import candidates
from monitoring_app.learning.promises import Batch, Kind, Promise, is_outside

FEWEST = LEAST_SEEN
MOST = 30
MOST_MEANS = 5
MOST_ALARMS = 0.1  # of the batches replayed: what alarmed more often promises nothing
HELD = 0.9  # of all batches must be within the bounds
NORMAL = 1.96  # of the 95 % interval
WORTH = {
    Kind.COLUMNS: 1.0,
    Kind.ROWS: 0.97,
    Kind.SAME_ROWS: 0.955,
    Kind.SAME_SUM: 0.945,
    Kind.UNIQUE: 0.95,
    Kind.KEY: 0.94,
    Kind.NOT_NULL: 0.93,
    Kind.REFERENCES: 0.91,
    Kind.CALENDAR: 0.9,
    Kind.MOMENTS: 0.88,
    Kind.NULLS: 0.85,
    Kind.DOMAIN: 0.84,
    Kind.FRESH: 0.8,
    Kind.DETERMINES: 0.74,
    Kind.ORDERED: 0.72,
    Kind.PATTERN: 0.7,
    Kind.REPEATS: 0.68,
    Kind.RANGE: 0.6,
    Kind.MEAN: 0.58,
    Kind.DRIFT: 0.56,
}
WIDE = 3.0  # times the width of what was seen: a bound that far out promises little
CONSTANT = 30  # batches in which a column held one number alone, before it is said to hold no other
LOOSE = 0.5  # of the rows: a bound on a share beyond it promises little


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A promise worth making, by what happened: kept in so many batches of so many, alarmed in so many replayed."""

    promise: Promise
    kept: int
    seen: int
    alarms: int
    judged: int
    confidence: float
    worth: float


def viable(batches: Sequence[Batch]) -> dict[str, Proposal]:
    """Everything that could be promised after these batches, all of which stood, the oldest first, by its key.

    Before the third batch there is nothing.
    """
    known = [batch for batch in batches if batch.profile.rows]
    if len(known) < FEWEST:
        return {}
    tried = ((key(promise), _tried(promise, known)) for promise in candidates(known))
    return {name: one for name, one in tried if one is not None}


def propose(batches: Sequence[Batch]) -> list[Proposal]:
    """What is worth proposing: few, the worthiest first."""
    return chosen(viable(batches).values())


def chosen(found: Iterable[Proposal]) -> list[Proposal]:
    """The worthiest of these."""
    ordered = sorted(_apart(list(found)), key=lambda one: (-one.worth, one.promise.kind, one.promise.columns))
    means = [one for one in ordered if one.promise.kind is Kind.MEAN][MOST_MEANS:]
    return [one for one in ordered if one not in means][:MOST]


def key(promise: Promise) -> str:
    """What a promise is about: of two with the same key one is enough."""
    if promise.kind in (Kind.COLUMNS, Kind.NOT_NULL, Kind.CALENDAR):
        return promise.kind.value
    columns = promise.columns[:1] if promise.kind is Kind.NULLS else promise.columns
    other = (promise.beside.dataset, promise.beside.to) if promise.beside is not None else ()
    return "\n".join((promise.kind.value, *columns, *other))


def _tried(promise: Promise, batches: Sequence[Batch]) -> Proposal | None:
    """The promise with its bounds, unless its own history speaks against it."""
    course = Course(promise).go(batches)
    if len(course.seen) < min(FEWEST, len(batches)):
        return None
    bounded = course.bounded()
    outside = sum(is_outside(one, *_limits(bounded)) for one in course.seen)
    kept, seen = len(course.seen) - outside, len(course.seen)
    if kept < HELD * seen or course.alarms > max(1.0, MOST_ALARMS * course.judged) or _is_empty(bounded, course):
        return None
    confidence = wilson(kept, seen)
    loud = course.alarms / course.judged if course.judged else 0.0
    return Proposal(
        promise=bounded,
        kept=kept,
        seen=seen,
        alarms=course.alarms,
        judged=course.judged,
        confidence=confidence,
        worth=WORTH[bounded.kind] * confidence * (1 - loud) * tightness(bounded, course),
    )


def _limits(promise: Promise) -> tuple[float | None, float | None]:
    return promise.low, promise.high


def _is_empty(promise: Promise, course: Course) -> bool:
    """Whether it says nothing: a bound that nothing could be beyond, or far beyond what there was."""
    if promise.high is None:
        return True
    if promise.kind in (Kind.NULLS, Kind.REPEATS, Kind.DOMAIN, Kind.PATTERN, Kind.DRIFT):
        return promise.high >= LOOSE
    if promise.kind is Kind.RANGE and course.edges == (None, None):
        return True
    if promise.kind is Kind.RANGE and promise.low == promise.high and len(course.seen) < CONSTANT:
        return True
    return promise.kind in (Kind.RANGE, Kind.MEAN) and tightness(promise, course) < 1 / (1 + WIDE)


def tightness(promise: Promise, course: Course) -> float:
    """How near the bounds lie to what was seen: 1 where they are what was seen, towards 0 the farther they are."""
    if promise.low is None or promise.high is None or promise.kind not in (Kind.RANGE, Kind.MEAN):
        return 1.0
    unit = float(promise.terms.get("unit", 1.0))
    least, most = min(one.low for one in course.seen), max(one.high for one in course.seen)
    slack = max(0.0, promise.high - promise.low - (most - least))
    return 1 / (1 + slack / max(most - least, unit))


def _apart(found: Sequence[Proposal]) -> Iterator[Proposal]:
    """One promise about how a column's numbers lie is enough: its range, or its mean where that says more."""
    ranges = {one.promise.columns: one.worth for one in found if one.promise.kind is Kind.RANGE}
    means = {one.promise.columns: one.worth for one in found if one.promise.kind is Kind.MEAN}
    for one in found:
        columns = one.promise.columns
        if one.promise.kind is Kind.RANGE and means.get(columns, 0.0) > ranges[columns]:
            continue
        if one.promise.kind is Kind.MEAN and ranges.get(columns, 0.0) >= means[columns]:
            continue
        yield one


def wilson(kept: int, seen: int) -> float:
    """The lower end of the 95 % interval of the share in which it is kept (Wilson, 1927)."""
    if not seen:
        return 0.0
    share, z = kept / seen, NORMAL**2 / seen
    middle = share + z / 2
    spread = NORMAL * sqrt(share * (1 - share) / seen + z / (4 * seen))
    return max(0.0, (middle - spread) / (1 + z))
