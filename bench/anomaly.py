"""Anomalies of metrics: injected events that are found at two false alerts in a thousand points, beside simple rules.

Every series, of the sample, made, or of a folder, gets an event every forty to seventy points after its warm-up; every
rule gives every point a score from the points up to it; one threshold for all series is set where the budget of false
alerts is spent. An event is found if an alert touches it; an alert that touches none is false, the blizzard included.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.figures import Figure, Report, Target, parser, say
from bench.parts import series_families, simple_rules
from bench.parts.event_scoring import Judged, Outcome, alerts_of, at_budget, found_events, outcome
from bench.parts.injected import KINDS, Values, inject
from bench.parts.series_families import Series
from monitoring_app.learning import series as watching

BUDGET = 2.0
OURS = "the watch"
Prepared = tuple[Series, Values, Judged]
Rule = Callable[[Series, Values], list[float | None]]


def _watch(series: Series, values: Values) -> list[float | None]:
    points = [watching.Point(at, value) for at, value in zip(series.times, values, strict=True)]
    return [verdict.score for verdict in watching.judge(points, frequency=series.frequency, warmup=series.warmup)]


RULES: dict[str, Rule] = {
    OURS: _watch,
    "z-score, 14": lambda _, values: simple_rules.z_score(values, window=14),
    "z-score, 28": lambda _, values: simple_rules.z_score(values, window=28),
    "kNN, 90": lambda _, values: simple_rules.nearest(values),
    "STL + MAD": lambda series, values: simple_rules.stl_mad(values, season=series.season),
}


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--seeds", type=int, default=2, help="how often events are injected anew (2)")
    made.add_argument("--folder", type=Path, help="judge the series of a folder instead: FREQ__name.csv")
    asked = made.parse_args()
    report = Report(title="Anomalies: injected events found at two false alerts in 1,000 points")
    series = _series(asked.folder, asked.seeds)
    say(f"{len(series)} series with events, {sum(len(one.values) for one, _, _ in series):,} points")
    for name, rule in RULES.items():
        _tell(report, name, rule, series)
    report.notes.append("docs/guides/anomalies.md says on what the constants of the watch were chosen")
    report.show(as_json=asked.json)


def _series(folder: Path | None, seeds: int) -> list[Prepared]:
    prepared: list[Prepared] = []
    for seed in range(seeds):
        dice = random.Random(seed)
        pure = series_families.given(folder) if folder else [*series_families.sample(), *series_families.made(dice)]
        for one in pure:
            values, events = inject(one.values, season=one.season, warmup=one.warmup, dice=dice)
            if events:
                prepared.append((one, values, Judged((), events, one.warmup)))
    return prepared


def _tell(report: Report, name: str, rule: Rule, series: Sequence[Prepared]) -> None:
    started = time.process_time()
    judged = [Judged(rule(one, values), known.events, known.warmup) for one, values, known in series]
    spent = time.process_time() - started
    points = sum(len(one.scores) for one in judged)
    best = at_budget(judged, per_thousand=BUDGET)
    _overall(report, name, best)
    report.add(Figure(name=f"{name}: time for 10,000 points", value=1e4 * spent / points, unit="s"))
    if name != OURS:
        return
    _default(report, judged)
    for family in dict.fromkeys(one.family for one, _, _ in series):
        own = [here for here, (one, _, _) in zip(judged, series, strict=True) if one.family == family]
        found = outcome(own, best.threshold)
        report.add(Figure(name=f"  {family}: F1 at that threshold", value=found.f1, unit=""))
    for kind in KINDS:
        report.add(Figure(name=f"  {kind}: found", value=_share(judged, kind, best.threshold), unit=""))


def _overall(report: Report, name: str, best: Outcome) -> None:
    target = (Target(least=0.80), Target(least=0.75)) if name == OURS else (None, None)
    report.add(
        Figure(name=f"{name}: F1", value=best.f1, unit="", target=target[0]),
        Figure(name=f"{name}: recall", value=best.recall, unit="", target=target[1]),
        Figure(name=f"{name}: precision", value=best.precision, unit=""),
    )


def _default(report: Report, judged: Sequence[Judged]) -> None:
    usual = outcome(judged, watching.THRESHOLD)
    report.add(
        Figure(name=f"{OURS}, as it comes: F1", value=usual.f1, unit=""),
        Figure(name=f"{OURS}, as it comes: recall", value=usual.recall, unit=""),
        Figure(name=f"{OURS}, as it comes: false alerts", value=1000 * usual.false / usual.points, unit="in 1,000"),
    )


def _share(judged: Iterable[Judged], kind: str, threshold: float) -> float:
    found = events = 0
    for one in judged:
        events += sum(event.kind == kind for event in one.events)
        found += sum(event.kind == kind for event in found_events(one, alerts_of(one, threshold)))
    return found / events if events else 0.0


if __name__ == "__main__":
    main()
