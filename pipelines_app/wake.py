"""The doorbell: says that there is work, after commit. It may be lost, doubled or late; the sweep rings again."""

from collections.abc import Callable
from functools import cache
from typing import cast

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

DELIVERY = "delivery"
STEP = "step"
NOTIFICATION = "notification"

Ring = Callable[[str, int], None]


@cache
def _bell(path: str) -> Ring:
    return cast(Ring, import_string(path))


def ring(kind: str, pk: int) -> None:
    """Wake a worker for this row once the caller's transaction is committed."""
    bell = _bell(settings.WAKE)
    transaction.on_commit(lambda: bell(kind, pk))
