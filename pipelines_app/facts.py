"""The vocabulary of the event log: one frozen dataclass per kind of fact, named in the past tense.

Fields called `pipeline`, `dataset`, `period` and `run` are also stored as columns, so that events can be found by them.
A new field has a default; a changed meaning is a new kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Self

KINDS: dict[str, type["Fact"]] = {}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened."""

    kind: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        KINDS[cls.kind] = cls

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Self:
        """Rebuild a fact from its stored body; fields that this release does not know are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in body.items() if name in known})


@dataclass(frozen=True, kw_only=True)
class PipelineRevised(Fact):
    kind = "pipeline.revised"
    pipeline: str
    revision: int
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TemplateRevised(Fact):
    kind = "template.revised"
    template: str
    revision: int
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TemplateRolledOut(Fact):
    kind = "template.rolled_out"
    template: str
    revision: int
    pipelines: int
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class PipelinePaused(Fact):
    kind = "pipeline.paused"
    pipeline: str


@dataclass(frozen=True, kw_only=True)
class PipelineResumed(Fact):
    kind = "pipeline.resumed"
    pipeline: str


@dataclass(frozen=True, kw_only=True)
class ArrivalAccepted(Fact):
    kind = "arrival.accepted"
    dataset: str
    period: str
    arrival: int
    name: str
    bytes: int
    sha256: str
    door: str
    parameters: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class ArrivalDuplicated(Fact):
    kind = "arrival.duplicated"
    dataset: str
    period: str
    arrival: int
    name: str
    twin: int


@dataclass(frozen=True, kw_only=True)
class ArrivalReplayed(Fact):
    kind = "arrival.replayed"
    dataset: str
    period: str
    arrival: int
    name: str
    replay_of: int
    parameters: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class RunRequested(Fact):
    """Somebody asked for a run by hand; `retry_of` is the run that it does again, if it does one."""

    kind = "run.requested"
    pipeline: str
    period: str
    retry_of: int | None = None
    start_from: str = ""
    backfill: int | None = None
    parameters: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class BackfillRequested(Fact):
    """Somebody asked for a range of periods to be made."""

    kind = "backfill.requested"
    pipeline: str
    first: str
    last: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class BackfillMoved(Fact):
    """A backfill began, was paused, went on or ended; `periods` is how many it has."""

    kind = "backfill.moved"
    backfill: int
    pipeline: str
    state: str
    first: str
    last: str
    mode: str
    periods: int = 0


@dataclass(frozen=True, kw_only=True)
class RunMoved(Fact):
    kind = "run.moved"
    run: int
    pipeline: str
    period: str
    state: str
    because: str = ""
    backfill: int | None = None


@dataclass(frozen=True, kw_only=True)
class WaitEnded(Fact):
    """The waiting for a period ended by the clock, by hand or late: started, with a part, or skipped (`how`)."""

    kind = "wait.ended"
    pipeline: str
    period: str
    how: str
    because: str


@dataclass(frozen=True, kw_only=True)
class WaitOverdue(Fact):
    """The latest moment has passed, not enough has come, and the period goes on waiting."""

    kind = "wait.overdue"
    pipeline: str
    period: str
    lacks: str


@dataclass(frozen=True, kw_only=True)
class RunWasPartial(Fact):
    """A run went on without some of its inputs; what comes later makes it good."""

    kind = "run.partial"
    run: int
    pipeline: str
    period: str
    lacks: str


@dataclass(frozen=True, kw_only=True)
class StepHeld(Fact):
    """A step was left out of a run because something it reads does not exist yet; its arrival starts it."""

    kind = "step.held"
    run: int
    pipeline: str
    dataset: str
    missing: list[str]


@dataclass(frozen=True, kw_only=True)
class StepStarted(Fact):
    kind = "step.started"
    run: int
    pipeline: str
    dataset: str
    owner: str
    epoch: int
    attempt: int


@dataclass(frozen=True, kw_only=True)
class StepStaged(Fact):
    kind = "step.staged"
    run: int
    pipeline: str
    dataset: str
    rows: int
    rejected: int
    bytes: int
    seconds: float
    checks_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class StepReused(Fact):
    kind = "step.reused"
    run: int
    pipeline: str
    dataset: str
    version: int


@dataclass(frozen=True, kw_only=True)
class StepRetried(Fact):
    kind = "step.retried"
    run: int
    pipeline: str
    dataset: str
    attempt: int
    because: str


@dataclass(frozen=True, kw_only=True)
class StepEnded(Fact):
    """A step came to an end without a published version: failed, skipped or cancelled."""

    kind = "step.ended"
    run: int
    pipeline: str
    dataset: str
    state: str
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class ChecksHeld(Fact):
    kind = "checks.held"
    run: int
    pipeline: str
    dataset: str
    period: str
    version: int
    checks: list[str]


@dataclass(frozen=True, kw_only=True)
class CheckFailed(Fact):
    kind = "check.failed"
    run: int
    pipeline: str
    dataset: str
    period: str
    version: int
    check: str
    severity: str
    message: str
    muted: bool = False
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckMuted(Fact):
    """Nobody is to hear of a check until a moment; it is judged and shown all the same."""

    kind = "check.muted"
    dataset: str
    check: str
    until: str
    reason: str
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckUnmuted(Fact):
    kind = "check.unmuted"
    dataset: str
    check: str
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class DatasetPublished(Fact):
    kind = "dataset.published"
    run: int
    pipeline: str
    dataset: str
    period: str
    version: int
    number: int
    rows: int
    backfill: int | None = None
    parameters: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class DataQuarantined(Fact):
    """What came in or was made did not pass; `version` is none where a file could not be read at all.

    It is muted where nothing stands against it but checks that are; `owner` is theirs, addresses apart by commas.
    """

    kind = "data.quarantined"
    run: int
    pipeline: str
    dataset: str
    period: str
    because: str
    version: int | None = None
    muted: bool = False
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class DeliveryStuck(Fact):
    """An event could not be handed to a consumer after every attempt; it waits for a person."""

    kind = "delivery.stuck"
    event: int
    consumer: str
    error: str


@dataclass(frozen=True, kw_only=True)
class DeliveryReleased(Fact):
    kind = "delivery.released"
    event: int
    consumer: str


@dataclass(frozen=True, kw_only=True)
class EngineChanged(Fact):
    """An environment was moved to another engine; what it holds stays where it is until it is made anew."""

    kind = "environment.engine_changed"
    environment: str
    before: str
    engine: str
