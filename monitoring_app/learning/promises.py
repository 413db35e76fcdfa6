"""What can be promised of a batch by its profile alone, what was measured of a promise, and whether it was kept. Pure.

A promise is a kind, the columns it is about, its terms (values, patterns, types ...) and a least and a greatest number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from monitoring_app.profiling.profile import Profile

MIN, MAX, WEEKDAYS = "min", "max", "weekdays"


class Kind(StrEnum):
    """The kinds of promises, by the names of checks where there is such a check."""

    COLUMNS = "columns_match"
    ROWS = "row_count_between"
    REPEATS = "duplicate_rows_below"
    UNIQUE = "unique"
    KEY = "compound_unique"
    NOT_NULL = "not_null"
    NULLS = "null_rate_between"
    CALENDAR = "calendar_agrees"
    MOMENTS = "timestamp_within_batch_window"
    FRESH = "freshness_within"
    DOMAIN = "in_set"
    PATTERN = "matches_pattern"
    RANGE = "between"
    MEAN = "mean_between"
    DRIFT = "drift_below"
    ORDERED = "pair_compare"
    DETERMINES = "determines"
    REFERENCES = "references"
    SAME_ROWS = "row_count_equals"
    SAME_SUM = "aggregate_equals_other"


ACROSS = frozenset({Kind.REFERENCES, Kind.SAME_ROWS, Kind.SAME_SUM})  # what looks at another dataset as well


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a batch holds of what is promised: a number, or from which to which. `what` names the culprits.

    `of` is how many rows or values a share was taken of, 0 for what is no share.
    """

    low: float
    high: float
    of: float = 0.0
    what: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A comparison with another dataset: of a column, or of the rows where none is named.

    With `by_period` a period is held against the same period of the other, else the whole against the whole.
    """

    kind: Kind
    dataset: str
    column: str = ""
    to: str = ""
    by_period: bool = False


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch with what is not in its profile: the day it is of, when it was made, what people call it, and how it
    compares with other datasets."""

    profile: Profile
    day: date
    name: str = ""
    at: datetime | None = None
    beside: Mapping[Beside, Measured] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One promise; no number stands for no bound on that side. `weekdays` are narrower bounds by the day's number."""

    kind: Kind
    columns: tuple[str, ...] = ()
    terms: Mapping[str, Any] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    weekdays: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def limits(self, day: date) -> tuple[float | None, float | None]:
        """The bounds of a day's batch."""
        return self.weekdays.get(str(day.weekday()), (self.low, self.high))

    @property
    def beside(self) -> Beside | None:
        """The comparison with another dataset that it is about."""
        if self.kind not in ACROSS:
            return None
        return Beside(
            kind=self.kind,
            dataset=str(self.terms["dataset"]),
            column="".join(self.columns),
            to=str(self.terms.get("to", "")),
            by_period=bool(self.terms.get("by_period", False)),
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything but its kind and columns, as it is stored."""
        found: dict[str, Any] = {**self.terms, MIN: self.low, MAX: self.high}
        found |= {WEEKDAYS: {day: list(limits) for day, limits in self.weekdays.items()}} if self.weekdays else {}
        return {key: value for key, value in found.items() if value is not None}


def stored(kind: str, columns: Sequence[str], parameters: Mapping[str, Any]) -> Promise:
    """The promise that was stored with these parameters."""
    weekdays = {str(day): (float(low), float(high)) for day, (low, high) in parameters.get(WEEKDAYS, {}).items()}
    terms = {key: value for key, value in parameters.items() if key not in (MIN, MAX, WEEKDAYS)}
    low, high = parameters.get(MIN), parameters.get(MAX)
    return Promise(
        kind=Kind(kind),
        columns=tuple(columns),
        terms=terms,
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        weekdays=weekdays,
    )


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A promise held against one batch; `is_kept` is None where there was nothing to measure."""

    promise: Promise
    measured: Measured | None
    low: float | None
    high: float | None

    @property
    def is_kept(self) -> bool | None:
        if self.measured is None:
            return None
        return not is_outside(self.measured, self.low, self.high)


def is_outside(measured: Measured, low: float | None, high: float | None) -> bool:
    """Whether a number, or one end of what goes from one to another, lies beyond a bound."""
    return (low is not None and measured.low < low) or (high is not None and measured.high > high)
