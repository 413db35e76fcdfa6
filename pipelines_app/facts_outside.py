"""The vocabulary of the event log for what starts pipelines from outside: drop folders, the clock, other tools."""

from dataclasses import dataclass

from pipelines_app.facts import Fact


@dataclass(frozen=True, kw_only=True)
class DropFailed(Fact):
    """A folder or bucket could not be looked into; what lies there waits."""

    kind = "drop.failed"
    dataset: str
    url: str
    error: str
    todo: str = ""


@dataclass(frozen=True, kw_only=True)
class DropMended(Fact):
    """A folder or bucket that could not be looked into is open again."""

    kind = "drop.mended"
    dataset: str
    url: str


@dataclass(frozen=True, kw_only=True)
class DropRefused(Fact):
    """A dropped file was not taken in; it lies where it was."""

    kind = "drop.refused"
    dataset: str
    name: str
    because: str


@dataclass(frozen=True, kw_only=True)
class DropCleared(Fact):
    """No dropped file is refused any more: those that were have been replaced, or taken away."""

    kind = "drop.cleared"
    dataset: str


@dataclass(frozen=True, kw_only=True)
class ScheduleTicked(Fact):
    """The clock of a pipeline came to a moment of its schedule; `period` is the one that it stands for."""

    kind = "schedule.ticked"
    pipeline: str
    period: str
    tick: str


@dataclass(frozen=True, kw_only=True)
class TicksMissed(Fact):
    """Moments of a schedule passed while nothing here ran; `caught_up` of them are made up for."""

    kind = "schedule.missed"
    pipeline: str
    first: str
    last: str
    caught_up: int
    rule: str


@dataclass(frozen=True, kw_only=True)
class ForeignCompleted(Fact):
    """Another tool has completed a dataset that a pipeline listens to; `fault` says why it stands for no period."""

    kind = "foreign.completed"
    pipeline: str
    period: str
    namespace: str
    name: str
    job: str
    run_id: str
    fault: str = ""
