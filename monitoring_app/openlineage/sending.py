"""Sending what is written down: those of one run one after the other, each again until it is taken; or into a file."""

import json
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

from monitoring_app.channels import posting
from monitoring_app.channels.message import NotDelivered
from monitoring_app.channels.posting import Letter
from monitoring_app.models import Emission, EmissionState
from monitoring_app.openlineage.outbox import CONSUMER
from pipelines_app.access import audit
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Delivery, DeliveryState

ATTEMPTS = 14  # 1, 2, 4 … seconds, an hour at most: four hours in all
LONGEST = 3600
LEASE = timedelta(minutes=2)
SECONDS = 10
KEPT = timedelta(days=30)
MOST = 500


def send_due(now: datetime) -> int:
    """Send what waits, run by run; says how many were taken. What is not taken keeps back only its own run."""
    if not settings.OPENLINEAGE_URL:
        return 0
    taken = 0
    for pk in _heads():
        emission: Emission | None = Emission.objects.get(pk=pk)
        while emission is not None and taken < MOST and _send(emission):
            taken += 1
            emission = Emission.objects.filter(pk__in=_heads(emission.run)).first()
    return taken


def _heads(run: int | None = None) -> Iterable[int]:
    """The first that waits of each run whose time has come, unless an earlier event of it is still to be written."""
    waiting = Emission.objects.filter(state=EmissionState.PENDING)
    before = waiting.filter(run=OuterRef("run"), event__lt=OuterRef("event"))
    unwritten = Delivery.objects.filter(
        consumer=CONSUMER, state=DeliveryState.PENDING, event__run=OuterRef("run"), event__lt=OuterRef("event")
    )
    heads = waiting.filter(~Exists(before), ~Exists(unwritten), not_before__lte=Now())
    heads = heads.filter(run=run) if run is not None else heads
    return list(heads.order_by("event").values_list("pk", flat=True)[:MOST])


def _send(emission: Emission) -> bool:
    """Make one attempt outside every transaction; a sender that dies leaves a lease that ends."""
    held = Emission.objects.filter(pk=emission.pk, state=EmissionState.PENDING, not_before__lte=Now())
    if not held.update(not_before=_from_now(LEASE), attempts=F("attempts") + 1):
        return False
    try:
        hand_over(json.dumps(emission.body, separators=(",", ":")).encode())
    except NotDelivered as failure:
        _failed(emission, str(failure), for_good=failure.for_good)
        return False
    sent = {"state": EmissionState.DELIVERED, "done_at": timezone.now(), "error": ""}
    Emission.objects.filter(pk=emission.pk).update(**sent)
    return True


def hand_over(body: bytes) -> None:
    """Give one event to the address of the settings; raises NotDelivered."""
    parts = urlsplit(settings.OPENLINEAGE_URL)
    if parts.scheme == "file":
        _append(Path(parts.path), body)
        return
    bearer = {"Authorization": f"Bearer {settings.OPENLINEAGE_TOKEN}"} if settings.OPENLINEAGE_TOKEN else {}
    letter = Letter(
        url=settings.OPENLINEAGE_URL,
        body=body,
        to="the OpenLineage endpoint",
        seconds=SECONDS,
        headers={"Content-Type": "application/json", **bearer},
        inside=True,  # the address is the operator's own
    )
    answer = posting.post(letter)
    if not 200 <= answer.status < 300:
        refused = 400 <= answer.status < 500 and answer.status not in {401, 403, 404, 408, 425, 429}
        raise NotDelivered(f"The OpenLineage endpoint answered {answer}.", for_good=refused)


def _append(path: Path, body: bytes) -> None:
    """One line, whole and on disk."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(handle, body + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise NotDelivered(f"The file for OpenLineage events cannot be written: {error.strerror}.") from error


def _failed(emission: Emission, error: str, *, for_good: bool) -> None:
    attempt = emission.attempts + 1
    said: dict[str, object] = {"error": error[:500]}
    if for_good or attempt >= ATTEMPTS:
        said |= {"state": EmissionState.UNDELIVERED, "done_at": timezone.now()}
    else:
        said |= {"not_before": _from_now(timedelta(seconds=min(LONGEST, 2 ** (attempt - 1))))}
    Emission.objects.filter(pk=emission.pk, state=EmissionState.PENDING).update(**said)


def _from_now(length: timedelta) -> Combinable:
    return ExpressionWrapper(Now() + length, output_field=DateTimeField())


@transaction.atomic
def again(*, actor: str) -> int:
    """Send what was given up once more, from the first attempt; raises IllegalMove where there is none."""
    over = Emission.objects.filter(state=EmissionState.UNDELIVERED)
    fresh = {"state": EmissionState.PENDING, "attempts": 0, "not_before": Now(), "done_at": None, "error": ""}
    number = over.update(**fresh)
    if not number:
        raise IllegalMove("Nothing was given up.")
    audit.record(actor=actor, action="openlineage.sent_again", subject=f"{number} events", team=None)
    return number


def forget_old(now: datetime, limit: int = 5000) -> int:
    """Remove what is done a month after it was written."""
    old = Emission.objects.filter(created_at__lt=now - KEPT).exclude(state=EmissionState.PENDING)
    return Emission.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]
