"""What nobody needs any more: old idempotency keys, old calls of webhooks, files that nothing points to."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from pipelines_app import lake
from pipelines_app.definitions import drafts
from pipelines_app.environments import showing
from pipelines_app.intake import history, pruning, webhooks
from pipelines_app.models import Arrival, IdempotencyKey, Increment, Part

KEYS_LIVE = timedelta(hours=48)
GRACE_SECONDS = 24 * 3600


def tidy(now: datetime) -> int:
    """Remove what has outlived its use; says how many things went."""
    keys, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEYS_LIVE).delete()
    rows = keys + drafts.tidy(now) + webhooks.forget_old_calls(now) + pruning.forget(now) + history.forget(now)
    return rows + sweep_files(older_than=GRACE_SECONDS) + showing.unused.drop()


def sweep_files(*, older_than: float) -> int:
    """Remove files of the lake that no row points to: attempts that were fenced off, uploads that were cut short."""
    went = 0
    for folder, known in (("data", _parts), ("arrivals", _arrivals), ("exports", _none)):
        stale = list(_stale(lake.root() / folder, older_than))
        kept = known([str(path.relative_to(lake.root())) for path in stale])
        for path in stale:
            if str(path.relative_to(lake.root())) not in kept:
                path.unlink(missing_ok=True)
                went += 1
    return went


def _stale(folder: Path, older_than: float) -> Iterator[Path]:
    horizon = time.time() - older_than
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            with suppress(FileNotFoundError):  # gone since the folder was read
                if path.stat().st_mtime < horizon:
                    yield path


def _parts(places: list[str]) -> set[str]:
    kept = (Part.objects.values_list("path", flat=True), Increment.objects.values_list("path", flat=True))
    return {found for paths in kept for found in _known(paths, places)}


def _arrivals(places: list[str]) -> set[str]:
    return _known(Arrival.objects.values_list("path", flat=True), places)


def _none(places: list[str]) -> set[str]:
    return set()


def _known(paths: QuerySet[Any, str], places: list[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(places), 500):
        found.update(paths.filter(path__in=places[start : start + 500]))
    return found
