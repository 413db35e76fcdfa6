"""What nobody needs any more: old idempotency keys, old calls of webhooks, files that nothing points to."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
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
AT_ONCE = 500


def tidy(now: datetime) -> int:
    """Remove what has outlived its use; says how many things went."""
    keys, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEYS_LIVE).delete()
    rows = keys + drafts.tidy(now) + webhooks.forget_old_calls(now) + pruning.forget(now) + history.forget(now)
    return rows + sweep_files(older_than=GRACE_SECONDS) + showing.unused.drop()


def sweep_files(*, older_than: float) -> int:
    """Remove files of the lake that no row points to: attempts that were fenced off, uploads that were cut short."""
    went = 0
    for folder, known in FOLDERS.items():
        stale = _stale(lake.root() / folder, older_than)
        while some := list(islice(stale, AT_ONCE)):  # of a lake of any size no more than these are held in memory
            went += _remove(some, known)
    return went


def _remove(stale: list[Path], known: Callable[[list[str]], set[str]]) -> int:
    places = {str(path.relative_to(lake.root())): path for path in stale}
    forgotten = places.keys() - known(list(places))
    for place in forgotten:
        places[place].unlink(missing_ok=True)
    return len(forgotten)


def _stale(folder: Path, older_than: float) -> Iterator[Path]:
    """The files below a folder that nobody has written for so long, one by one; what goes meanwhile is passed over."""
    horizon = time.time() - older_than
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _stale(Path(entry.path), older_than)
            else:
                with suppress(FileNotFoundError):
                    if entry.stat().st_mtime < horizon:
                        yield Path(entry.path)


def _parts(places: list[str]) -> set[str]:
    kept = (Part.objects.values_list("path", flat=True), Increment.objects.values_list("path", flat=True))
    return {found for paths in kept for found in _known(paths, places)}


def _arrivals(places: list[str]) -> set[str]:
    return _known(Arrival.objects.values_list("path", flat=True), places)


def _none(places: list[str]) -> set[str]:
    return set()


FOLDERS = {"data": _parts, "arrivals": _arrivals, "exports": _none, lake.MESSAGES: _none}


def _known(paths: QuerySet[Any, str], places: list[str]) -> set[str]:
    return set(paths.filter(path__in=places))
