"""How long to wait before a message is tried again, and when to give up. Pure."""

import zlib
from datetime import timedelta

from monitoring_app.models import ChannelKind

ATTEMPTS = 8  # to people: 1, 2, 4 … minutes
# To programs: the schedule of the Standard Webhooks specification, three days in all.
TO_PROGRAMS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
SPREAD = 0.1  # of a wait: what failed together does not come back together


def before_next(kind: str, attempt: int, *, key: int) -> timedelta | None:
    """How long to wait after an attempt; none where it was the last."""
    if kind == ChannelKind.WEBHOOK:
        return TO_PROGRAMS[attempt - 1] * (1 + spread(key, attempt)) if attempt <= len(TO_PROGRAMS) else None
    return timedelta(minutes=2 ** (attempt - 1)) if attempt < ATTEMPTS else None


def spread(key: int, attempt: int) -> float:
    """A share of the wait between 0 and SPREAD, another one for each message and attempt."""
    return SPREAD * (zlib.crc32(f"{key}/{attempt}".encode()) % 1000) / 1000
