"""How a batch compares with another dataset: values that are not there, rows and sums that are not the same. Pure."""

from collections.abc import Mapping, Sequence
from statistics import median

from monitoring_app.learning.promises import Beside, Kind, Measured, Promise
from monitoring_app.profiling.profile import ColumnProfile

FEWEST_VALUES = 3  # that are compared: with fewer it is by chance that another dataset has them
MOST_ASTRAY = 0.1  # of the rows usually lead nowhere: with more it is no reference
MOST = 12
ALIKE = 1e-6  # of a sum: what adding in another order makes of it
MOSTLY = 0.9  # of the batches agree: with fewer it is not meant to be the same
SHOWN = 5


def astray(own: ColumnProfile, other: ColumnProfile) -> Measured | None:
    """The share of rows whose value the other column does not have, by the hashes of both that were kept.

    Below the lower of the two bounds both know every value. Values are named where all of the other's are known.
    """
    limit = min(own.sketched_below, other.sketched_below)
    comparable = {hashed: rows for hashed, rows in own.sketch.items() if hashed < limit}
    if own.type != other.type or not comparable or not other.sketch:
        return None
    rows = sum(comparable.values())
    lost = sum(number for hashed, number in comparable.items() if hashed not in other.sketch)
    known = {one.text for one in other.top} if other.is_whole else None
    named = [one.text for one in own.top if known is not None and one.text not in known]
    return Measured(low=lost / rows, high=lost / rows, of=float(rows), what=tuple(named[:SHOWN]) if lost else ())


def compared(own: ColumnProfile, other: ColumnProfile) -> int:
    """How many different values of the own column can be looked for in the other."""
    limit = min(own.sketched_below, other.sketched_below)
    return sum(hashed < limit for hashed in own.sketch)


def apart(own: float | None, other: float | None) -> Measured | None:
    """By how much of the other a number differs from it; none where there is nothing in either."""
    if own is None or other is None or (own == 0 and other == 0):
        return None
    share = abs(own - other) / abs(other) if other else 1.0
    share = 0.0 if share <= ALIKE else share
    return Measured(low=share, high=share, of=abs(other))


def worth_promising(seen: Sequence[Mapping[Beside, Measured]]) -> list[Promise]:
    """The comparisons that came out well in nearly all batches; what is about rows and sums first."""
    found: dict[Beside, list[float]] = {}
    for batch in seen:
        for beside, measured in batch.items():
            found.setdefault(beside, []).append(measured.high)
    good = [beside for beside, values in found.items() if _is_good(beside, values)]
    ordered = sorted(good, key=lambda beside: beside.kind is Kind.REFERENCES)
    return [_promise(beside) for beside in ordered[:MOST]]


def _is_good(beside: Beside, values: Sequence[float]) -> bool:
    if beside.kind is Kind.REFERENCES:
        return median(values) <= MOST_ASTRAY
    return sum(value == 0 for value in values) >= MOSTLY * len(values)


def _promise(beside: Beside) -> Promise:
    terms: dict[str, object] = {"dataset": beside.dataset}
    terms |= {"to": beside.to} if beside.to else {}
    terms |= {"by_period": True} if beside.by_period else {}
    return Promise(kind=beside.kind, columns=(beside.column,) if beside.column else (), terms=terms)
