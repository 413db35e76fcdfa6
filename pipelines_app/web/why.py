"""Why a run ran, as a sentence with links: from what began the chain of events to what the run set off."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from pipelines_app.compiler import giving
from pipelines_app.facts import ArrivalAccepted, ArrivalReplayed, DatasetPublished, RunRequested
from pipelines_app.models import Arrival, Event, Run, Slot, User
from pipelines_app.web import chains, sentences, words

HIDDEN = "something that you may not see"


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence: words, perhaps a link, perhaps a moment said as a clock shows it."""

    text: str = ""
    url: str = ""
    at: datetime | None = None


def because(run: Run, user: User) -> list[Piece]:
    """Why the run ran."""
    causes = chains.climb(run.cause)
    pieces = _began(run.cause, causes, chains.seen(causes, user))
    pieces += _slot(run.cause)
    pieces += _given(run, user)
    merged = run.causes.count() - 1
    if merged > 0:
        others = "another event" if merged == 1 else f"{merged} other events"
        pieces.append(Piece(f"; {others} merged into it"))
    return [*pieces, Piece(".")]


def _given(run: Run, user: User) -> list[Piece]:
    """What the run was given by the message that started it, or that its period was made with before."""
    if not run.parameters:
        return []
    of_run = {"dataset__pipeline": run.pipeline_id, "period": run.period, "parameters_key": run.parameters_key}
    came = Arrival.objects.visible_to(user).filter(**of_run, received_at__lte=run.created_at).order_by("-id").first()
    source = [Piece(", from "), Piece(came.name, reverse("console:arrival", args=[came.pk]))] if came else []
    return [Piece(f", with {giving.sentence(run.parameters)}"), *source]


def _began(cause: Event, causes: list[Event], shown: frozenset[int]) -> list[Piece]:
    if cause.pk not in shown:
        return [Piece(f"of {HIDDEN}")]
    match cause.kind:
        case ArrivalAccepted.kind | ArrivalReplayed.kind:
            return _arrived(cause)
        case RunRequested.kind:
            return [Piece(f"{sentences.who(cause.actor)} "), Piece("asked for it", _event(cause)), *_at(cause)]
        case DatasetPublished.kind:
            return _published(cause) + _root(causes, shown)
    return [Piece(sentences.of(cause.kind, cause.body).text, _event(cause)), *_at(cause)]


def _arrived(event: Event) -> list[Piece]:
    body = event.body
    arrival = reverse("console:arrival", args=[body["arrival"]])
    doing = "was replayed" if event.kind == ArrivalReplayed.kind else _came(str(body["door"]))
    size = f" ({words.binary_size(body['bytes'])})" if "bytes" in body else ""
    by = f" {doing} by {sentences.who(event.actor)}"
    return [Piece(str(body["name"]), arrival), Piece(by), *_at(event), Piece(size)]


def _came(door: str) -> str:
    return {"webhook": "was sent", "drop": "was dropped"}.get(door, "was uploaded")


def _published(event: Event) -> list[Piece]:
    body = event.body
    dataset = reverse("console:dataset", args=[event.dataset])
    period = f" for {words.period(event.period)}" if event.period else ""
    pieces = [Piece(event.dataset, dataset), Piece(f" version {body['number']}{period} was published"), *_at(event)]
    if event.run is not None:
        run = reverse("console:run", args=[event.run])
        pieces += [Piece(" by "), Piece(f"run {event.run}", run), Piece(f" of {event.pipeline}")]
    return pieces


def _root(causes: list[Event], shown: frozenset[int]) -> list[Piece]:
    root = causes[-1]
    if root.pk not in shown:
        return [Piece(f", and that began with {HIDDEN}")]
    match root.kind:
        case ArrivalAccepted.kind | ArrivalReplayed.kind:
            return [Piece(", and that began when "), *_arrived(root)]
        case RunRequested.kind:
            return [Piece(f", and that began when {sentences.who(root.actor)} "), Piece("asked for it", _event(root))]
    return []


def _slot(cause: Event) -> list[Piece]:
    """Whether what came had been expected."""
    if cause.kind not in {ArrivalAccepted.kind, ArrivalReplayed.kind}:
        return []
    slot = Slot.objects.filter(arrival=cause.body["arrival"]).select_related("arrival").first()
    if slot is None or slot.arrival is None:
        return []
    late = (slot.arrival.received_at - slot.due_at).total_seconds()
    how = f", {words.duration(late)} late" if late > 0 else ", in time"
    return [Piece(f", which was the expected arrival of {words.period(slot.period)}{how}")]


def set_off(run: Run, user: User, published: list[tuple[str, str]]) -> list[Piece]:
    """What the run published, and the runs which that started; `published` is names and addresses."""
    pieces = [Piece(" It published ")] if published else []
    for place, (name, url) in enumerate(published):
        pieces += [Piece(_between(place, len(published))), Piece(name, url)]
    started = Run.objects.visible_to(user).filter(causes__run=run.pk).exclude(pk=run.pk).distinct()
    following = list(started.select_related("pipeline").order_by("id")[:4])
    if following and published:
        pieces.append(Piece(", which started "))
        for place, other in enumerate(following):
            url = reverse("console:run", args=[other.pk])
            pieces += [Piece(_between(place, len(following))), Piece(f"{other.pipeline.name} (run {other.pk})", url)]
    return [*pieces, Piece(".")] if pieces else []


def _between(place: int, number: int) -> str:
    if place == 0:
        return ""
    return " and " if place == number - 1 else ", "


def _at(event: Event) -> list[Piece]:
    return [Piece(" at "), Piece(at=event.at)]


def _event(event: Event) -> str:
    return reverse("console:event", args=[event.pk])
