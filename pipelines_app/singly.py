"""One poisoned row must not keep the others waiting: each is done on its own, and what failed is said at the end."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, transaction

from pipelines_app.boundary import contained

AWAY = (OperationalError, InterfaceError)
Item = TypeVar("Item")


class SomeFailed(Exception):
    """Some of the items could not be done; all the others were."""


def each(items: Iterable[Item], do: Callable[[Item], bool | None]) -> int:
    """Do every item in a transaction of its own; says for how many `do` did not answer False.

    Raises SomeFailed once all had their turn. A database that does not answer is no fault of an item: it ends all.
    """
    failed: list[str] = []
    done = 0
    for item in items:
        with contained("one item could not be done", rising=AWAY, item=str(item)) as unit, transaction.atomic():
            done += do(item) is not False
        if unit.error is not None:
            failed.append(f"{item}: {type(unit.error).__name__}: {unit.error}")
    if failed:
        raise SomeFailed(f"{len(failed)} could not be done; the first was {failed[0]}")
    return done
