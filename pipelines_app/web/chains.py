"""Cause and effect in the event log: up to what began it, down to what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines_app.models import Dataset, Event, User
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
    hidden = hidden_names(user)
    return [link(cause, hidden) for cause in reversed(climb(event))]


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
    hidden = hidden_names(user)
    found: list[Link] = []
    generation = [event.pk]
    for depth in range(1, DEPTH + 1):
        effects = list(Event.objects.filter(cause__in=generation).order_by("id")[: MOST_EFFECTS - len(found)])
        found += [link(effect, hidden, depth) for effect in effects]
        generation = [effect.pk for effect in effects]
        if not generation or len(found) >= MOST_EFFECTS:
            break
    return _as_tree(found, event.pk)


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


def hidden_names(user: User) -> frozenset[str]:
    """The datasets of which this person may know nothing."""
    return frozenset(Dataset.objects.hidden_from(user).values_list("name", flat=True))


def link(event: Event, hidden: frozenset[str], depth: int = 0) -> Link:
    """An event as a link of a chain."""
    return Link(event, None if event.dataset in hidden else sentences.of(event.kind, event.body), depth)
