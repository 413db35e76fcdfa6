"""The doorbell: says that there is work, after commit. It may be lost, doubled or late; the sweep rings again."""

from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

DELIVERY = "delivery"
STEP = "step"
NOTIFICATION = "notification"


class Ring(Protocol):
    """Wakes a worker for one row; `again` says that the sweep does, which comes by every few seconds."""

    def __call__(self, kind: str, pk: int, *, again: bool = False) -> None: ...


@cache
def _bell(path: str) -> Ring:
    return cast(Ring, import_string(path))


def ring(kind: str, pk: int, *, again: bool = False) -> None:
    """Wake a worker for this row once the caller's transaction is committed."""
    bell = _bell(settings.WAKE)
    transaction.on_commit(lambda: bell(kind, pk, again=again))
