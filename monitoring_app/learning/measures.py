"""What a batch holds of each kind of promise, by its profile. Pure."""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite

from monitoring_app.learning import calendars
from monitoring_app.learning.promises import ACROSS, Batch, Judged, Kind, Measured, Promise
from monitoring_app.profiling.asking import WHOLE_BELOW
from monitoring_app.profiling.profile import ColumnProfile, Hold, Metric, Pair, Tie

SHOWN = 5
NEARLY = 0.1  # of many values: how many differ is reckoned, not counted, and may be so far from the truth


def judge(promise: Promise, batch: Batch) -> Judged:
    """A promise held against a batch."""
    low, high = promise.limits(batch.day)
    return Judged(promise=promise, measured=measure(promise, batch), low=low, high=high)


def measure(promise: Promise, batch: Batch) -> Measured | None:
    """What a batch holds of what is promised; None where it holds nothing of it."""
    return _MEASURES[promise.kind](promise, batch)


def _number(value: float | None, *, of: float = 0.0, what: tuple[str, ...] = ()) -> Measured | None:
    return None if value is None or not isfinite(value) else Measured(low=value, high=value, of=of, what=what)


def _columns(promise: Promise, batch: Batch) -> Measured | None:
    found = {column.name: column.type for column in batch.profile.columns}
    types: Mapping[str, str] = promise.terms.get("types", {})
    said = [f"{name} is missing" for name in promise.columns if name not in found]
    said += [f"{name} is new" for name in found if name not in promise.columns]
    said += [f"{name} is {found[name]}" for name in types if name in found and found[name] != types[name]]
    return _number(float(len(said)), what=tuple(said[:SHOWN]))


def _rows(promise: Promise, batch: Batch) -> Measured | None:
    return _number(float(batch.profile.rows))


def _repeats(promise: Promise, batch: Batch) -> Measured | None:
    return _number(batch.profile.metrics.get(Metric.DUPLICATE_SHARE), of=batch.profile.rows)


def _present(promise: Promise, batch: Batch) -> Iterator[ColumnProfile]:
    for name in promise.columns:
        column = batch.profile.column(name)
        if column is not None:
            yield column


def _unique(promise: Promise, batch: Batch) -> Measured | None:
    shares = [column.value(Metric.DISTINCT_SHARE) for column in _present(promise, batch)]
    if not shares or shares[0] is None:
        return None
    share = 1 - shares[0]
    return _number(0.0 if batch.profile.rows > WHOLE_BELOW and share < NEARLY else share, of=batch.profile.rows)


def _nulls(promise: Promise, batch: Batch) -> Measured | None:
    shares = {column.name: column.value(Metric.NULL_SHARE) for column in _present(promise, batch)}
    known = {name: share for name, share in shares.items() if share is not None}
    if not known:
        return None
    worst = sorted((name for name, share in known.items() if share > 0), key=lambda name: -known[name])
    return _number(max(known.values()), of=batch.profile.rows, what=tuple(worst[:SHOWN]))


def _calendar(promise: Promise, batch: Batch) -> Measured | None:
    kinds: Mapping[str, str] = promise.terms["kinds"]
    wrong = {
        column.name: 1 - calendars.agrees(column, kinds[column.name], batch.day)
        for column in _present(promise, batch)
        if column.counted and column.name in kinds
    }
    names = sorted((name for name, share in wrong.items() if share > 0), key=lambda name: -wrong[name])
    return _number(max(wrong.values()), of=batch.profile.rows, what=tuple(names)) if wrong else None


def _span(promise: Promise, batch: Batch, least: Metric, most: Metric) -> Measured | None:
    for column in _present(promise, batch):
        low, high = column.value(least), column.value(most)
        if low is not None and high is not None and isfinite(low) and isfinite(high):
            return Measured(low=low, high=high)
    return None


def _moments(promise: Promise, batch: Batch) -> Measured | None:
    return _span(promise, batch, Metric.MIN_OFFSET, Metric.MAX_OFFSET)


def _range(promise: Promise, batch: Batch) -> Measured | None:
    return _span(promise, batch, Metric.MINIMUM, Metric.MAXIMUM)


def _mean(promise: Promise, batch: Batch) -> Measured | None:
    return _span(promise, batch, Metric.MEAN, Metric.MEAN)


def _fresh(promise: Promise, batch: Batch) -> Measured | None:
    newest = [column.value(Metric.MAXIMUM) for column in _present(promise, batch)]
    if batch.at is None or not newest or newest[0] is None:
        return None
    return _number(max(0.0, batch.at.timestamp() - newest[0]))


def _domain(promise: Promise, batch: Batch) -> Measured | None:
    return _unknown(promise, batch, "values")


def _patterns(promise: Promise, batch: Batch) -> Measured | None:
    return _unknown(promise, batch, "patterns")


def _unknown(promise: Promise, batch: Batch, term: str) -> Measured | None:
    """The share of rows with a value, or a pattern, that is not among those promised."""
    known = set(promise.terms[term])
    for column in _present(promise, batch):
        if column.counted:
            counted = column.top if term == "values" else column.patterns
            others = [one for one in counted if one.text not in known]
            share = sum(one.rows for one in others) / column.counted
            return _number(share, of=column.counted, what=tuple(one.text for one in others[:SHOWN]))
    return None


def _drift(promise: Promise, batch: Batch) -> Measured | None:
    """The greatest difference between the share of a value now and its usual share: the L-infinity distance."""
    usual: Mapping[str, float] = promise.terms["shares"]
    for column in _present(promise, batch):
        if column.counted:
            now = {one.text: one.rows / column.counted for one in column.top}
            differ = {text: abs(now.get(text, 0.0) - usual.get(text, 0.0)) for text in {*usual, *now}}
            worst = max(differ, key=lambda text: (differ[text], text), default="")
            return _number(differ.get(worst, 0.0), of=column.counted, what=(worst,) if worst else ())
    return None


def _ordered(promise: Promise, batch: Batch) -> Measured | None:
    left, right = promise.columns
    share = batch.profile.pairs.get(Pair(left=left, right=right, tie=Tie.ORDERED))
    return _number(None if share is None else 1 - share, of=batch.profile.rows)


def _determines(promise: Promise, batch: Batch) -> Measured | None:
    hold = Hold(left=promise.columns[:-1], right=promise.columns[-1])
    return _number(batch.profile.holds.get(hold), of=batch.profile.rows)


def _key(promise: Promise, batch: Batch) -> Measured | None:
    return _number(batch.profile.holds.get(Hold(left=promise.columns)), of=batch.profile.rows)


def _beside(promise: Promise, batch: Batch) -> Measured | None:
    beside = promise.beside
    return None if beside is None else batch.beside.get(beside)


_MEASURES: Mapping[Kind, Callable[[Promise, Batch], Measured | None]] = {
    Kind.COLUMNS: _columns,
    Kind.ROWS: _rows,
    Kind.REPEATS: _repeats,
    Kind.UNIQUE: _unique,
    Kind.KEY: _key,
    Kind.NOT_NULL: _nulls,
    Kind.NULLS: _nulls,
    Kind.CALENDAR: _calendar,
    Kind.MOMENTS: _moments,
    Kind.FRESH: _fresh,
    Kind.DOMAIN: _domain,
    Kind.PATTERN: _patterns,
    Kind.RANGE: _range,
    Kind.MEAN: _mean,
    Kind.DRIFT: _drift,
    Kind.ORDERED: _ordered,
    Kind.DETERMINES: _determines,
    **dict.fromkeys(ACROSS, _beside),
}
