"""What a promise is about grows with the batches that stood: known values, patterns, usual shares. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from monitoring_app.learning.promises import Batch, Kind, Promise
from monitoring_app.profiling.profile import Metric

MOST_VALUES = 60
MOST_PATTERNS = 30
NEWEST = 0.1  # how much the last batch weighs in what is usual, once there are ten
GROWING = frozenset({Kind.COLUMNS, Kind.DOMAIN, Kind.PATTERN, Kind.DRIFT})


def taught(promise: Promise, batch: Batch) -> Promise:
    """The promise after one more batch that stood."""
    teach = _TAUGHT.get(promise.kind)
    return promise if teach is None else teach(promise, batch)


def _columns(promise: Promise, batch: Batch) -> Promise:
    types = {column.name: column.type for column in batch.profile.columns}
    return replace(promise, columns=tuple(types), terms={**promise.terms, "types": types}) if types else promise


def _grown(promise: Promise, batch: Batch, term: str, most: int) -> Promise:
    column = batch.profile.column(promise.columns[0])
    if column is None:
        return promise
    known: list[str] = list(promise.terms[term])
    counted = column.top if term == "values" else column.patterns
    new = [one.text for one in counted if one.text not in known]
    return replace(promise, terms={**promise.terms, term: [*known, *new][:most]}) if new else promise


def _values(promise: Promise, batch: Batch) -> Promise:
    return _grown(promise, batch, "values", MOST_VALUES)


def _patterns(promise: Promise, batch: Batch) -> Promise:
    return _lengths(_grown(promise, batch, "patterns", MOST_PATTERNS), batch)


def _lengths(promise: Promise, batch: Batch) -> Promise:
    """From how many to how many characters the texts had."""
    column = batch.profile.column(promise.columns[0])
    if column is None:
        return promise
    least, most = column.value(Metric.MIN_LENGTH), column.value(Metric.MAX_LENGTH)
    if least is None or most is None:
        return promise
    low, high = promise.terms.get("lengths", [least, most])
    return replace(promise, terms={**promise.terms, "lengths": [int(min(low, least)), int(max(high, most))]})


def _shares(promise: Promise, batch: Batch) -> Promise:
    column = batch.profile.column(promise.columns[0])
    if column is None or not column.counted:
        return promise
    usual: dict[str, float] = dict(promise.terms["shares"])
    seen = int(promise.terms.get("seen", 0)) + 1
    weight = max(NEWEST, 1 / seen)
    now = {one.text: one.rows / column.counted for one in column.top}
    merged = {text: (1 - weight) * usual.get(text, 0.0) + weight * now.get(text, 0.0) for text in (*usual, *now)}
    kept = sorted(merged, key=lambda text: (-merged[text], text))[:MOST_VALUES]
    terms: dict[str, Any] = {**promise.terms, "shares": {text: round(merged[text], 6) for text in kept}, "seen": seen}
    return replace(promise, terms=terms)


_TAUGHT: Mapping[Kind, Callable[[Promise, Batch], Promise]] = {
    Kind.COLUMNS: _columns,
    Kind.DOMAIN: _values,
    Kind.PATTERN: _patterns,
    Kind.DRIFT: _shares,
}
