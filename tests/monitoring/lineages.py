"""Lineages by chance with faults put into them: what is wrong at the root shows itself at some of what is below."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitoring_app import roots
from monitoring_app.roots import Kind, Sign

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
FAULTS = (Kind.UNREADABLE, Kind.LATE, Kind.BROKEN, Kind.SCHEMA, Kind.REVISED, Kind.CHECK)
SHOWS = {  # how a fault shows itself below
    Kind.UNREADABLE: (Kind.WAITS, Kind.LATE),
    Kind.LATE: (Kind.WAITS,),
    Kind.BROKEN: (Kind.WAITS, Kind.CHECK),
    Kind.SCHEMA: (Kind.BROKEN, Kind.CHECK),
    Kind.REVISED: (Kind.CHECK, Kind.BROKEN),
    Kind.CHECK: (Kind.CHECK,),
}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A lineage in which things are wrong: the signs, and for each the fault it comes from."""

    parents: dict[int, list[int]]
    signs: list[Sign]
    fault_of: dict[int, set[int]]


def lineage(chance, *, layers=4, wide=8):
    """Datasets in layers, each made from one to three of the layers before."""
    parents: dict[int, list[int]] = {}
    made = [list(range(1, wide + 1))]
    for _ in range(layers - 1):
        first = made[-1][-1] + 1
        layer = list(range(first, first + wide))
        near, all_before = made[-1], [node for one in made for node in one]
        for node in layer:
            picked = {chance.choice(near)} | {chance.choice(all_before) for _ in range(chance.randint(0, 2))}
            parents[node] = sorted(picked)
        made.append(layer)
    return parents


@dataclass
class Making:
    """A trouble while it is made."""

    chance: random.Random
    parents: dict[int, list[int]]
    signs: list[Sign] = field(default_factory=list)
    fault_of: dict[int, set[int]] = field(default_factory=dict)

    def below(self, node):
        return sorted(one for one in self.parents if one != node and node in roots.above(one, self.parents))

    def put(self, node, kind, at, **about):
        """One sign; what is no change has an alert of its own."""
        number = None if kind in roots.CHANGES else len(self.signs) + 1
        self.signs.append(Sign(node=node, kind=kind, at=at, alert=number, key=f"change/{node}", **about))
        return number

    def fault(self, node, shown):
        """A fault, and what it does to each dataset below that is looked at."""
        kind, period = self.chance.choice(FAULTS), self.chance.choice(["2026-03-01", ""])
        began = START + timedelta(minutes=self.chance.randint(0, 30))
        number = self.put(node, kind, began, period=period)
        if number is not None:
            self.fault_of[number] = {node}
        for one in self.below(node):
            if self.chance.random() < shown:
                at = began + timedelta(minutes=self.chance.randint(1 if kind in roots.CHANGES else -5, 25))
                self.fault_of[self.put(one, self.chance.choice(SHOWS[kind]), at, period=period)] = {node}

    def decoys(self):
        """What is wrong or was changed elsewhere and led to nothing: another day's, an old one, a harmless change."""
        everything = sorted(self.parents)
        for node in self.chance.sample(everything, 3):
            self.put(node, Kind.BROKEN, START - timedelta(hours=5), period="2026-02-27")
        self.put(self.chance.choice(everything), Kind.CHECK, START - timedelta(days=3))
        if self.chance.random() < 0.2:
            self.put(self.chance.choice(everything), Kind.REVISED, START - timedelta(minutes=20))


def trouble(seed, *, faults=2, shown=0.6):
    """A lineage with decoys, and with faults of which none is below another one or reaches what it reaches."""
    chance = random.Random(seed)
    making = Making(chance, lineage(chance))
    taken, placed = set(), []
    everything = sorted(set(making.parents) | {one for many in making.parents.values() for one in many})
    for node in chance.sample(everything, len(everything)):
        reach = {node, *making.below(node)}
        if len(placed) == faults or reach & taken or len(reach) < 3:
            continue
        taken |= reach
        placed.append(node)
        making.fault(node, shown)
    making.decoys()
    return Trouble(parents=making.parents, signs=making.signs, fault_of=making.fault_of)


@dataclass(frozen=True, kw_only=True)
class Score:
    """How many alerts were traced to the right place, of how many; and how many stand for how many faults."""

    right: int
    alerts: int
    standing: int
    faults: int

    @property
    def accuracy(self):
        return self.right / self.alerts

    @property
    def per_fault(self):
        return self.standing / self.faults

    def __str__(self):
        return f"top-1 {self.accuracy:.3f} of {self.alerts:,} alerts, {self.per_fault:.2f} alerts for each fault"


def score(seeds, **how):
    """Trace every alert of every trouble."""
    right = alerts = standing = faults = 0
    for seed in seeds:
        one = trouble(seed, **how)
        found = {own.alert: roots.root(own, one.signs, one.parents) for own in one.signs if own.alert in one.fault_of}
        right += sum(traced.node in one.fault_of[alert] for alert, traced in found.items())
        alerts += len(found)
        standing += len({(traced.node, traced.key) for traced in found.values()})
        faults += len({node for alert in found for node in one.fault_of[alert]})
    return Score(right=right, alerts=alerts, standing=standing, faults=faults)
