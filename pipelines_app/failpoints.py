"""Places where a test may break the product, and nobody else: without LOOPLINE_FAILPOINTS every one does nothing.

LOOPLINE_FAILPOINTS names a folder. A file `<place>.<anything>` in it arms a place once: the first process that comes
there takes the file away and does to itself what the file says: `kill`, `stop`, or `fail`.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

PLACES = {
    "after_receive": "the bytes of an arrival are in the lake, and no row knows them",
    "before_accept": "all of an acceptance is written, and not committed",
    "after_accept": "an acceptance is committed, and not answered",
    "before_delivery_commit": "a consumer has done its work, and nothing of it is committed",
    "after_claim": "a step is claimed, and nothing is done",
    "after_stage_write": "the output of a step is on disk, and nothing points to it",
    "before_commit": "all of a publication is written, and not committed",
    "after_commit": "a publication is committed, and nobody was told",
    "in_recovery": "the sweep gives a lost step another attempt, and has not committed it",
    "before_alert_send": "a message is claimed, and not sent",
    "after_alert_send": "a message is sent, and not marked as sent",
}


class Broken(Exception):
    """What a place raises that was armed with `fail`."""


def _fail() -> None:
    raise Broken("broken here by a test")


DEEDS: dict[str, Callable[[], object]] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "fail": _fail,
}


def reach(place: str) -> None:
    """Do here what a test has armed this place with; nothing where none has."""
    if not settings.FAILPOINTS:
        return
    for armed in sorted(Path(settings.FAILPOINTS).glob(f"{place}.*")):
        deed = _taken(armed)
        if deed:
            DEEDS[deed]()
            return


def _taken(armed: Path) -> str:
    """What the file says, for the one process that gets it; nothing for the others."""
    mine = armed.with_name(f".taken-{os.getpid()}-{armed.name}")
    try:
        armed.rename(mine)
    except FileNotFoundError:
        return ""
    return mine.read_text().strip()
