"""How much a webhook takes in a minute: a fixed window in the database, of which each process takes portions.

Only messages whose proof holds are counted: nobody without the secret can use up a supplier's minute. A portion is
a twentieth of the limit, so that counting costs one statement in twenty messages. No more than the limit is ever taken;
what a process has left of its portion when the minute ends is lost, so a little less may be.
"""

import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q

from pipelines_app.errors import TooMany
from pipelines_app.models import Webhook

WINDOW = timedelta(minutes=1)
PORTIONS = 20
KNOWN_AT_ONCE = 10_000

_left: dict[str, tuple[datetime, int]] = {}  # by address: the window, and what this process has left of its portion
_lock = threading.Lock()


def limit_of(webhook: Webhook) -> int:
    """How many messages a webhook takes in a minute."""
    return webhook.per_minute or settings.WEBHOOK_PER_MINUTE


def size_of(webhook: Webhook) -> int:
    """How many bytes a message to a webhook may have; never more than the platform takes."""
    return min(webhook.max_bytes or settings.WEBHOOK_MAX_BYTES, settings.WEBHOOK_MAX_BYTES)


def admit(webhook: Webhook, *, now: datetime) -> None:
    """Count one message; raises TooMany with how long to wait."""
    window = now.replace(second=0, microsecond=0)
    if admit_known(webhook, now=now):
        return
    portion = _take_portion(webhook, window)
    if not portion:
        limit = limit_of(webhook)
        raise TooMany(
            f"More than {limit:,} messages came within a minute.",
            todo="Send this one again after the time in Retry-After, or more records in one message.",
            retry_after=max(1.0, (window + WINDOW - now).total_seconds()),
        )
    _keep(webhook.public_id, window, portion - 1)


def admit_known(webhook: Webhook, *, now: datetime) -> bool:
    """Count one message of those that this process may still take without asking; False if there are none."""
    return _from_portion(webhook.public_id, now.replace(second=0, microsecond=0))


def uncount(webhook: Webhook, *, now: datetime) -> None:
    """Take back that one message was counted: it is going to be again."""
    _keep(webhook.public_id, now.replace(second=0, microsecond=0), 1)


def _from_portion(address: str, window: datetime) -> bool:
    with _lock:
        of, left = _left.get(address, (window, 0))
        if of != window or not left:
            return False
        _left[address] = (window, left - 1)
        return True


def _keep(address: str, window: datetime, portion: int) -> None:
    with _lock:
        if len(_left) >= KNOWN_AT_ONCE:
            _left.clear()
        of, left = _left.get(address, (window, 0))
        _left[address] = (window, portion + (left if of == window else 0))


def _take_portion(webhook: Webhook, window: datetime) -> int:
    """How many more messages this process may take in the window; zero when it is used up.

    A window that begins later than the next one was opened by a clock that is wrong, and is not kept to.
    """
    row, limit, next_one = Webhook.objects.filter(pk=webhook.pk), limit_of(webhook), window + WINDOW
    for portion in sorted({max(1, limit // PORTIONS), 1}, reverse=True):
        open_still = row.filter(window_at__gte=window, window_at__lte=next_one, window_used__lte=limit - portion)
        if open_still.update(window_used=F("window_used") + portion):
            return portion
        begins = row.filter(Q(window_at=None) | Q(window_at__lt=window) | Q(window_at__gt=next_one))
        if begins.update(window_at=window, window_used=portion):
            return portion
    return 0
