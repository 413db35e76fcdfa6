"""What people say of a batch: it was fine, so the promise widens; it was bad, so it tightens and forgets the batch."""

from datetime import timedelta

from django.db import transaction

from monitoring_app.expectations import across, deciding, judging, remembering
from monitoring_app.expectations.judging import Broken
from monitoring_app.facts import AlertJudged
from monitoring_app.learning import measures, promise_words, tuning
from monitoring_app.learning.promises import Batch, Promise
from monitoring_app.models import Alert, Breach, Expectation, ExpectationState, Outlook, Profile, Verdict
from pipelines_app.errors import IllegalMove, NotFound
from pipelines_app.models import Event

FINE, BAD = Verdict.FINE, Verdict.BAD
LONGEST = 300
ROUND_ABOUT = timedelta(minutes=1)  # before the alert: what it tells of is written down first


@transaction.atomic
def label(expectation: Expectation, profile: Profile, *, verdict: str, actor: str) -> Breach:
    """Take a person's word about one batch; the effect stands in the row that comes back. Raises IllegalMove."""
    found = deciding.held(expectation)
    if not found.is_in_force and found.state != ExpectationState.PROPOSED:
        raise IllegalMove("It is retired: nothing would change.", todo="Accept it again first.")
    if profile.dataset_id != found.dataset_id:
        raise NotFound("That batch is of another dataset.")
    row = _row(found, profile)
    row.verdict, row.verdict_by = verdict, actor[:200]
    row.save()
    row.effect = _moved(found, profile, verdict=verdict, actor=actor)[:LONGEST]
    row.save(update_fields=["effect"])
    _close(found, profile, actor=actor)
    return row


def said(fact: AlertJudged, event: Event) -> str:
    """Take a person's word about the alert of a dataset for one about every batch that it tells of."""
    alert = Alert.objects.get(pk=fact.alert)
    waiting = Breach.objects.filter(expectation__dataset__name=fact.subject, verdict="")
    told = waiting.filter(at__gte=alert.first_at - ROUND_ABOUT).values("profile")
    batches = list(Profile.objects.filter(pk__in=told).select_related("version", "dataset__team").order_by("pk"))
    rows = [row for one in batches for row in label_all(one, verdict=fact.verdict, actor=event.actor)]
    if not rows:
        return "ignored: it is known already what is to be thought of every batch"
    return f"{len(rows)} broken expectation{'s' if len(rows) > 1 else ''} heard it"


@transaction.atomic
def label_all(profile: Profile, *, verdict: str, actor: str) -> list[Breach]:
    """Take a person's word about all that one batch broke and nobody has said anything about yet."""
    known = Breach.objects.filter(profile=profile, verdict="", expectation__state__in=("accepted", "managed"))
    broken = [one.expectation for one in known.select_related("expectation").order_by("pk")]
    return [label(one, profile, verdict=verdict, actor=actor) for one in broken]


def _row(found: Expectation, profile: Profile) -> Breach:
    known = Breach.objects.filter(expectation=found, profile=profile).first()
    if known is not None:
        return known
    promise = deciding.promise_of(found)
    (batch,) = across.batches(found.dataset, [profile], [promise])
    judged = measures.judge(promise, batch)
    row = judging.breach(Broken(expectation=found, judged=judged), profile)
    row.save()
    return row


def _moved(found: Expectation, profile: Profile, *, verdict: str, actor: str) -> str:
    """Move the bounds by what was said, and say how, with how often they would have alarmed before and after."""
    before = deciding.promise_of(found)
    profiles = [one for one in remembering.stored(found.dataset) if one.pk != profile.pk]
    columns = remembering.columns_of(before)
    others = across.batches(found.dataset, remembering.good(profiles), [before], columns=columns)
    (batch,) = across.batches(found.dataset, [profile], [before], columns=columns)
    after = tuning.widened(before, batch) if verdict == FINE else tuning.tightened(before, batch, others)
    if after == before:
        return _unmoved(verdict)
    name, word = remembering.name(profile), "fine" if verdict == FINE else "bad"
    found.is_edited = True  # a person's word is not undone by what is learned later
    deciding.change(found, after, action="labelled", actor=actor, because=f"{name} was {word}")
    return _said(before, after, [*others, batch])


def _unmoved(verdict: str) -> str:
    if verdict == FINE:
        return "It is within the bounds already: nothing changed."
    return "It lies among what was usual: no bound tells it apart. It is not learned from any more."


def _said(before: Promise, after: Promise, batches: list[Batch]) -> str:
    was, now = (tuning.alarms(tuning.replay(one, batches)) for one in (before, after))
    return f"{promise_words.sentence(after)}. It would have alarmed {now} of {len(batches)} times, before {was}."


def _close(found: Expectation, profile: Profile, *, actor: str) -> None:
    """Nothing is wrong any more once all that a batch broke was said to be fine."""
    outlook = Outlook.objects.filter(dataset=found.dataset, broken_by=profile).first()
    open_ = Breach.objects.filter(profile=profile).exclude(verdict=FINE)
    if outlook is None or open_.filter(expectation__state__in=("accepted", "managed")).exists():
        return
    profile = Profile.objects.select_related("dataset", "version").get(pk=profile.pk)
    because = f"what was unusual about {remembering.name(profile)} was fine"
    judging.keep(outlook, profile, because=because, actor=actor)
