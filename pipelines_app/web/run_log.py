"""A run's log: its events in words, to be filtered and searched; and its attempts, read from the same events."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pipelines_app.facts import (
    DataQuarantined,
    DatasetPublished,
    StepEnded,
    StepRetried,
    StepReused,
    StepStaged,
    StepStarted,
)
from pipelines_app.models import Event, Run, User
from pipelines_app.web import sentences
from pipelines_app.web.sentences import LEVELS, Said

MOST = 2000
SHOWN = 400
FILTERS = (("", "Everything"), ("warn", "Warnings and errors"), ("bad", "Errors"))
ENDS = {
    StepStaged.kind,
    StepRetried.kind,
    StepEnded.kind,
    StepReused.kind,
    DataQuarantined.kind,
    DatasetPublished.kind,
}


@dataclass(frozen=True)
class Line:
    """One line of the log."""

    event: Event
    said: Said


@dataclass(frozen=True)
class Log:
    """The lines that match, and how many there are without the filter."""

    lines: list[Line]
    total: int
    level: str = ""
    search: str = ""
    left_out: int = 0
    levels: tuple[tuple[str, str], ...] = field(default=FILTERS)


def lines_of(run: Run, user: User) -> list[Line]:
    """Every event of the run that the person may see, with those that caused it, oldest first."""
    seen = Event.objects.visible_to(user)
    events = {event.pk: event for event in seen.filter(runs_caused=run).order_by("id")[:50]}
    events.update({event.pk: event for event in seen.filter(run=run.pk).order_by("id")[:MOST]})
    return [Line(events[pk], sentences.of(events[pk].kind, events[pk].body)) for pk in sorted(events)]


def chosen(lines: list[Line], *, level: str = "", search: str = "", most: int = SHOWN) -> Log:
    """The lines of a level or worse in which a text occurs; the last ones where there are many."""
    wanted = LEVELS[LEVELS.index(level) :] if level in ("warn", "bad") else LEVELS
    needle = search.casefold()
    matching = [
        line
        for line in lines
        if line.said.level in wanted and needle in f"{line.said.subject} {line.said.text}".casefold()
    ]
    left_out = max(len(matching) - most, 0)
    return Log(matching[left_out:], len(lines), level if wanted != LEVELS else "", search, left_out)


@dataclass
class Attempt:
    """One attempt at one step: who, when, and what came of it."""

    dataset: str
    number: int
    epoch: int
    owner: str
    at: datetime
    outcome: Said | None = None
    ended_at: datetime | None = None
    came_to_nothing: bool = False
    checks_seconds: float = 0.0


def attempts(lines: Iterable[Line]) -> list[Attempt]:
    """Every attempt, oldest first."""
    found: list[Attempt] = []
    latest: dict[str, Attempt] = {}
    for line in lines:
        event = line.event
        if event.kind == StepStarted.kind:
            body = event.body
            attempt = Attempt(event.dataset, body["attempt"], body["epoch"], body["owner"], event.at)
            latest[event.dataset] = attempt
            found.append(attempt)
        elif event.kind in ENDS and event.dataset in latest:
            attempt = latest[event.dataset]
            attempt.outcome, attempt.ended_at = line.said, event.at
            attempt.came_to_nothing = event.kind == StepRetried.kind
            attempt.checks_seconds = event.body.get("checks_seconds", attempt.checks_seconds)
    return found
