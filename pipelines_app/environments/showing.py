"""Keeping the views of the warehouse at what readers see, and removing tables that nothing points to."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q

from pipelines_app.engines.base import Relation, Table
from pipelines_app.engines.warehouse import showing
from pipelines_app.environments import mapping, places
from pipelines_app.errors import EngineError
from pipelines_app.models import Current, EngineName, Environment, Part

logger = logging.getLogger(__name__)

AT_ONCE = 200


def show(environment: Environment, datasets: Sequence[int] | None = None) -> int:
    """Have the views show what readers see, of these datasets or of all; says how many were swapped.

    What cannot be shown now is tried again with the next look: a run does not fail because somebody holds a view.
    """
    if environment.engine != EngineName.POSTGRES or not places.is_configured():
        return 0
    stale = Current.objects.filter(Q(shown=None) | ~Q(shown=F("version_id")), environment=environment)
    if datasets is not None:
        stale = stale.filter(dataset__in=datasets)
    pointers = list(stale.select_related("version__dataset").order_by("dataset__name")[:AT_ONCE])
    relations = _showable(pointers)
    swapped = _swapped(environment, relations)
    for pointer in pointers:
        if pointer.version.dataset.name in swapped:
            Current.objects.filter(pk=pointer.pk).update(shown=pointer.version_id)
    return len(swapped)


def _swapped(environment: Environment, relations: dict[str, Relation]) -> set[str]:
    """The datasets whose views were swapped: all at one moment, or where one of them cannot be, each on its own."""
    if not relations:
        return set()
    try:
        showing.show(places.platform(), environment.name, relations)
    except EngineError as error:
        if len(relations) == 1:
            logger.warning("view of %s not swapped: %s", *relations, error.detail or error.message)
            return set()
        return {name for name, one in relations.items() if _swapped(environment, {name: one})}
    return set(relations)


def _showable(pointers: Sequence[Current]) -> dict[str, Relation]:
    found = {pointer.version.dataset.name: mapping.content(pointer.version).relation for pointer in pointers}
    return {name: relation for name, relation in found.items() if showing.is_showable(relation)}


def catch_up(now: datetime) -> int:
    """Swap every view that is behind, in every environment of the warehouse."""
    return sum(show(environment) for environment in Environment.objects.filter(engine=EngineName.POSTGRES))


class Unused:
    """Tables that nothing points to: those that were so at one look and still are at a later one are dropped.

    An attempt that is at work commits its table and is published within its lease: by the next look it is pointed to.
    """

    def __init__(self) -> None:
        self._seen: set[Table] = set()

    def drop(self) -> int:
        """Drop what was unused at the last look as well, each on its own; says how many went."""
        if not places.is_configured():
            return 0
        now = {table for table in showing.tables(places.platform()) if not _is_known(table)}
        again, self._seen = now & self._seen, now
        return sum(_dropped(table) for table in sorted(again))


def _is_known(table: Table) -> bool:
    return Part.objects.filter(path=str(table)).exists()


def _dropped(table: Table) -> bool:
    try:
        showing.drop(places.platform(), table)
    except EngineError as error:
        logger.warning("%s not dropped: %s", table, error.detail or error.message)
        return False
    return True


unused = Unused()
