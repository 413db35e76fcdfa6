"""What people say of what surprised, and how easily they want to be surprised: both change what comes after."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from monitoring_app.anomalies import lessons, memory
from monitoring_app.anomalies.judging import sensitivity_of
from monitoring_app.anomalies.memory import Known
from monitoring_app.facts import AnomalyLabelled, SensitivitySet
from monitoring_app.learning import explaining
from monitoring_app.models import (
    MOST_SENSITIVITY,
    Anomaly,
    AnomalyLabel,
    AnomalySource,
    AnomalyState,
    Profile,
    Sensitivity,
)
from pipelines_app import events
from pipelines_app.access import audit
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Dataset

MOST_EFFECT = 300
BAD_BATCH = "The batch is kept out of what is learned"
FINE_COURSE = "It is learned in full: as much to the same side is usual for the next versions."
BAD_COURSE = "It is kept out of what is learned."
FINE_FACT = "The same is not told again while this batch is among those that teach."


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person said of a surprise, who, and why."""

    label: str
    actor: str
    note: str = ""


def label(found: Sequence[Anomaly], said: Said) -> list[Anomaly]:
    """Say of some surprises of one dataset whether they were fine or bad; gives them with what that changed."""
    if said.label not in AnomalyLabel.values:
        raise IllegalMove(f"{said.label!r} is no label.", todo=f"Say one of {', '.join(AnomalyLabel.values)}.")
    with transaction.atomic():
        for anomaly in found:
            _label(anomaly, said)
    for anomaly in found:
        anomaly.effect = _effect(anomaly)[:MOST_EFFECT]
        Anomaly.objects.filter(pk=anomaly.pk, label=anomaly.label).update(effect=anomaly.effect)
    return list(found)


def _label(anomaly: Anomaly, said: Said) -> None:
    before, now = anomaly.label, timezone.now()
    anomaly.label, anomaly.labelled_by, anomaly.note = said.label, said.actor, said.note[:500]
    anomaly.labelled_at, anomaly.effect = now, ""
    if said.label == AnomalyLabel.FINE and anomaly.state == AnomalyState.OPEN:
        anomaly.state, anomaly.closed_at, anomaly.closed_because = AnomalyState.CLOSED, now, "it was fine"
    anomaly.save(
        update_fields=[
            *("label", "labelled_by", "labelled_at", "note", "effect"),
            *("state", "closed_at", "closed_because"),
        ]
    )
    fact = AnomalyLabelled(
        dataset=anomaly.dataset.name,
        period=anomaly.period,
        anomaly=anomaly.pk,
        label=said.label,
        words=anomaly.words,
    )
    events.record(fact, actor=said.actor)
    change = {"before": before, "after": said.label, "words": anomaly.words}
    audit.record(
        actor=said.actor,
        action="anomaly.labelled",
        subject=f"{anomaly.dataset.name} {anomaly.period}".strip(),
        team=anomaly.dataset.team,
        change=change,
    )


def _effect(anomaly: Anomaly) -> str:
    """What the label changed, in words."""
    is_fine = anomaly.label == AnomalyLabel.FINE
    if anomaly.label == AnomalyLabel.NONE:
        return ""
    if anomaly.source == AnomalySource.SERIES:
        return FINE_COURSE if is_fine else BAD_COURSE
    if anomaly.value is None:
        return FINE_FACT if is_fine else f"{BAD_BATCH}."
    bound = _bound(anomaly)
    return (bound if is_fine else f"{BAD_BATCH}. {bound}").strip()


def _bound(anomaly: Anomaly) -> str:
    """From where on the number is unusual now, and from where on it was."""
    profile = Profile.objects.select_related("dataset", "version").defer("sketch", "pairs").get(pk=anomaly.profile_id)
    known = memory.take(anomaly.dataset_id, lessons.up_to_now(profile))
    told = _told(anomaly, profile, known)
    memory.give_back(anomaly.dataset_id, known)
    return told


def _told(anomaly: Anomaly, profile: Profile, known: Known) -> str:
    batch, day = lessons.profiles([profile.pk])[profile.pk], lessons.day_of(profile)
    patience = known.learner.patience(anomaly.key) / (sensitivity_of(anomaly.dataset_id) or 1.0)
    for _, number, band in known.learner.standing(batch, day, [anomaly.key]):
        scaled = explaining.scaled_of(known.learner, batch, anomaly.key, number)
        low, high = explaining.bounds(scaled, band, number, day, patience=patience)
        is_above = anomaly.high is not None and anomaly.value is not None and anomaly.value > anomaly.high
        now, was = (high, anomaly.high) if is_above else (low, anomaly.low)
        measured = explaining.phrase(anomaly.key, scaled.column)
        before = f"; it was {scaled.shown(was)}" if was is not None else ""
        return f"The bound for {measured} is now {scaled.shown(now)}{before}."
    return ""


@transaction.atomic
def set_sensitivity(dataset: Dataset, value: float, *, actor: str) -> Sensitivity:
    """Say how easily a dataset surprises, from 0 (never) on; what is known already is not judged again."""
    if not 0 <= value <= MOST_SENSITIVITY:
        raise IllegalMove(
            f"A sensitivity of {value:g} cannot be set.",
            todo=f"Choose a number from 0 (never) to {MOST_SENSITIVITY:g}.",
        )
    before = sensitivity_of(dataset.pk)
    found, _ = Sensitivity.objects.update_or_create(
        dataset=dataset, defaults={"value": value, "set_by": actor, "set_at": timezone.now()}
    )
    events.record(SensitivitySet(dataset=dataset.name, value=value), actor=actor)
    audit.record(
        actor=actor,
        action="sensitivity.set",
        subject=dataset.name,
        team=dataset.team,
        change={"before": before, "after": value},
    )
    return found
