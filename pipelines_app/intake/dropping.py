"""Looking into drop folders and buckets: what is whole is taken in exactly once, what is not waits; so much a look."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from pipelines_app import events, locks
from pipelines_app.compiler.definition import Drop, Taken, Whole
from pipelines_app.errors import ArrivalRefused, DiskFull, PlaceUnreachable
from pipelines_app.facts_outside import DropCleared, DropFailed, DropMended, DropRefused
from pipelines_app.intake import accepting, naming, places, receiving
from pipelines_app.intake.accepting import Envelope
from pipelines_app.intake.places import Changed, Found, Place
from pipelines_app.intake.receiving import Received, Receiver
from pipelines_app.models import Arrival, Door, DropSeen, DropSource, DropState, DropTaken

MOST_TAKEN = 200
MOST_WATCHED = 1_000
LOOK_SECONDS = 30.0
CLAIM = timedelta(minutes=5)
AT_ONCE = 1_000
WRITTEN = ["state", "error", "todo", "failing_since", "looked_at", "next_look"]


@dataclass(kw_only=True)
class Look:
    """One look into one place, and what it found."""

    source: DropSource
    drop: Drop
    place: Place
    now: datetime
    until: float
    unfinished: int = 0
    behind: int = 0
    arrivals: list[int] = field(default_factory=list)


def look_all(now: datetime) -> bool:
    """Look into every place whose time has come; says whether one of them has more than one look could take."""
    behind = False
    due = DropSource.objects.filter(next_look__lte=now).order_by("next_look").values_list("pk", flat=True)
    for pk in list(due[:100]):
        if DropSource.objects.filter(pk=pk, next_look__lte=now).update(next_look=now + CLAIM):
            behind |= look(DropSource.objects.select_related("dataset__pipeline", "dataset__team").get(pk=pk), now)
    return behind


def look(source: DropSource, now: datetime) -> bool:
    """Look into one place and say in its row what was found; True if there is more than one look could take."""
    try:
        found = _look(source, now)
    except (PlaceUnreachable, DiskFull) as error:
        _fail(source, now, error.message, error.todo)
        return False
    except places.AWAY as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        _fail(source, now, f"Looking there failed: {said}."[:500], "See to the folder or bucket; it is tried again.")
        return False
    _succeed(source, now, found)
    return bool(found.behind and found.arrivals)


def _look(source: DropSource, now: datetime) -> Look:
    try:
        drop = accepting.source_of(source.dataset).drop
    except ArrivalRefused as error:
        raise PlaceUnreachable(error.message, todo="Register the pipeline again.") from error
    if drop is None:
        raise PlaceUnreachable("The pipeline declares no drop for it any more.", todo="Register the pipeline again.")
    place = places.open_place(source, source.dataset.team.name)
    try:
        until = time.monotonic() + LOOK_SECONDS
        found = Look(source=source, drop=drop, place=place, now=now, until=until)
        _go_through(found)
    finally:
        place.close()
    return found


def _go_through(look: Look) -> None:
    listing = look.place.list(look.drop.pattern)
    known = _known(look, listing.files)
    for file in listing.files:
        before = known.get((file.key, file.mark))
        if before is not None and before.arrival_id and not before.moved:
            _put_away(look, file, before)  # a look before this one ended in between
    _forget_replaced(look, listing.files)
    look.behind = int(listing.cut)
    fresh = [file for file in listing.files if (file.key, file.mark) not in known]
    whole = list(_whole(look, fresh, listing.markers))
    for place_in_line, file in enumerate(whole):
        if place_in_line >= MOST_TAKEN or time.monotonic() > look.until:
            look.behind += len(whole) - place_in_line
            break
        _take(look, file)
    if listing.cut and not whole:
        raise PlaceUnreachable(
            f"More than {places.MOST_LISTED:,} files lie there: those beyond are not seen.",
            todo="Take away what was taken in, or declare `taken: move`.",
        )


def _known(look: Look, files: list[Found]) -> dict[tuple[str, str], DropTaken]:
    """Of these files those that were taken or refused before."""
    known = {}
    for start in range(0, len(files), AT_ONCE):
        rows = look.source.taken.filter(path__in=[file.key for file in files[start : start + AT_ONCE]])
        known.update({(row.path, row.mark): row for row in rows})
    return known


def _whole(look: Look, files: list[Found], markers: frozenset[str]) -> Iterator[Found]:
    """The files that show that they are whole, by the rule of the drop."""
    if look.drop.whole is Whole.RENAME:
        yield from files
    elif look.drop.whole is Whole.DONE:
        ready = [file for file in files if file.name in markers]
        look.unfinished = len(files) - len(ready)
        yield from ready
    else:
        yield from _settled(look, files)


def _settled(look: Look, files: list[Found]) -> list[Found]:
    """The files that have looked the same for long enough; the others are watched, so many at a time."""
    watched = {file.key: file for file in files[:MOST_WATCHED]}
    seen = {row.path: row for row in look.source.seen.all()}
    look.source.seen.exclude(path__in=watched).delete()
    before = look.now - timedelta(seconds=look.drop.stable_seconds)
    ready, changed = [], []
    for key, file in watched.items():
        row = seen.get(key)
        if row is None or row.mark != file.mark:
            changed.append(DropSeen(source=look.source, path=key, mark=file.mark, since=look.now))
        elif row.since <= before:
            ready.append(file)
    DropSeen.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["source", "path"], update_fields=["mark", "since"]
    )
    look.unfinished = len(watched) - len(ready)
    look.behind += len(files) - len(watched)
    return ready


def _take(look: Look, file: Found) -> None:
    """Copy a file, accept it with a note of it in one transaction, then put it away: a crash in between loses none."""
    try:
        received = _receive(look.place, file)
    except Changed:
        look.unfinished += 1
        return
    except DiskFull:
        raise
    except PermissionError:
        todo = "Give the platform's user the right to read it, then have the folder looked at again."
        _refuse(look, file, ArrivalRefused(f"{naming.plain(file.name)!r} may not be read.", todo=todo))
        return
    except ArrivalRefused as refusal:
        _refuse(look, file, refusal)
        return
    try:
        taken = _accept(look, file, received)
    except IntegrityError:  # another look took it at the same time
        receiving.discard(received.place)
        return
    except ArrivalRefused as refusal:
        receiving.discard(received.place)
        _refuse(look, file, refusal)
        return
    look.arrivals.append(taken.arrival_id or 0)
    _put_away(look, file, taken)


def _receive(place: Place, file: Found) -> Received:
    receiver = Receiver(max_bytes=settings.UPLOAD_MAX_BYTES)
    received = None
    try:
        for piece in place.read(file):
            receiver.write(piece)
        received = receiver.finish()
    finally:
        if received is None:
            receiver.discard()
    if received.bytes != file.size:
        receiving.discard(received.place)
        raise Changed(file.name)
    return received


@transaction.atomic
def _accept(look: Look, file: Found, received: Received) -> DropTaken:
    source = look.source
    envelope = Envelope(dataset=source.dataset, door=Door.DROP, name=file.name, sender=f"drop:{source.dataset.name}")
    arrival: Arrival = accepting.accept(envelope, received)
    return DropTaken.objects.create(source=source, path=file.key, mark=file.mark, arrival=arrival)


def _put_away(look: Look, file: Found, taken: DropTaken) -> None:
    if look.drop.taken is Taken.REMEMBER:
        return
    look.place.put_away(file.name, places.taken_name(file.name, taken.arrival_id))
    # The same file may be dropped there again: this row is no longer about what lies there.
    DropTaken.objects.filter(pk=taken.pk).update(moved=True, mark=f"{taken.mark}@{taken.pk}")


def _refuse(look: Look, file: Found, refusal: ArrivalRefused) -> None:
    """Note, once, why a file is not taken in; it stays where it is until it is replaced."""
    source, said = look.source, f"{refusal.message} {refusal.todo}".strip()[:500]
    row = {"source": source, "path": file.key, "mark": file.mark}
    with transaction.atomic():
        _, fresh = DropTaken.objects.get_or_create(**row, defaults={"refused": said})
        if fresh:
            name = naming.plain(file.name)
            events.record(
                DropRefused(dataset=source.dataset.name, name=name, because=said), actor=f"drop:{source.dataset.name}"
            )


def _forget_replaced(look: Look, files: Iterable[Found]) -> None:
    """Forget refusals of files that are not there any more as they were; the last of them is a fact."""
    there = {(file.key, file.mark) for file in files}
    refused = DropTaken.objects.filter(source=look.source).refused()
    gone = [pk for pk, path, mark in refused.values_list("pk", "path", "mark") if (path, mark) not in there]
    if not gone:
        return
    with transaction.atomic():
        for start in range(0, len(gone), AT_ONCE):
            DropTaken.objects.filter(pk__in=gone[start : start + AT_ONCE]).delete()
        if not refused.exists():
            dataset = look.source.dataset.name
            events.record(DropCleared(dataset=dataset), actor=f"drop:{dataset}")


@transaction.atomic
def _fail(source: DropSource, now: datetime, error: str, todo: str) -> None:
    """Say what is wrong with a place; that it began is a fact."""
    held = locks.held(DropSource.objects.filter(pk=source.pk)).get()
    dataset = source.dataset.name
    if held.state != DropState.FAILING:
        events.record(DropFailed(dataset=dataset, url=held.url, error=error, todo=todo), actor=f"drop:{dataset}")
    held.state, held.error, held.todo = DropState.FAILING, error[:500], todo[:500]
    held.failing_since = held.failing_since or now
    held.looked_at, held.next_look = now, now + timedelta(seconds=settings.DROP_SECONDS)
    held.save(update_fields=WRITTEN)


@transaction.atomic
def _succeed(source: DropSource, now: datetime, found: Look) -> None:
    held = locks.held(DropSource.objects.filter(pk=source.pk)).get()
    dataset = source.dataset.name
    if held.state == DropState.FAILING:
        events.record(DropMended(dataset=dataset, url=held.url), actor=f"drop:{dataset}")
    held.state, held.error, held.todo, held.failing_since = DropState.OPEN, "", "", None
    held.unfinished, held.behind = found.unfinished, found.behind
    held.looked_at = now
    goes_on = found.behind and found.arrivals
    held.next_look = now if goes_on else now + timedelta(seconds=settings.DROP_SECONDS)
    held.save(update_fields=[*WRITTEN, "unfinished", "behind"])
