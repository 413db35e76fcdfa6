"""What webhooks refused, for the console: like ones are one row with a number, and a flood of them costs few writes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from pipelines_app.errors import LooplineError
from pipelines_app.models import Webhook, WebhookRefusal

KEPT = 50
PAUSE = timedelta(seconds=10)  # between two writes of one process about the same refusal
TOGETHER = timedelta(minutes=10)  # like refusals within it are one row
WRITES = 30  # of one process about one webhook in a minute; what is refused beyond is only counted by the log
KNOWN_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One message that was not taken: the answer, why, from where, and how large it was as far as that is known."""

    status: int
    code: str
    reason: str
    address: str = ""
    bytes: int | None = None


class _Tally:
    """What this process has refused and not written yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str, str], tuple[datetime, int]] = {}
        self._written: dict[str, tuple[datetime, int]] = {}

    def due(self, webhook: Webhook, refusal: Refusal, now: datetime) -> int:
        """How many like it are to be written now; none while the last write is fresh or the minute's are spent."""
        key = (webhook.public_id, refusal.code, refusal.address)
        with self._lock:
            self._forget_if_full()
            last, waiting = self._waiting.get(key, (now - PAUSE, 0))
            if now - last < PAUSE or not self._may_write(webhook.public_id, now):
                self._waiting[key] = (last, waiting + 1)
                return 0
            self._waiting[key] = (now, 0)
            return waiting + 1

    def _may_write(self, address: str, now: datetime) -> bool:
        minute = now.replace(second=0, microsecond=0)
        of, written = self._written.get(address, (minute, 0))
        written = written if of == minute else 0
        self._written[address] = (minute, written + 1)
        return written < WRITES

    def _forget_if_full(self) -> None:
        if len(self._waiting) >= KNOWN_AT_ONCE:
            self._waiting.clear()
            self._written.clear()


_tally = _Tally()


@contextmanager
def noted(webhook: Webhook, *, bytes: int | None, address: str, now: datetime) -> Iterator[None]:
    """Keep why a message is refused that is taken in within the block, and let the refusal rise."""
    try:
        yield
    except LooplineError as error:
        refusal = Refusal(status=error.status, code=error.code, reason=error.message, address=address, bytes=bytes)
        note(webhook, refusal, now=now)
        raise


def note(webhook: Webhook, refusal: Refusal, *, now: datetime) -> None:
    """Keep a refusal for the console; its body never. The oldest beyond the last fifty go."""
    times = _tally.due(webhook, refusal, now)
    if not times:
        return
    reason, address = refusal.reason[:300], refusal.address[:64]
    like = WebhookRefusal.objects.filter(
        webhook=webhook, status=refusal.status, code=refusal.code, address=address, at__gt=now - TOGETHER
    )
    if like.update(times=F("times") + times, at=now, reason=reason, bytes=refusal.bytes):
        return
    WebhookRefusal.objects.create(
        webhook=webhook,
        status=refusal.status,
        code=refusal.code,
        reason=reason,
        address=address,
        bytes=refusal.bytes,
        times=times,
        at=now,
    )
    keep = WebhookRefusal.objects.filter(webhook=webhook).order_by("-at", "-id").values_list("pk", flat=True)[:KEPT]
    WebhookRefusal.objects.filter(webhook=webhook).exclude(pk__in=list(keep)).delete()
