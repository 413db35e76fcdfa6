"""Looking at a dataset's history: proposals come and go, promises evolve, and the policy is acted upon."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from monitoring_app.expectations import across, deciding, remembering
from monitoring_app.learning import promise_words, proposing, tuning
from monitoring_app.learning.promises import Kind
from monitoring_app.learning.proposing import Proposal
from monitoring_app.models import (
    Expectation,
    ExpectationChange,
    ExpectationPolicy,
    ExpectationState,
    Outlook,
)
from pipelines_app import locks
from pipelines_app.models import Dataset

OFTEN = 10  # one more batch of so many known is worth a look
SURE = 7  # batches after which the platform accepts by itself
QUIET = 0.05  # of the batches replayed may have alarmed
ENOUGH = 10  # batches after which history may speak against a promise
LEASE = timedelta(minutes=5)
MOST_AT_ONCE = 50
MOST_IN_FORCE = 100


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look changed."""

    batches: int
    proposed: int = 0
    accepted: int = 0
    evolved: int = 0
    retired: int = 0


def came(dataset: Dataset) -> Outlook:
    """Take note of one more batch; the more are known, the less one more can teach."""
    found, _ = Outlook.objects.get_or_create(dataset=dataset)
    fresh = found.fresh + 1
    is_worth = fresh * OFTEN >= found.known and found.known + fresh >= proposing.FEWEST
    due = found.due_at or (timezone.now() if is_worth else None)
    Outlook.objects.filter(pk=found.pk).update(fresh=fresh, due_at=due)
    return found


def due(now: datetime) -> "list[Outlook]":
    """Those of the datasets that are worth a look."""
    waiting = Outlook.objects.filter(due_at__lte=now).select_related("dataset__team")
    return list(waiting.order_by("due_at")[:MOST_AT_ONCE])


def look_all(now: datetime) -> int:
    """Look at every dataset that is worth it; one whose look fails waits for the next turn."""
    found = due(now)
    for outlook in found:
        if Outlook.objects.filter(pk=outlook.pk, due_at=outlook.due_at).update(due_at=now + LEASE, fresh=0):
            look(outlook.dataset)
    return len(found)


def look(dataset: Dataset) -> Looked:
    """Learn from what readers were given and nobody called bad, and act by the dataset's policy."""
    profiles = remembering.good(remembering.stored(dataset))
    batches = across.to_learn_from(dataset, profiles)
    viable = proposing.viable(batches)
    return _settle(dataset, viable, len(batches))


@transaction.atomic
def _settle(dataset: Dataset, viable: Mapping[str, Proposal], number: int) -> Looked:
    locks.held(Dataset.objects.filter(pk=dataset.pk)).get()
    outlook, _ = Outlook.objects.get_or_create(dataset=dataset)
    existing = {one.about: one for one in _standing(dataset)}
    evolved, retired = _renew(dataset, existing, viable, number)
    proposed = _propose(dataset, existing, viable)
    accepted = _act(outlook.policy, [*existing.values(), *proposed])
    Outlook.objects.filter(pk=outlook.pk).update(known=number, due_at=None, looked_at=timezone.now())
    return Looked(batches=number, proposed=len(proposed), accepted=accepted, evolved=evolved, retired=retired)


def _standing(dataset: Dataset) -> Iterable[Expectation]:
    return Expectation.objects.standing().filter(dataset=dataset).select_related("dataset__team").order_by("pk")


def _renew(
    dataset: Dataset, existing: dict[str, Expectation], viable: Mapping[str, Proposal], number: int
) -> tuple[int, int]:
    """Let what is in force follow what was learned; what history speaks against ends, or is doubted."""
    evolved = retired = 0
    for about, one in list(existing.items()):
        found = viable.get(about)
        if one.state == ExpectationState.PROPOSED:
            continue
        if found is not None:
            evolved += _follow(one, found, f"after {number} {remembering.noun(dataset, number)}")
        elif number >= ENOUGH and not one.is_edited:
            retired += _doubt(one)
    return evolved, retired


def _follow(one: Expectation, found: Proposal, when: str) -> bool:
    _count(one, found)
    now = deciding.promise_of(one)
    learned = now if one.is_edited else tuning.evolved(now, found.promise)
    one.doubt = ""
    if learned == now:
        deciding.save(one)
        return False
    wider = tuning.width(learned) >= tuning.width(now)
    because = f"{'widened' if wider else 'tightened'} by what came {when}"
    deciding.change(one, learned, action="evolved", actor=deciding.PLATFORM, because=because)
    return True


def _doubt(one: Expectation) -> bool:
    because = "its own history speaks against it: it would have alarmed too often, or says nothing any more"
    if one.state == ExpectationState.MANAGED:
        deciding.retire(one, actor=deciding.PLATFORM, because=because)
        return True
    Expectation.objects.filter(pk=one.pk).update(doubt=because)
    return False


def _propose(dataset: Dataset, existing: dict[str, Expectation], viable: Mapping[str, Proposal]) -> list[Expectation]:
    """Write down what is worth proposing and was not refused; a proposal that nothing speaks for any more goes."""
    refused = set(
        Expectation.objects.filter(dataset=dataset, state=ExpectationState.RETIRED).values_list("about", flat=True)
    )
    wanted = {_about(one): one for one in proposing.chosen(viable.values())}
    covered = {
        (one.kind, name) for one in existing.values() if one.state != ExpectationState.PROPOSED for name in one.columns
    }
    new = []
    for about, one in wanted.items():
        if about in existing:
            _refresh(existing[about], one)
        elif about not in refused and not (_is_grouped(one) and _covers(covered, one)):
            new.append(_write(dataset, about, one))
    gone = [one.pk for about, one in existing.items() if one.state == ExpectationState.PROPOSED and about not in wanted]
    Expectation.objects.filter(pk__in=gone, state=ExpectationState.PROPOSED).delete()
    for about in [about for about, one in existing.items() if one.pk in gone]:
        del existing[about]
    return new


def _about(one: Proposal) -> str:
    return proposing.key(one.promise)


def _is_grouped(one: Proposal) -> bool:
    return one.promise.kind == Kind.NULLS


def _covers(covered: set[tuple[str, str]], one: Proposal) -> bool:
    return any((one.promise.kind.value, name) in covered for name in one.promise.columns)


def _refresh(one: Expectation, found: Proposal) -> None:
    if one.state != ExpectationState.PROPOSED:
        return
    _tell(one, found)
    deciding.save(one)


def _tell(one: Expectation, found: Proposal) -> None:
    _count(one, found)
    if not one.is_edited:
        one.columns, one.parameters = list(found.promise.columns), found.promise.parameters
        one.sentence = promise_words.sentence(found.promise)[: deciding.LONGEST]


def _count(one: Expectation, found: Proposal) -> None:
    one.kept, one.seen, one.alarms, one.replayed = found.kept, found.seen, found.alarms, found.judged
    one.confidence, one.worth = round(found.confidence, 4), round(found.worth, 4)


def _write(dataset: Dataset, about: str, found: Proposal) -> Expectation:
    one = Expectation(dataset=dataset, kind=found.promise.kind.value, about=about)
    _tell(one, found)
    one.save()
    ExpectationChange.objects.create(
        expectation=one,
        number=one.number,
        action="proposed",
        columns=one.columns,
        parameters=one.parameters,
        sentence=one.sentence,
        because=f"in {one.kept} of {one.seen} {remembering.noun(dataset, one.seen)}",
        actor=deciding.PLATFORM,
    )
    return one


def _act(policy: str, found: Iterable[Expectation]) -> int:
    """Accept what is sure enough, where the dataset's policy says so."""
    if policy == ExpectationPolicy.PROPOSE:
        return 0
    sure = [one for one in found if one.state == ExpectationState.PROPOSED and _is_sure(one)]
    for one in sure[:MOST_IN_FORCE]:
        because = "by the policy of the dataset"
        if policy == ExpectationPolicy.MANAGE:
            deciding.manage(one, because=because)
        else:
            deciding.accept(one, actor=deciding.PLATFORM, because=because)
    return len(sure[:MOST_IN_FORCE])


def _is_sure(one: Expectation) -> bool:
    return one.seen >= SURE and one.alarms <= QUIET * one.replayed
