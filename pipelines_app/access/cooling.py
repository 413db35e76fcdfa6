"""A pause after failed sign-ins: for a name and an address together, whether the name exists or not."""

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from pipelines_app.models import SignInTries

TRIES = 5
WINDOW = timedelta(minutes=15)


@transaction.atomic
def admit(username: str, address: str, *, now: datetime) -> timedelta:
    """Count a try before the password is looked at; how long to wait first, which is zero for a try that may go on."""
    SignInTries.objects.filter(since__lt=now - WINDOW).delete()
    digest = _digest(username, address)
    SignInTries.objects.get_or_create(digest=digest, defaults={"since": now})
    row = SignInTries.objects.select_for_update().get(digest=digest)
    if row.tries >= TRIES:
        return row.since + WINDOW - now
    row.tries += 1
    row.save(update_fields=["tries"])
    return timedelta(0)


def forget(username: str, address: str) -> None:
    """Start counting anew, after a sign-in that succeeded."""
    SignInTries.objects.filter(digest=_digest(username, address)).delete()


def _digest(username: str, address: str) -> str:
    return hashlib.sha256(f"{username.casefold()}\0{address}".encode()).hexdigest()
