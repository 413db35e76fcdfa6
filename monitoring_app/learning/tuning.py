"""How a promise changes: by what people say of a batch, by new batches, and at a bound that is only tried. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from monitoring_app.learning import measures, teaching
from monitoring_app.learning.bounds import SHARES
from monitoring_app.learning.promises import Batch, Judged, Kind, Measured, Promise

MARGIN = 0.05  # of the width of the bounds: what was fine lies so far within them from then on
STEP = 0.25  # of the width: so far a bound moves at once by what was learned
STILL = 0.02  # of the width: a smaller change is none
LEAST_MARGIN = 0.001  # of shares


def replay(promise: Promise, batches: Sequence[Batch]) -> list[Judged]:
    """A promise with its bounds as they are, held against every batch."""
    return [measures.judge(promise, batch) for batch in batches]


def alarms(judged: Sequence[Judged]) -> int:
    return sum(one.is_kept is False for one in judged)


def at(promise: Promise, low: float | None, high: float | None) -> Promise:
    """The promise at other bounds, the same on every day."""
    return replace(promise, low=low, high=high, weekdays={})


def width(promise: Promise) -> float:
    """By what changes of the bounds are measured."""
    low, high = promise.low, promise.high
    if low is not None and high is not None and high > low:
        return high - low
    return max(abs(high or 0.0), abs(low or 0.0), LEAST_MARGIN if promise.kind in SHARES else 0.0)


def widened(promise: Promise, batch: Batch) -> Promise:
    """The promise after somebody said that this batch was fine: it keeps it from then on."""
    if promise.kind in (Kind.COLUMNS, Kind.DOMAIN, Kind.PATTERN):
        promise = teaching.taught(promise, batch)
    judged = measures.judge(promise, batch)
    found = judged.measured
    if found is None or judged.is_kept:
        return promise
    if promise.kind is Kind.NOT_NULL and len(found.what) < len(promise.columns):
        return replace(promise, columns=tuple(name for name in promise.columns if name not in found.what))
    margin = max(MARGIN * width(promise), LEAST_MARGIN if promise.kind in SHARES else 0.0)
    day = str(batch.day.weekday())
    weekdays = dict(promise.weekdays)
    if day in weekdays:
        weekdays[day] = (min(weekdays[day][0], found.low - margin), max(weekdays[day][1], found.high + margin))
    low = promise.low if promise.low is None else min(promise.low, _over(found.low, promise.low, -margin))
    high = promise.high if promise.high is None else max(promise.high, _over(found.high, promise.high, margin))
    return replace(
        promise, low=low, high=min(high, 1.0) if high and promise.kind in SHARES else high, weekdays=weekdays
    )


def _over(found: float, bound: float, margin: float) -> float:
    """A bound beyond what was found, if that is beyond the bound; else the bound."""
    beyond = found > bound if margin > 0 else found < bound
    return float(f"{found + margin:.6g}") if beyond else bound


def tightened(promise: Promise, batch: Batch, others: Sequence[Batch]) -> Promise:
    """The promise after somebody said that this batch was bad, halfway to what the others held.

    Where the batch lies among the others no bound tells them apart, and it stays as it is.
    """
    found = measures.measure(promise, batch)
    if found is None:
        return promise
    seen = [one for other in others if (one := measures.measure(promise, other)) is not None]
    usual = Measured(low=min((one.low for one in seen), default=found.low), high=_most(seen, found))
    low, high = promise.low, promise.high
    if high is not None and found.high > usual.high:
        high = min(high, float(f"{(usual.high + min(found.high, high)) / 2:.6g}"))
    if low is not None and found.low < usual.low:
        low = max(low, float(f"{(usual.low + max(found.low, low)) / 2:.6g}"))
    return promise if (low, high) == (promise.low, promise.high) else replace(promise, low=low, high=high, weekdays={})


def _most(seen: Sequence[Measured], found: Measured) -> float:
    return max((one.high for one in seen), default=found.high)


def evolved(now: Promise, learned: Promise) -> Promise:
    """The promise a bounded step nearer to what was learned since; the same where nothing worth a word was."""
    step, still = STEP * width(now), STILL * width(now)
    low, high = _towards(now.low, learned.low, step, still), _towards(now.high, learned.high, step, still)
    moved = (low, high) != (now.low, now.high)
    if promise_is_same(now, learned) and not moved:
        return now
    weekdays = learned.weekdays if moved or not now.weekdays else now.weekdays
    return replace(learned, low=low, high=high, weekdays=weekdays)


def promise_is_same(now: Promise, learned: Promise) -> bool:
    """Whether two promises are about the same columns, values and patterns, whatever their bounds."""
    if set(now.columns) != set(learned.columns):
        return False
    known = ("values", "patterns", "types", "kinds")
    return all(_plain(now.terms.get(term)) == _plain(learned.terms.get(term)) for term in known)


def _plain(term: object) -> object:
    return sorted(map(str, term)) if isinstance(term, list) else term


def _towards(now: float | None, learned: float | None, step: float, still: float) -> float | None:
    if now is None or learned is None or abs(learned - now) <= still:
        return now
    return float(f"{max(now - step, min(now + step, learned)):.6g}")
