"""What no single number of a column shows: several of them lie near the edge of what is usual at once. Pure.

A change of unit moves a column's mean, median and quantiles alike, each by less than it is allowed by itself; on a day
without a fault few of them are near their edge together. They say much the same, so they count for less than as many
witnesses that know nothing of each other.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from monitoring_app.learning.numbers import Key

TOGETHER = "together"  # the name under which such a surprise is remembered
WITNESSES = 0.75  # of the root of the sum of squares
MOST = 20.0  # of one number: what is beyond it shows by itself


@dataclass(frozen=True, kw_only=True)
class Joint:
    """How surprising a column's numbers are together, and their checks, the most surprising first."""

    score: float
    checks: tuple[str, ...]


def joint(found: Iterable[tuple[Key, float]]) -> dict[str, Joint]:
    """Of each column whose numbers surprise more together than any of them does alone."""
    held: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (column, check), score in found:
        if column and "\n" not in column and 0 < score < MOST:
            held[column].append((score, check))
    told = {}
    for column, scores in held.items():
        together = WITNESSES * math.sqrt(sum(score * score for score, _ in scores))
        if together > max(scores)[0]:
            told[column] = Joint(score=together, checks=tuple(check for _, check in sorted(scores, reverse=True)))
    return told
