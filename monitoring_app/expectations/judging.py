"""Holding every batch that readers were given against what is expected of its dataset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F

from monitoring_app.expectations import across, deciding, looking, remembering
from monitoring_app.facts import ExpectationsBroken, ExpectationsKept, ProfileMeasured
from monitoring_app.learning import measures, promise_words
from monitoring_app.learning.promises import Batch, Judged
from monitoring_app.models import Breach, Expectation, Outlook, Profile, Verdict
from pipelines_app import events
from pipelines_app.environments import mapping
from pipelines_app.models import Event

MOST_SAID = 10
LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Broken:
    """An expectation and what was measured instead."""

    expectation: Expectation
    judged: Judged


def judged(fact: ProfileMeasured, event: Event) -> str:
    """Judge a batch by what is in force, and have its dataset looked at again if that is worth it."""
    about = ("version", "dataset__team")
    profile = Profile.objects.measured().published().select_related(*about).filter(pk=fact.profile).first()
    if profile is None or profile.is_merged or profile.environment_id != mapping.production().pk:
        return "ignored: readers of production never saw it"
    outlook = looking.came(profile.dataset)
    expected = list(Expectation.objects.in_force().filter(dataset=profile.dataset_id).order_by("-worth", "pk"))
    if not expected:
        return "ignored: nothing is expected of it yet"
    broken = _judged(expected, profile)
    if broken:
        return _told(broken, profile, outlook, event)
    return _mended(profile, outlook, event)


def _judged(expected: Sequence[Expectation], profile: Profile) -> list[Broken]:
    (batch,) = across.batches(profile.dataset, [profile], map(deciding.promise_of, expected))
    judged = judge(expected, batch)
    known = [one.expectation.pk for one in judged if one.judged.is_kept is not None]
    broken = [one for one in judged if one.judged.is_kept is False]
    Expectation.objects.filter(pk__in=known).update(judged=F("judged") + 1)
    Expectation.objects.filter(pk__in=[one.expectation.pk for one in broken]).update(broken=F("broken") + 1)
    Breach.objects.bulk_create([breach(one, profile) for one in broken], ignore_conflicts=True)
    return broken


def judge(expected: Iterable[Expectation], batch: Batch) -> list[Broken]:
    """Each expectation held against a batch."""
    return [Broken(expectation=one, judged=measures.judge(deciding.promise_of(one), batch)) for one in expected]


def breach(one: Broken, profile: Profile, verdict: str = "") -> Breach:
    """The row that keeps what was measured and what was promised then."""
    value = promise_words.measured(one.judged.promise, one.judged.measured)
    sentence = one.expectation.sentence
    return Breach(
        expectation=one.expectation, profile=profile, value=value[:LONGEST], sentence=sentence, verdict=verdict
    )


def _told(broken: Sequence[Broken], profile: Profile, outlook: Outlook, event: Event) -> str:
    said = tuple(promise_words.broken(one.judged)[:LONGEST] for one in broken[:MOST_SAID])
    fact = ExpectationsBroken(
        dataset=profile.dataset.name,
        period=profile.period,
        version=profile.version_id,
        profile=profile.pk,
        promises=said if len(broken) <= MOST_SAID else (*said, f"and {len(broken) - MOST_SAID} more"),
    )
    events.record(fact, cause=event)
    Outlook.objects.filter(pk=outlook.pk).update(broken_by=profile)
    return f"{len(broken)} expectation{'s are' if len(broken) > 1 else ' is'} broken"


def _mended(profile: Profile, outlook: Outlook, event: Event) -> str:
    """A later batch that is as expected ends what an earlier one began; so does a better version of the same."""
    before = outlook.broken_by
    if before is None:
        return "all is as expected"
    if profile.version_id < before.version_id or profile.period < before.period:
        return "all is as expected, but it is older than what was not"
    because = f"{remembering.name(profile)} is as expected"
    keep(outlook, profile, because=because, cause=event)
    return because


def again(dataset: str, event: Event) -> str:
    """Hold what broke a promise last against what is expected now: it may be all that it should be."""
    outlook = Outlook.objects.select_related("broken_by").filter(dataset__name=dataset).first()
    if outlook is None or outlook.broken_by is None:
        return "ignored: nothing is broken"
    about = Profile.objects.select_related("version", "dataset__team")
    profile = about.get(pk=outlook.broken_by.pk)
    fine = Breach.objects.filter(profile=profile, verdict=Verdict.FINE).values("expectation")
    expected = list(Expectation.objects.in_force().filter(dataset=profile.dataset_id).exclude(pk__in=fine))
    (batch,) = across.batches(profile.dataset, [profile], map(deciding.promise_of, expected))
    broken = [one for one in judge(expected, batch) if one.judged.is_kept is False]
    if broken:
        return f"{len(broken)} broken still"
    because = f"what is expected has changed, and {remembering.name(profile)} is as expected"
    keep(outlook, profile, because=because, cause=event)
    return because


def keep(outlook: Outlook, profile: Profile, *, because: str, cause: Event | None = None, actor: str = "") -> None:
    """Say that nothing is broken any more."""
    fact = ExpectationsKept(
        dataset=profile.dataset.name, period=profile.period, version=profile.version_id, because=because
    )
    events.record(fact, cause=cause, actor=actor)
    Outlook.objects.filter(pk=outlook.pk).update(broken_by=None)
