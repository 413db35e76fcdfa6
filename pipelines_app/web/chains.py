"""Cause and effect in the event log: up to what began it, down to what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines_app.models import Event, User
from pipelines_app.web import sentences
from pipelines_app.web.sentences import Said

CLIMB = 8  # causes fetched by one query
CLIMBS = 6
DEPTH = 6
MOST_EFFECTS = 200
UP = "__".join(["cause"] * CLIMB)


@dataclass(frozen=True)
class Link:
    """One event of a chain; `said` is empty where the person may not see what it is about."""

    event: Event
    said: Said | None
    depth: int = 0


def upward(event: Event, user: User) -> list[Link]:
    """What led to an event, from what began it to the event itself."""
    chain = climb(event)
    shown = seen(chain, user)
    return [link(cause, shown) for cause in reversed(chain)]


def climb(event: Event) -> list[Event]:
    """The event and its causes, up to what began it."""
    chain = [event]
    for _ in range(CLIMBS):
        chain += _fetched(chain[-1])
        if chain[-1].cause_id is None:
            break
        chain.append(Event.objects.select_related(UP).get(pk=chain[-1].cause_id))
    return chain


def _fetched(event: Event) -> list[Event]:
    """The causes that came with an event, nearest first."""
    found = []
    while "cause" in event._state.fields_cache and event.cause is not None:
        event = event.cause
        found.append(event)
    return found


def downward(event: Event, user: User) -> list[Link]:
    """What came of an event, in the order in which it happened, some generations deep."""
    found: list[tuple[Event, int]] = []
    generation = [event.pk]
    for depth in range(1, DEPTH + 1):
        effects = list(Event.objects.filter(cause__in=generation).order_by("id")[: MOST_EFFECTS - len(found)])
        found += [(effect, depth) for effect in effects]
        generation = [effect.pk for effect in effects]
        if not generation or len(found) >= MOST_EFFECTS:
            break
    shown = seen([effect for effect, _ in found], user)
    return _as_tree([link(effect, shown, depth) for effect, depth in found], event.pk)


def _as_tree(links: Iterable[Link], root: int) -> list[Link]:
    children: dict[int, list[Link]] = {}
    for each in links:
        children.setdefault(each.event.cause_id or 0, []).append(each)
    ordered: list[Link] = []
    waiting = list(reversed(children.get(root, [])))
    while waiting:
        each = waiting.pop()
        ordered.append(each)
        waiting += reversed(children.get(each.event.pk, []))
    return ordered


def seen(events: Iterable[Event], user: User) -> frozenset[int]:
    """The ids of those events of a chain that this person may see; costs one query."""
    ids = [event.pk for event in events]
    return frozenset(Event.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))


def link(event: Event, shown: frozenset[int], depth: int = 0) -> Link:
    """An event as a link of a chain."""
    return Link(event, sentences.of(event.kind, event.body) if event.pk in shown else None, depth)
