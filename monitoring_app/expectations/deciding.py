"""What becomes of an expectation: accepted, edited, evolved, retired. Each change is kept, with who and why."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from monitoring_app.facts import ExpectationAccepted, ExpectationEdited, ExpectationRetired
from monitoring_app.learning import promise_words, promises, tuning
from monitoring_app.learning.promises import Promise
from monitoring_app.models import Expectation, ExpectationChange, ExpectationPolicy, ExpectationState, Outlook
from pipelines_app import events, locks
from pipelines_app.access import audit
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Dataset, Severity

PLATFORM = "platform"
LONGEST = 1000
LONGEST_WHY = 300
_COUNTED = frozenset({"id", "judged", "broken", "created_at"})
MOVES: dict[str, frozenset[str]] = {
    ExpectationState.PROPOSED: frozenset(
        {ExpectationState.ACCEPTED, ExpectationState.MANAGED, ExpectationState.RETIRED}
    ),
    ExpectationState.ACCEPTED: frozenset({ExpectationState.RETIRED}),
    ExpectationState.MANAGED: frozenset({ExpectationState.ACCEPTED, ExpectationState.RETIRED}),
    ExpectationState.RETIRED: frozenset({ExpectationState.ACCEPTED}),
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Other bounds, or another severity, as a person wants them; a bound that is not there stays."""

    low: float | None = None
    high: float | None = None
    severity: str = ""


def promise_of(expectation: Expectation) -> Promise:
    """What it promises now."""
    return promises.stored(expectation.kind, expectation.columns, expectation.parameters)


def held(expectation: Expectation) -> Expectation:
    """The expectation as it is now, nobody else changing its dataset's until the transaction ends."""
    locks.held(Dataset.objects.filter(pk=expectation.dataset_id)).get()
    return Expectation.objects.select_related("dataset__team").get(pk=expectation.pk)


@transaction.atomic
def accept(expectation: Expectation, *, actor: str, severity: str = "", because: str = "") -> Expectation:
    """Judge every new batch by it from now on; raises IllegalMove."""
    found = _moved(held(expectation), ExpectationState.ACCEPTED)
    found.severity = severity or found.severity
    found.because = found.doubt = ""
    return _accepted(found, actor=actor, because=because)


@transaction.atomic
def manage(expectation: Expectation, *, because: str) -> Expectation:
    """Judge by it, and let it evolve and end by itself."""
    return _accepted(_moved(held(expectation), ExpectationState.MANAGED), actor=PLATFORM, because=because)


def _moved(found: Expectation, state: str) -> Expectation:
    if state not in MOVES[found.state]:
        now = found.get_state_display().lower()
        raise IllegalMove(f"It is {now}, and cannot become {ExpectationState(state).label.lower()}.")
    if found.state == ExpectationState.RETIRED:
        others = Expectation.objects.standing().filter(dataset=found.dataset_id, about=found.about)
        if others.exists():
            raise IllegalMove("There is another expectation about the same by now.", todo="Accept or edit that one.")
    found.state = state
    return found


def _accepted(found: Expectation, *, actor: str, because: str) -> Expectation:
    found.decided_at, found.decided_by = timezone.now(), actor
    _kept(found, "accepted", actor=actor, because=because)
    fact = ExpectationAccepted(
        expectation=found.pk, dataset=found.dataset.name, promise=found.sentence, severity=found.severity
    )
    events.record(fact, actor=actor)
    return found


@transaction.atomic
def edit(expectation: Expectation, wanted: Wanted, *, actor: str, because: str = "") -> Expectation:
    """Promise something else from now on; what a person set does not move by itself. Raises IllegalMove."""
    found = held(expectation)
    if found.state == ExpectationState.RETIRED:
        raise IllegalMove("It is retired.", todo="Accept it again first.")
    before = promise_of(found)
    low = before.low if wanted.low is None else wanted.low
    high = before.high if wanted.high is None else wanted.high
    if low is not None and high is not None and low > high:
        raise IllegalMove(f"The least, {low:g}, is above the greatest, {high:g}.", todo="Swap them.")
    found.severity = wanted.severity or found.severity
    if found.state == ExpectationState.MANAGED:
        found.state = ExpectationState.ACCEPTED
    found.is_edited = True
    changed = before if (low, high) == (before.low, before.high) else tuning.at(before, low, high)
    return change(found, changed, action="edited", actor=actor, because=because or "set by a person")


def change(found: Expectation, promise: Promise, *, action: str, actor: str, because: str) -> Expectation:
    """Give an expectation that is held other terms, in the caller's transaction."""
    before = found.sentence
    found.columns, found.parameters = list(promise.columns), promise.parameters
    found.sentence = promise_words.sentence(promise)[:LONGEST]
    _kept(found, action, actor=actor, because=because)
    fact = ExpectationEdited(
        expectation=found.pk,
        dataset=found.dataset.name,
        number=found.number,
        before=before,
        promise=found.sentence,
        because=because[:LONGEST_WHY],
    )
    events.record(fact, actor=actor)
    return found


@transaction.atomic
def retire(expectation: Expectation, *, actor: str, because: str = "") -> Expectation:
    """Judge by it no more, and propose it no more; raises IllegalMove."""
    found = _moved(held(expectation), ExpectationState.RETIRED)
    found.because = (because or "not wanted")[:LONGEST_WHY]
    found.decided_at, found.decided_by = timezone.now(), actor
    _kept(found, "retired", actor=actor, because=found.because)
    fact = ExpectationRetired(
        expectation=found.pk, dataset=found.dataset.name, promise=found.sentence, because=found.because
    )
    events.record(fact, actor=actor)
    return found


def save(found: Expectation) -> None:
    """Write it, but for what is counted with every batch that is judged meanwhile."""
    found.save(update_fields=[field.name for field in Expectation._meta.concrete_fields if field.name not in _COUNTED])


def _kept(found: Expectation, action: str, *, actor: str, because: str) -> None:
    found.number += 1
    save(found)
    ExpectationChange.objects.create(
        expectation=found,
        number=found.number,
        action=action,
        columns=found.columns,
        parameters=found.parameters,
        sentence=found.sentence,
        because=because[:LONGEST_WHY],
        actor=actor[:200],
    )


@transaction.atomic
def set_policy(dataset: Dataset, policy: str, *, actor: str) -> Outlook:
    """How far the platform goes by itself with this dataset; it looks again soon, to act by it."""
    found, _ = Outlook.objects.get_or_create(dataset=dataset)
    if found.policy != policy:
        change = {"before": found.policy, "after": policy}
        audit.record(actor=actor, action="expectations.policy", subject=dataset.name, team=dataset.team, change=change)
        due = timezone.now() if found.known or found.fresh else found.due_at
        Outlook.objects.filter(pk=found.pk).update(policy=ExpectationPolicy(policy), due_at=due)
        found.refresh_from_db()
    return found


def severities() -> list[str]:
    """What an expectation may be as a check: judged after publication it only ever warns."""
    return list(Severity.values)
