"""How well scores find events: by the event and by the alert, never by the point."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.parts.injected import Event

Scores = Sequence[float | None]


@dataclass(frozen=True)
class Judged:
    """One series with its events, and the score that a rule gave each of its points."""

    scores: Scores
    events: Sequence[Event]
    warmup: int


@dataclass(frozen=True)
class Outcome:
    """What a threshold finds: of how many events, and with how many alerts about nothing."""

    threshold: float
    found: int
    events: int
    false: int
    points: int

    @property
    def recall(self) -> float:
        return self.found / self.events if self.events else 0.0

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.false) if self.found else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def at_budget(series: Sequence[Judged], *, per_thousand: float) -> Outcome:
    """The lowest threshold, one for all series, that raises no more false alerts than the budget."""
    known = sorted({round(score, 3) for one in series for score in one.scores if score is not None})
    low, high = 0, len(known) - 1
    best = outcome(series, known[-1] + 1)
    while low <= high:
        middle = (low + high) // 2
        tried = outcome(series, known[middle])
        if tried.false <= per_thousand * tried.points / 1000:
            best, high = tried, middle - 1
        else:
            low = middle + 1
    return best


def outcome(series: Sequence[Judged], threshold: float) -> Outcome:
    """Count over all series what one threshold finds."""
    found = events = false = points = 0
    for one in series:
        alerts = alerts_of(one, threshold)
        found += len(found_events(one, alerts))
        events += len(one.events)
        false += sum(not any(_meet(alert, event) for event in one.events) for alert in alerts)
        points += len(one.scores) - one.warmup
    return Outcome(threshold, found, events, false, points)


def alerts_of(one: Judged, threshold: float) -> list[tuple[int, int]]:
    """Runs of neighbouring points at or above a threshold."""
    alerts: list[tuple[int, int]] = []
    for place, score in enumerate(one.scores):
        if place < one.warmup or score is None or score < threshold:
            continue
        if alerts and alerts[-1][1] == place - 1:
            alerts[-1] = (alerts[-1][0], place)
        else:
            alerts.append((place, place))
    return alerts


def found_events(one: Judged, alerts: Sequence[tuple[int, int]]) -> list[Event]:
    """The events that an alert touches."""
    return [event for event in one.events if any(_meet(alert, event) for alert in alerts)]


def _meet(alert: tuple[int, int], event: Event) -> bool:
    return alert[0] <= event.last and alert[1] >= event.first
