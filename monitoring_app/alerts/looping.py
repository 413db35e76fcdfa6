"""How well the loop closes: how quickly problems are noticed, taken and closed, how many alerts were none, and how many
problems a person had to report. One query; the counting is pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring_app.alerts import grouping
from monitoring_app.models import Verdict
from monitoring_app.models.alert import AlertQuerySet

DAYS = (7, 30, 90)
MOST = 20_000
FIELDS = ("rule", "verdict", "began_at", "opened_at", "acknowledged_at", "resolved_at")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What counts of one alert."""

    rule: str
    verdict: str
    began_at: datetime | None
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How long something took: of how many, the median and what nine in ten stayed below, in seconds."""

    number: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, kw_only=True)
class Loop:
    """The figures of alerts that were opened in a time; shares are None where there is nothing to count."""

    rule: str
    opened: int
    closed: int
    detect: Spread
    acknowledge: Spread
    resolve: Spread
    fine: int
    bad: int
    reported: int

    @property
    def false_share(self) -> float | None:
        """Which share of what was closed somebody called fine: what nobody judged counts as a problem."""
        return self.fine / self.closed if self.closed else None

    @property
    def found_share(self) -> float | None:
        """Which share of the problems was noticed before a person reported it; what was fine is no problem."""
        problems = self.opened - self.fine
        return max(0, problems - self.reported) / problems if problems > 0 else None


def told(alerts: AlertQuerySet, since: datetime) -> list[Told]:
    """The alerts that stand by themselves and were opened since, the newest first; the platform's own left out."""
    found = alerts.standing().filter(opened_at__gte=since).exclude(rule__in=grouping.ALONE).order_by("-opened_at")
    return [Told(**row) for row in found.values(*FIELDS)[:MOST]]


def figures(rows: Sequence[Told], rule: str = "") -> Loop:
    """The figures of these alerts. Pure."""
    return Loop(
        rule=rule,
        opened=len(rows),
        closed=sum(row.resolved_at is not None for row in rows),
        detect=spread(row.opened_at - row.began_at for row in rows if row.began_at is not None),
        acknowledge=spread(row.acknowledged_at - row.opened_at for row in rows if row.acknowledged_at is not None),
        resolve=spread(row.resolved_at - row.opened_at for row in rows if row.resolved_at is not None),
        fine=sum(row.verdict == Verdict.FINE and row.resolved_at is not None for row in rows),
        bad=sum(row.verdict == Verdict.BAD for row in rows),
        reported=sum(row.rule == grouping.REPORTED and row.verdict != Verdict.FINE for row in rows),
    )


def by_rule(rows: Iterable[Told]) -> list[Loop]:
    """The same for every kind of rule, the most frequent first: what any check found is `check`. Pure."""
    kinds: dict[str, list[Told]] = defaultdict(list)
    for row in rows:
        kinds[row.rule.partition(":")[0]].append(row)
    return sorted((figures(of, rule) for rule, of in kinds.items()), key=lambda one: (-one.opened, one.rule))


def spread(lengths: Iterable[timedelta]) -> Spread:
    """The median and the ninetieth percentile by nearest rank; clocks that disagree make nothing negative. Pure."""
    seconds = sorted(max(0.0, one.total_seconds()) for one in lengths)
    if not seconds:
        return Spread(number=0, median=None, p90=None)
    return Spread(number=len(seconds), median=_rank(seconds, 0.5), p90=_rank(seconds, 0.9))


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
