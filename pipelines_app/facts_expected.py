"""The vocabulary of the event log for what is expected: slots, and the habits that datasets were seen to have."""

from dataclasses import dataclass

from pipelines_app.facts import Fact


@dataclass(frozen=True, kw_only=True)
class SlotOpened(Fact):
    kind = "slot.opened"
    dataset: str
    period: str
    due_at: str


@dataclass(frozen=True, kw_only=True)
class SlotBecameLate(Fact):
    kind = "slot.became_late"
    dataset: str
    period: str
    slot: int
    due_at: str


@dataclass(frozen=True, kw_only=True)
class SlotFellDue(Fact):
    """Its deadline has come and its grace goes on."""

    kind = "slot.fell_due"
    dataset: str
    period: str
    slot: int
    due_at: str


@dataclass(frozen=True, kw_only=True)
class SlotWentMissing(Fact):
    kind = "slot.went_missing"
    dataset: str
    period: str
    slot: int
    due_at: str


@dataclass(frozen=True, kw_only=True)
class SlotPutAtRisk(Fact):
    """Nothing has come, and by what usually follows `target` cannot be published by its deadline any more."""

    kind = "slot.put_at_risk"
    dataset: str
    period: str
    slot: int
    pipeline: str
    target: str
    target_due_at: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class SlotSettled(Fact):
    """What came was read: consumed, partial (rows of it were set aside) or quarantined."""

    kind = "slot.settled"
    dataset: str
    period: str
    slot: int
    state: str
    run: int


@dataclass(frozen=True, kw_only=True)
class HabitLearned(Fact):
    """A dataset comes with a regularity that a deadline can be proposed from."""

    kind = "habit.learned"
    dataset: str
    arrivals: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class HabitDecided(Fact):
    """A proposed deadline was accepted or dismissed."""

    kind = "habit.decided"
    dataset: str
    state: str


@dataclass(frozen=True, kw_only=True)
class SlotFilled(Fact):
    kind = "slot.filled"
    dataset: str
    period: str
    slot: int
    arrival: int
    late_seconds: float


@dataclass(frozen=True, kw_only=True)
class SlotWaived(Fact):
    kind = "slot.waived"
    dataset: str
    period: str
    slot: int
    reason: str
