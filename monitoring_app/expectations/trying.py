"""A promise tried on every stored batch: at its own bounds, or at others that a person thinks of."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring_app.expectations import across, deciding, remembering
from monitoring_app.learning import promise_words, tuning
from monitoring_app.learning.promises import Judged, Promise
from monitoring_app.models import Expectation, Profile


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One batch held against it."""

    profile: Profile
    name: str
    judged: Judged

    @property
    def value(self) -> str:
        return promise_words.measured(self.judged.promise, self.judged.measured)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A promise and every batch it was tried on, the oldest first."""

    promise: Promise
    tried: Sequence[Tried]

    @property
    def alarms(self) -> int:
        return sum(one.judged.is_kept is False for one in self.tried)

    @property
    def judged(self) -> int:
        return sum(one.judged.is_kept is not None for one in self.tried)

    @property
    def sentence(self) -> str:
        return promise_words.sentence(self.promise)


def tried(expectation: Expectation, *, low: float | None = None, high: float | None = None) -> Trial:
    """The promise at its own bounds, or with these in their place."""
    promise = deciding.promise_of(expectation)
    if low is not None or high is not None:
        promise = tuning.at(promise, promise.low if low is None else low, promise.high if high is None else high)
    profiles = remembering.stored(expectation.dataset)
    batches = across.batches(expectation.dataset, profiles, [promise], columns=remembering.columns_of(promise))
    replayed = tuning.replay(promise, batches)
    found = [
        Tried(profile=profile, name=batch.name, judged=judged)
        for profile, batch, judged in zip(profiles, batches, replayed, strict=True)
    ]
    return Trial(promise=promise, tried=found)
