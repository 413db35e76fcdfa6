"""What the time before says to checks, and the bounds of what a number usually is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean, stdev

from pipelines_app.compiler.definition import PeriodKind

FEWEST = 5  # with fewer numbers nothing is said to be unusual
WINDOW = 28
# The 0.995 quantile of Student's t by degrees of freedom; few numbers are wide of their spread.
_T = {4: 4.604, 5: 4.032, 6: 3.707, 7: 3.499, 8: 3.355, 9: 3.25, 11: 3.106, 14: 2.977, 19: 2.861, 24: 2.797}
_T_MANY = 2.771
FLOORS = {"rate": 0.005, "count": 0.015, "level": 0.01}
_RATES = ("_rate_anomaly", "_ratio_anomaly", "_share_anomaly", "duplicate_rows_anomaly", "drift_anomaly")
_COUNTS = ("row_count_anomaly", "distinct_count_anomaly")


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is known beside the rows themselves: their period, and what came before them.

    `before` is the name under which what readers see stands beside the output; empty where there is nothing yet.
    `numbers` are what a check measured before, by its name, newest first. `contents` are fingerprints of the version
    before. `content` is that of the version that is judged.
    """

    kind: PeriodKind = PeriodKind.NONE
    period: str = ""
    before: str = ""
    numbers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    contents: frozenset[str] = frozenset()
    content: str = ""


NOTHING = Past()


def name_before(dataset: str) -> str:
    """The name under which what readers see of a dataset stands beside its next version."""
    return f"before.{dataset.replace('.', '_')}"


def usual(kind: str, numbers: Sequence[float]) -> tuple[float, float] | None:
    """Between which values the next number lies nearly always; None where too little is known.

    The prediction interval of Student's t over the last four weeks, with a floor under the spread.
    """
    known = list(numbers[:WINDOW])
    if len(known) < FEWEST:
        return None
    middle = fmean(known)
    spread = max(stdev(known), _floor(kind, middle))
    freedom = len(known) - 1
    quantile = next((value for most, value in _T.items() if freedom <= most), _T_MANY)
    room = quantile * spread * sqrt(1 + 1 / len(known))
    return middle - room, middle + room


def _floor(kind: str, middle: float) -> float:
    if kind.endswith(_RATES):
        return FLOORS["rate"]
    return FLOORS["count" if kind in _COUNTS else "level"] * abs(middle)
