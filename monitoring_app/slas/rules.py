"""What was kept of a promise: pure counting. No Django.

Attainment is the share of judgements that were kept in the window; the error budget is how many more may be missed
before it falls below the objective (the arithmetic of Google's Site Reliability Engineering, chapter 4).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipelines_app.compiler.targets import Window

ROLLING = timedelta(days=30)
FEWEST = 5  # of fewer judgements no target is suggested
STEPS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120)


@dataclass(frozen=True, kw_only=True)
class Attained:
    """How many of the judgements in a window were kept, and how many more may be missed; below 0 it is used up."""

    kept: int
    missed: int
    objective: float

    @property
    def judged(self) -> int:
        return self.kept + self.missed

    @property
    def share(self) -> float | None:
        """None where nothing was judged."""
        return self.kept / self.judged if self.judged else None

    @property
    def budget(self) -> int:
        """How many more may be missed, of as many judgements as there were."""
        return math.floor(self.judged * (1 - self.objective) + 1e-9) - self.missed

    @property
    def overdrawn(self) -> int:
        """How many were missed beyond what the objective allows."""
        return max(0, -self.budget)

    @property
    def is_kept(self) -> bool:
        return self.share is None or self.share >= self.objective


def window_start(window: str, now: datetime, zone: str) -> datetime:
    """When the window began: thirty days ago, or with the calendar month in that zone."""
    if window == Window.ROLLING:
        return now - ROLLING
    return now.astimezone(ZoneInfo(zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def suggested(taken: Sequence[float], objective: float) -> int | None:
    """The smallest round length, in seconds, that would have kept the objective; None for too few, or if none would.

    What never came counts as endless. It is the nearest-rank quantile, rounded up to what a person would choose.
    """
    if len(taken) < FEWEST:
        return None
    rank = max(0, math.ceil(objective * len(taken) - 1e-9) - 1)
    longest = sorted(taken)[rank]
    return rounded(longest) if math.isfinite(longest) else None


def rounded(seconds: float) -> int:
    """The next round length: of seconds below two minutes, of minutes below two hours, of hours, of days."""
    for unit, most in ((1, 120), (60, 120 * 60), (3600, 48 * 3600), (86_400, math.inf)):
        if seconds <= most:
            count = max(1, math.ceil(seconds / unit))
            return unit * next((step for step in STEPS if step >= count), count)
    raise ValueError(f"{seconds} seconds have no end")


def kept_share(taken: Sequence[float], within: float) -> float | None:
    """Which share of what was taken would have kept a bound."""
    return sum(one <= within for one in taken) / len(taken) if taken else None
