"""Which of many faults another one comes from: up the lineage, to the most upstream one that can be its cause. Pure.

A sign is something that is wrong, or was changed, at one place of the lineage. Places are numbers; what is above which
is a mapping. Of the signs that can be a cause, those win that have no other above them; among these the likeliest kind
of cause, then the one that was there first.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

Parents = Mapping[int, Collection[int]]

CHANGED = timedelta(hours=1)  # a change this long before a fault may be its cause
HEARD = timedelta(hours=24)  # a fault that was not heard of for this long is none for what has another period, or none
LATER = timedelta(minutes=15)  # a cause may be noticed this long after what it did


class Kind(IntEnum):
    """What a sign is, the likeliest cause first."""

    UNREADABLE = 0
    SCHEMA = 1
    LATE = 2
    BROKEN = 3
    REVISED = 4
    WAITS = 5
    CHECK = 6


_STOPS = frozenset({Kind.UNREADABLE, Kind.LATE, Kind.BROKEN, Kind.WAITS})
CAUSES: Mapping[Kind, frozenset[Kind]] = {
    Kind.UNREADABLE: frozenset(),
    Kind.SCHEMA: frozenset(Kind),
    Kind.LATE: frozenset({Kind.UNREADABLE, Kind.LATE, Kind.BROKEN}),
    Kind.WAITS: _STOPS,
    Kind.REVISED: frozenset(Kind),
    Kind.BROKEN: frozenset(Kind) - {Kind.WAITS},
    Kind.CHECK: frozenset(Kind) - {Kind.WAITS},
}
CHANGES = frozenset({Kind.SCHEMA, Kind.REVISED})


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One thing that is wrong at a place since a moment (and was heard of last), or that was changed there.

    `alert` is the open alert that tells of it, none for a change; `key` tells one change from every other.
    """

    node: int
    kind: Kind
    at: datetime
    last: datetime | None = None
    period: str = ""
    run: int | None = None
    alert: int | None = None
    key: str = ""
    words: str = ""


def root(own: Sign, signs: Iterable[Sign], parents: Parents) -> Sign:
    """The sign that this one comes from: itself where nothing above it can be its cause."""
    over = above(own.node, parents)
    able = [sign for sign in signs if _may_cause(sign, own, over)]
    if not able:
        return own
    reach = {node: above(node, parents) for node in {sign.node for sign in able}}
    top = [one for one in able if not any(_is_over(other.node, one.node, reach) for other in able)]
    first = min(top, key=_rank)
    is_level = own.node in reach[first.node] and first.kind not in CHANGES
    return own if is_level and _rank(own) < _rank(first) else first


def above(node: int, parents: Parents) -> dict[int, int]:
    """Every place above one, and itself, with how far away it is at least."""
    found, edge, depth = {node: 0}, [node], 0
    while edge:
        depth += 1
        edge = [one for one in {far for near in edge for far in parents.get(near, ())} if one not in found]
        found |= dict.fromkeys(edge, depth)
    return found


def related(one: str, other: str) -> bool:
    """Whether two periods share time: the same, one within the other, or one of them is the whole dataset."""
    return one.startswith(other) or other.startswith(one)


def tree(top: int, nodes: Collection[int], parents: Parents) -> list[tuple[int, int]]:
    """The places as an indented list below the top one, each under the nearest of the others that is above it."""
    over = {node: above(node, parents) for node in nodes if node != top}
    under: dict[int, list[int]] = {}
    for node, reach in over.items():
        near = [one for one in reach if one != node and one in over and node not in over[one]]
        under.setdefault(min(near, key=lambda one: (reach[one], one), default=top), []).append(node)
    found: list[tuple[int, int]] = []
    waiting = [(top, 0)]
    while waiting:
        node, depth = waiting.pop()
        found.append((node, depth))
        waiting += [(below, depth + 1) for below in sorted(under.get(node, ()), reverse=True)]
    return found


def _may_cause(sign: Sign, own: Sign, over: Mapping[int, int]) -> bool:
    if sign.node not in over or sign.kind not in CAUSES[own.kind] or not related(sign.period, own.period):
        return False
    if sign.kind in CHANGES:
        return own.at - CHANGED <= sign.at <= own.at
    if sign.node == own.node and not _is_one_thing(sign, own):
        return False
    is_recent = bool(sign.period and sign.period == own.period) or own.at - HEARD <= (sign.last or sign.at)
    return is_recent and sign.at <= own.at + LATER


def _is_one_thing(sign: Sign, own: Sign) -> bool:
    """Whether two faults of one dataset are one: a run showed both, or the dataset is not even reached."""
    return sign.kind is Kind.UNREADABLE or (sign.run is not None and sign.run == own.run)


def _is_over(far: int, near: int, reach: Mapping[int, Mapping[int, int]]) -> bool:
    """Whether a place is above another, and not below it, too: in a circle nothing is above."""
    return far in reach[near] and near not in reach[far]


def _rank(sign: Sign) -> tuple[int, datetime, int, int]:
    return (sign.kind, sign.at, sign.alert or 0, sign.node)
